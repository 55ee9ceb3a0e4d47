import { describe, expect, test } from 'vitest';
import { FOOTER, lint, placesOf, TEXT } from '../../support/linted.ts';

const rulesOf = (given: Parameters<typeof lint>[0]) => lint(given).map(({ rule }) => rule);

describe('a way to unsubscribe', () => {
  const html = `${TEXT}<p>Bye</p>`;

  test('is missed once: as a header, and with it in the text', () => {
    const none = lint({ html, listUnsubscribe: null });
    expect(none).toMatchObject([
      {
        rule: 'no-unsubscribe',
        severity: 'warning',
        where: 'the header List-Unsubscribe',
        message: expect.stringContaining('and no link in the text'),
      },
    ]);
    const linked = lint({ html: html + FOOTER, listUnsubscribe: null });
    expect(linked).toMatchObject([{ rule: 'no-unsubscribe' }]);
    expect(linked[0]?.message).not.toContain('in the text');
  });

  test('is no more than information where a file goes with each row', () => {
    expect(lint({ html, listUnsubscribe: null, rowFile: 'bill-7.pdf' })).toMatchObject([
      { rule: 'no-unsubscribe', severity: 'info' },
    ]);
  });

  test('in the header alone is told of, and not where readers see one, in whatever words', () => {
    expect(placesOf(lint({ html }))).toEqual(['no-unsubscribe-link at news.html']);
    expect(rulesOf({ text: 'Dear reader, bye' })).toEqual(['no-unsubscribe-link']);
    for (const words of [
      'Abmelden',
      'newsletter abbestellen',
      'Se désinscrire',
      'darse de baja',
      'Disiscriviti',
      'Wypisz się',
      'отписаться',
      '退订',
      'manage preferences',
    ]) {
      expect(rulesOf({ html: `${TEXT}<a href="https://x.example/?a=1">${words}</a>` })).toEqual([]);
    }
    expect(
      rulesOf({ html: `${TEXT}<a href="https://x.example/unsubscribe?u=1">here</a>` }),
    ).toEqual([]);
    const link = '<a href="{{ unsubscribe_url }}">leave</a>';
    const ways = { listUnsubscribe: null, unsubscribeUrl: 'https://news.example.org/u' };
    expect(rulesOf({ html: TEXT + link, ...ways })).toEqual([]);
  });

  test('that is hidden from readers is none', () => {
    const hidden = `<div style="display:none"><a href="https://x.example/unsubscribe">Unsubscribe</a></div>`;
    expect(rulesOf({ html: TEXT + hidden })).toEqual(['no-unsubscribe-link']);
    expect(rulesOf({ html: `${TEXT}<!-- unsubscribe -->` })).toEqual(['no-unsubscribe-link']);
  });

  test('by mail alone, or by http to this machine, offers no click', () => {
    expect(rulesOf({ listUnsubscribe: 'mailto:leave@example.org' })).toEqual(['no-one-click']);
    expect(rulesOf({ listUnsubscribe: null, unsubscribeMailto: 'leave@example.org' })).toEqual([
      'no-one-click',
    ]);
    expect(rulesOf({ listUnsubscribe: null, unsubscribeUrl: 'http://localhost:8026' })).toEqual([
      'no-one-click',
    ]);
    expect(rulesOf({ listUnsubscribe: 'HTTPS://example.org/u' })).toEqual([]);
    const both = {
      unsubscribeUrl: 'https://example.org/u',
      unsubscribeMailto: 'leave@example.org',
    };
    expect(rulesOf({ listUnsubscribe: null, ...both })).toEqual([]);
  });
});

describe('free-mail-from', () => {
  test.each([
    ['me@gmail.com', 'smtp.sendgrid.net'],
    ['Me <me@yahoo.co.uk>', 'localhost'],
    ['me@web.de', 'smtp.example.org'],
    ['me@outlook.com', 'email-smtp.eu-central-1.amazonaws.com'],
    ['me@GMX.de', 'smtp.gmail.com'],
    ['me@gmail.com', undefined],
  ])('is found for %s by %s', (from, relay) => {
    expect(lint({ from, ...(relay ? { relay } : { relay: undefined as never }) })).toMatchObject([
      { rule: 'free-mail-from', severity: 'error', where: 'the header From' },
    ]);
  });

  test.each([
    ['me@gmail.com', 'smtp.gmail.com'],
    ['me@googlemail.com', 'smtp.gmail.com'],
    ['me@yahoo.co.uk', 'smtp.mail.yahoo.com'],
    ['me@hotmail.com', 'smtp.office365.com'],
    ['me@gmx.de', 'mail.gmx.net'],
    ['me@web.de', 'smtp.web.de'],
    ['me@icloud.com', 'smtp.mail.me.com'],
    ['me@gmail.example.org', 'smtp.example.org'],
    ['me@notgmail.com', 'smtp.example.org'],
  ])('is not found for %s by %s', (from, relay) => {
    expect(lint({ from, relay })).toEqual([]);
  });
});

describe('no-reply', () => {
  test.each([
    'noreply@example.org',
    'no-reply@example.org',
    'No_Reply@example.org',
    'donotreply@example.org',
    'do-not-reply+7@example.org',
    'nicht-antworten@example.org',
    'ne-pas-repondre@example.org',
    'noreply-news@example.org',
  ])('as From is found without a Reply-To, and as Reply-To: %s', (address) => {
    expect(placesOf(lint({ from: `News <${address}>` }))).toEqual(['no-reply at the header From']);
    expect(placesOf(lint({ replyTo: address }))).toEqual(['no-reply at the header Reply-To']);
    expect(lint({ from: address, replyTo: 'hello@example.org' })).toEqual([]);
  });

  test.each([
    'reply@example.org',
    'nora@example.org',
    'norepl@example.org',
    'info@noreply.example.org',
    'antworten@example.org',
  ])('is not found: %s', (from) => {
    expect(lint({ from })).toEqual([]);
  });
});

describe('a subject', () => {
  test('is measured with its values, in characters that people see', () => {
    const subject = 'Hello {{ name }}';
    const long = lint({ subject, rows: [{ name: 'Ada' }, { name: 'x'.repeat(65) }] });
    expect(long).toMatchObject([
      {
        rule: 'long-subject',
        severity: 'info',
        where: 'the header Subject, row 2',
        message: expect.stringContaining('has 71 characters'),
      },
    ]);
    expect(lint({ subject, rows: [{ name: 'x'.repeat(64) }] })).toEqual([]);
    expect(lint({ subject: '👩‍👩‍👧‍👦'.repeat(70) })).toEqual([]);
    expect(lint({ subject: 'ä'.repeat(70) })).toEqual([]);
  });

  test('that is empty for a row is told of with the row', () => {
    const found = lint({ subject: '{{ name }}', rows: [{ name: 'Ada' }, { name: ' ' }] });
    expect(found).toMatchObject([
      { rule: 'empty-subject', severity: 'error', where: 'the header Subject, row 2' },
    ]);
  });

  test('in capitals alone is told of, and a name in capitals is not', () => {
    expect(
      placesOf(
        lint({ subject: 'BUY IT NOW, {{ name }}!!!', rows: [{ name: 'ADA' }, { name: 'Ada' }] }),
      ),
    ).toEqual(['subject-in-capitals at the header Subject, row 1']);
    expect(rulesOf({ subject: 'GROSSE FREUDE ÜBERALL' })).toEqual(['subject-in-capitals']);
    for (const subject of [
      'IKEA',
      'NASA & ESA',
      'Die NEUEN Termine',
      '春のセール 2026',
      '24.12.2026 18:00',
    ]) {
      expect(rulesOf({ subject })).toEqual([]);
    }
  });
});
