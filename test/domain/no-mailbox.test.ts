import { describe, expect, test } from 'vitest';
import { suppressionOf } from '../../src/domain/no-mailbox.ts';

const of = (code: number, enhanced: string | null, text: string) =>
  suppressionOf('a@x.example', { code, enhanced, text });

describe('a refusal', () => {
  test.each([
    [550, '5.1.1', 'The email account that you tried to reach does not exist'],
    [550, '5.1.1', ''],
    [553, '5.1.2', 'We cannot deliver there'],
    [501, '5.1.3', 'Bad recipient address syntax'],
    [551, '5.1.6', 'Moved away'],
    [556, '5.1.10', 'Recipient address has null MX'],
    [550, '5.2.1', 'The email account that you tried to reach is disabled'],
    [550, null, 'User unknown'],
    [550, null, 'Requested action not taken (#5.1.1)'],
    [550, null, '<a@x.example>: Empfänger unbekannt'],
    [550, '5.5.0', 'No such user here'],
  ])('%i %s %s suppresses', (code, enhanced, text) => {
    expect(of(code, enhanced, text)).toMatchObject({
      emailNorm: 'a@x.example',
      topic: '',
      source: 'smtp',
      reason: [code, enhanced, text].filter(Boolean).join(' '),
    });
  });

  test.each([
    [450, '4.1.1', 'User unknown for now'],
    [550, '5.1.7', 'Bad sender address syntax'],
    [550, '5.1.8', 'Sender unknown'],
    [550, '5.7.1', 'User unknown, or not allowed'],
    [550, '5.7.17', 'Mailbox owner has changed'],
    [552, '5.2.2', 'Mailbox full'],
    [552, '5.1.1', 'Mailbox full'],
    [550, '5.1.1', 'Blocked by spamhaus.org'],
    [554, '5.1.1', 'Too many invalid recipients'],
    [550, null, 'Mailbox unavailable'],
    [550, '5.1.0', 'Address rejected'],
    [554, null, 'Message rejected as spam'],
    [452, '4.2.2', 'Over quota'],
  ])('%i %s %s does not', (code, enhanced, text) => {
    expect(of(code, enhanced, text)).toBeNull();
  });
});
