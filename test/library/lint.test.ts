import { describe, expect, test } from 'vitest';
import { Campaign } from '../../src/index.ts';
import { schedulerScene } from '../support/scheduler-scene.ts';

const scene = schedulerScene();

const MESSAGE = {
  list: ['email,name\nada@example.org,Ada\n'],
  from: 'News <news@example.org>',
  subject: 'Hello {{ name }}',
  html: '<p>Dear {{ name }}</p>\n<a href="#">x</a> <a href="{{ unsubscribe_url }}">unsubscribe</a>',
  unsubscribeUrl: 'https://news.example.org/u',
};

const open = () => new Campaign({ databaseUrl: scene.db.url, actor: 'test@here' });

describe('campaign.lint', () => {
  test('looks at what queue would be given, with no database', async () => {
    const campaign = new Campaign({ databaseUrl: 'mysql://u@127.0.0.1:1/x', actor: 'test@here' });
    const { findings, rows, ignored } = await campaign.lint(MESSAGE);
    expect({ rows, ignored }).toEqual({ rows: 1, ignored: [] });
    expect(findings).toMatchObject([
      { rule: 'empty-link', severity: 'warning', where: 'html line 2' },
    ]);
    expect((await campaign.lint(MESSAGE, { ignore: ['empty-link'] })).findings).toEqual([]);
    await campaign.close();
  });

  test('looks at a send by its number, or by what has it', async () => {
    const campaign = open();
    const { id } = await campaign.queue(MESSAGE);
    for (const of of [id, { id }]) {
      expect((await campaign.lint(of)).findings).toMatchObject([
        { rule: 'empty-link', where: `the HTML of send ${id} line 2` },
      ]);
    }
    await expect(campaign.lint({ id: 999_999 })).rejects.toMatchObject({ code: 'NO_SUCH_SEND' });
    await campaign.close();
  });

  test('knows the relay that mails', async () => {
    const smtpUrl = 'smtp://smtp.gmail.com:587';
    const campaign = new Campaign({ databaseUrl: scene.db.url, smtpUrl, actor: 'test@here' });
    const html = '<p>Dear reader <a href="{{ unsubscribe_url }}">unsubscribe</a></p>';
    expect((await campaign.lint({ ...MESSAGE, html, from: 'me@gmail.com' })).findings).toEqual([]);
    await campaign.close();
  });

  test('refuses a rule that is none, and what is no option', async () => {
    const campaign = open();
    const ignore = ['empty-lnk'] as never;
    await expect(campaign.lint(MESSAGE, { ignore })).rejects.toMatchObject({
      code: 'BAD_SETTING',
      message: 'ignore: there is no rule "empty-lnk"; did you mean empty-link?',
    });
    for (const of of [null, undefined, 'x', {}, { id: 0 }, { id: 1, list: 'x' }]) {
      await expect(campaign.lint(of as never)).rejects.toMatchObject({ code: 'BAD_SETTING' });
    }
    await campaign.close();
  });
});
