import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseTopic } from '../../src/cli/docs/topic-text.ts';
import { topics } from '../../src/cli/docs/topics.ts';
import { charge } from '../../src/domain/leased.ts';
import { NOTHING_LEASED } from '../../src/domain/leases.ts';
import { listEvents } from '../../src/store/events.ts';
import { readLeases, writeLeases } from '../../src/store/relays/leases.ts';
import { readRelay } from '../../src/store/relays/relays.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runCommand } from '../support/run-command.ts';
import { rowsOf, seedSendWithRows } from '../support/seed.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

const run = (...args: (string | number)[]) => runCommand(args.map(String), { url: test.url });

const FREE =
  'HELD_UNTIL = NULL, HOLD_KIND = NULL, HOLD_REASON = NULL, HELD_SINCE = NULL, TRIES = 0, PROBE_BY = NULL';
beforeEach(async () => {
  await test.database.run(`UPDATE CAMPAIGN_RELAYS SET ${FREE}`, []);
});

const hold = (kind: string, reason: string, seconds: number) =>
  test.database.run(
    `UPDATE CAMPAIGN_RELAYS SET HOLD_ID = HOLD_ID + 1, HOLD_KIND = ?, HOLD_REASON = ?, TRIES = 2,
            HELD_SINCE = UTC_TIMESTAMP(3), HELD_UNTIL = UTC_TIMESTAMP(3) + INTERVAL ? SECOND
      WHERE NAME = 'default'`,
    [kind, reason, seconds],
  );
const aScheduler = () =>
  test.database.run(
    `INSERT INTO CAMPAIGN_WORKERS (WORKER, HOST, PID, STARTED_AT, SEEN_AT)
     VALUES ('w', 'h', 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))
     ON DUPLICATE KEY UPDATE SEEN_AT = UTC_TIMESTAMP(3)`,
    [],
  );
const aSend = () => seedSendWithRows(test.database, rowsOf({ sent: 1, pending: 3 }));
const jsonOf = async (...args: (string | number)[]) => {
  const { code, stdout, stderr } = await run(...args, '--json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};

describe('relay', () => {
  it('shows that nothing holds it', async () => {
    expect(await jsonOf('relay', 'default')).toEqual({
      name: 'default',
      rates: [],
      connections: null,
      heldUntil: null,
      holdKind: null,
      holdReason: null,
      heldSince: null,
      probes: null,
      lastAcceptedAt: null,
    });
    const { code, stdout } = await run('relay');
    expect(code).toBe(0);
    expect(stdout).toContain('name: default\n');
    expect(stdout).toContain('held: \n');
  });

  it('shows until when it is held, since when, and in whose words', async () => {
    await hold('quota', '452 4.5.3 daily quota exceeded', 2400);
    const shown = await jsonOf('relay', 'default');
    expect(shown).toMatchObject({
      holdKind: 'quota',
      holdReason: '452 4.5.3 daily quota exceeded',
      probes: 2,
    });
    const ahead = (Date.parse(shown.heldUntil) - Date.now()) / 1000;
    expect(ahead).toBeGreaterThan(2000);
    expect((await run('relay', 'default')).stdout).toMatch(
      /held: the relay's limit is reached: 452 4\.5\.3 daily quota exceeded; tried again at \d\d:\d\d UTC \(in 40 min\)\n/,
    );
  });

  it('without a name shows all, each on a line of JSON', async () => {
    await test.database.run("INSERT INTO CAMPAIGN_RELAYS (NAME) VALUES ('second')", []);
    const { stdout } = await run('relay', '--json');
    await test.database.run("DELETE FROM CAMPAIGN_RELAYS WHERE NAME = 'second'", []);
    const names = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).name);
    expect(names).toEqual(['default', 'second']);
  });

  it.each([[[]], [['--hold', '2h']], [['--release']]])(
    'that is named nowhere exits 3, and changes nothing: %j',
    async (options) => {
      const { code, stderr } = await run('relay', 'nowhere', ...options, '--json');
      expect(code).toBe(3);
      expect(JSON.parse(stderr)).toMatchObject({
        code: 'NO_SUCH_RELAY',
        message: 'there is no relay "nowhere"',
      });
    },
  );

  it('escapes what a server or an operator said, for a terminal', async () => {
    await hold('quota', '452 \u001b[31mred\u0007', 60);
    const { stdout } = await run('relay', 'default');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});

describe('relay --hold', () => {
  it('holds it for so long, says who and why, and tells the sends under way', async () => {
    const id = await aSend();
    const held = await jsonOf('relay', 'default', '--hold', '2h', '--reason', 'the provider asked');
    expect(held).toMatchObject({ holdKind: 'operator', holdReason: 'the provider asked' });
    const relay = await readRelay(test.database, 'default');
    expect((relay?.hold?.until.getTime() ?? 0) - (relay?.now.getTime() ?? 0)).toBeCloseTo(
      7_200_000,
      -5,
    );
    const events = await listEvents(test.database, id, 0, 10);
    expect(events).toMatchObject([
      {
        event: 'held',
        reason: 'the provider asked',
        actor: expect.stringMatching(/.@./),
        details: { relay: 'default', kind: 'operator', seconds: 7200 },
      },
    ]);
    const [shown] = await jsonOf('events', id);
    expect(Date.parse(shown.details.until) - Date.parse(shown.at)).toBe(7_200_000);
    expect((await run('events', id)).stdout).toContain(`"until":"${shown.details.until}"`);
  });

  it('without a reason names who it was', async () => {
    const { holdReason } = await jsonOf('relay', '--hold', '15m');
    expect(holdReason).toMatch(/^held by .+@.+/);
  });

  it('wins over what the relay said', async () => {
    await hold('rate', 'slow down', 5);
    expect(await jsonOf('relay', 'default', '--hold', '1d')).toMatchObject({
      holdKind: 'operator',
    });
  });

  it.each([
    ['90s', 90],
    ['15m', 900],
    ['15min', 900],
    ['2h', 7200],
    ['1d', 86_400],
    ['1h30m', 5400],
    ['366d', 366 * 86_400],
  ])('takes %s', async (text, seconds) => {
    const id = await aSend();
    await jsonOf('relay', 'default', '--hold', text);
    expect((await listEvents(test.database, id, 0, 10)).at(-1)?.details).toMatchObject({ seconds });
  });

  it.each(['', '0s', '0', '5', '-1h', '2 fortnights', '1.5h', '367d', '1e9s', 'h', '2h x', '1w'])(
    'refuses %j with exit 2, and changes nothing',
    async (text) => {
      const { code, stderr } = await run('relay', 'default', '--hold', text);
      expect(code).toBe(2);
      expect(stderr).toContain('90s, 15m, 2h or 1d');
      expect((await readRelay(test.database, 'default'))?.hold).toBeNull();
    },
  );

  it.each([
    [['--hold', '2h', '--release'], 'cannot be used with'],
    [['--reason', 'why'], '--reason goes with --hold'],
    [['--hold', '2h', '--reason', 'two\nlines'], 'without control characters'],
    [['--hold', '2h', '--reason', ''], 'not empty'],
  ])('refuses %j with exit 2', async (options, words) => {
    const { code, stderr } = await run('relay', 'default', ...options);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
    expect((await readRelay(test.database, 'default'))?.hold).toBeNull();
  });
});

describe('relay --release', () => {
  it.each(['quota', 'operator'])(
    'ends a hold (%s), and tells the sends under way',
    async (kind) => {
      const id = await aSend();
      await hold(kind, 'words', 3600);
      expect(await jsonOf('relay', 'default', '--release')).toMatchObject({
        heldUntil: null,
        holdKind: null,
      });
      expect(await listEvents(test.database, id, 0, 10)).toMatchObject([{ event: 'hold-ended' }]);
      expect((await run('events', id)).stdout).toMatch(/\thold-ended\t.+@.+\treleased by .+@/);
    },
  );

  it('where nothing is held exits 4 and says so', async () => {
    const { code, stdout, stderr } = await run('relay', 'default', '--release', '--json');
    expect([code, stdout]).toEqual([4, '']);
    expect(JSON.parse(stderr)).toMatchObject({
      code: 'WRONG_STATE',
      message: 'relay default is not held, so there is nothing to release',
    });
  });

  it('of an operator’s hold that has ended by its time exits 4, too', async () => {
    await hold('operator', 'over', -10);
    expect((await run('relay', 'default', '--release')).code).toBe(4);
  });
});

describe('a send whose relay is held', () => {
  it.each([
    ['quota', 'quota', null],
    ['rate', 'rate', null],
    ['operator', 'quota', expect.any(Number)],
  ])(
    'waits for it (%s), says until when and why, and when it ends',
    async (kind, waitsFor, eta) => {
      const id = await aSend();
      await aScheduler();
      await hold(kind, '454 \u0007Daily quota', 2400);
      const progress = await jsonOf('progress', id);
      expect(progress).toMatchObject({
        status: 'running',
        waiting: {
          for: waitsFor,
          until: (await jsonOf('relay', 'default')).heldUntil,
          text: expect.stringMatching(/Daily quota.*(in 40 min)|\(in 40 min\).*Daily quota/),
        },
        etaSeconds: eta,
      });
      if (eta !== null) expect(progress.etaSeconds).toBeGreaterThan(2300);
      const listed = (await run('list', '--limit', 5)).stdout.split('\n');
      expect(listed.find((line) => line.startsWith(`${id}\t`))).toMatch(/Daily quota/);
      expect(listed.join('')).not.toContain('\u0007');
    },
  );

  it('is told of where no scheduler runs, too', async () => {
    const id = await aSend();
    await test.database.run('DELETE FROM CAMPAIGN_WORKERS', []);
    await hold('quota', 'words', 2400);
    expect((await jsonOf('progress', id)).waiting).toMatchObject({
      for: 'scheduler',
      text: expect.stringContaining("; the relay's limit is reached: words; tried again at"),
    });
  });

  it('says that it is tried now when its time has come', async () => {
    const id = await aSend();
    await aScheduler();
    await hold('quota', 'words', -1);
    expect((await jsonOf('progress', id)).waiting.text).toBe(
      "the relay's limit is reached: words; tried again now",
    );
  });

  it('says when one message is being tried, and when the next is', async () => {
    const id = await aSend();
    await aScheduler();
    await hold('quota', 'words', 60);
    await test.database.run("UPDATE CAMPAIGN_RELAYS SET PROBE_BY = 'w'", []);
    expect((await jsonOf('progress', id)).waiting.text).toMatch(
      /^the relay's limit is reached: words; tried now, or again at \d\d:\d\d UTC \(in \d+ s\)$/,
    );
  });

  it('for longer than a day is told of with the day', async () => {
    const id = await aSend();
    await aScheduler();
    await hold('operator', 'holidays', 3 * 86_400);
    expect((await jsonOf('progress', id)).waiting.text).toMatch(
      /^the relay is held until \d{4}-\d\d-\d\d \d\d:\d\d UTC \(in 3 days\): holidays$/,
    );
  });

  it('of which only somebody is left who is due later, waits for that', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ sent: 1 }));
    await aScheduler();
    await hold('quota', 'words', 60);
    await test.database.run(
      `UPDATE CAMPAIGN_SENDS SET TOTAL_COUNT = TOTAL_COUNT + 1, CURSOR_SEQ = LAST_SEQ WHERE ID = ?`,
      [id],
    );
    await test.database.run(
      `UPDATE CAMPAIGN_SEND_RESULTS SET STATUS = 'pending', SENT_AT = NULL, NEXT_ATTEMPT_AT = UTC_TIMESTAMP(3) + INTERVAL 600 SECOND WHERE SEND_ID = ?`,
      [id],
    );
    expect((await jsonOf('progress', id)).waiting).toMatchObject({ for: 'retry' });
  });

  it('and is paused, or has ended, says that instead', async () => {
    await hold('quota', 'words', 600);
    await aScheduler();
    const paused = await seedSendWithRows(test.database, [], { status: 'paused', reason: 'mine' });
    expect((await jsonOf('progress', paused)).waiting).toMatchObject({ for: 'paused' });
    const ended = await seedSendWithRows(test.database, [], { status: 'completed' });
    expect((await jsonOf('progress', ended)).waiting).toBeNull();
  });

  it('has it above its recipients on a terminal alone', async () => {
    const id = await aSend();
    await aScheduler();
    await hold('quota', 'words', 600);
    const { stderr } = await runCommand(['recipients', String(id)], {
      url: test.url,
      terminal: true,
    });
    expect(stderr).toContain("the relay's limit is reached: words");
    expect((await run('recipients', id)).stderr).toBe('');
  });
});

describe('relay --rate and --connections', () => {
  beforeEach(async () => {
    await test.database.run('UPDATE CAMPAIGN_RELAYS SET RATES = NULL, CONNECTIONS = NULL');
    await test.database.run('DELETE FROM CAMPAIGN_RELAY_STATES');
    await test.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled'");
  });

  it('set what is given, tell it, and note it with each send under way', async () => {
    const id = await aSend();
    const set = await jsonOf('relay', 'default', '--rate', '10000/day, 14/S', '--connections', 3);
    expect(set).toMatchObject({
      rates: [
        { limit: '14/s', perSeconds: 1, used: 0, left: 14 },
        { limit: '10000/day', perSeconds: 86400, used: 0, left: 10000 },
      ],
      connections: 3,
    });
    expect(await jsonOf('relay', '--connections', 'none')).toMatchObject({ connections: null });
    const events = await listEvents(test.database, id, 0, 10);
    expect(events).toMatchObject([
      {
        event: 'relay-limits',
        details: {
          relay: 'default',
          from: { rates: null, connections: null },
          to: { rates: '14/s,10000/day', connections: 3 },
        },
      },
      { event: 'relay-limits', details: { to: { rates: '14/s,10000/day', connections: null } } },
    ]);
    const { stdout } = await run('relay');
    expect(stdout).toContain('rates: 14/s (0 used, 14 left), 10000/day (0 used, 10,000 left)\n');
    expect(await jsonOf('relay', 'default', '--rate', 'none')).toMatchObject({ rates: [] });
  });

  it.each([
    ['--rate=0/s'],
    ['--rate=14/fortnight'],
    ['--rate=1e9/s'],
    ['--rate=-1/s'],
    ['--rate='],
    ['--rate=14/s,20/s'],
    ['--connections=0'],
    ['--connections=1.5'],
    ['--connections=all'],
    ['--rate=5/s', '--connections=0'],
  ])('refuse %s %s, and change nothing', async (...given) => {
    const { code, stderr } = await run('relay', 'default', ...given, '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ code: 'USAGE' });
    expect(await readRelay(test.database, 'default')).toMatchObject({
      rates: null,
      connections: null,
    });
  });

  it('with --release of nothing held change nothing', async () => {
    expect((await run('relay', 'default', '--rate', '5/s', '--release')).code).toBe(4);
    expect((await readRelay(test.database, 'default'))?.rates).toBeNull();
    await hold('quota', 'words', 60);
    expect(await jsonOf('relay', 'default', '--rate', '5/s', '--release')).toMatchObject({
      rates: [{ limit: '5/s' }],
      heldUntil: null,
    });
  });

  it('of a relay named nowhere exit 3', async () => {
    const { code, stderr } = await run('relay', 'nowhere', '--rate', '5/s', '--json');
    expect([code, JSON.parse(stderr).code]).toEqual([3, 'NO_SUCH_RELAY']);
  });

  it('a rate that is used up is what a send waits for, until then, and its end is counted with it', async () => {
    await aScheduler();
    const id = await seedSendWithRows(test.database, rowsOf({ sent: 1, pending: 1200 }));
    await run('relay', 'default', '--rate', '14/s,500/h');
    const { databaseMs } = await readLeases(test.database, 'default');
    const limits = [
      { count: 14, perSeconds: 1 },
      { count: 500, perSeconds: 3600 },
    ];
    const used = { until: databaseMs, starts: 500 };
    const leased = charge([], limits, used, databaseMs);
    await writeLeases(test.database, 'default', null, {
      ...NOTHING_LEASED,
      at: databaseMs,
      leased,
    });
    const progress = await jsonOf('progress', id);
    expect(progress.waiting).toMatchObject({
      for: 'rate',
      text: expect.stringMatching(
        /^the relay's rate of 500\/h is used up until .* \(in 6\d min\)$/,
      ),
    });
    expect(Date.parse(progress.waiting.until)).toBeGreaterThan(databaseMs + 3_600_000);
    expect(Date.parse(progress.waiting.until)).toBeLessThan(databaseMs + 3_700_000);
    expect(progress.etaSeconds / 3600).toBeCloseTo(3, 1);
    expect((await jsonOf('relay', 'default')).rates[1]).toMatchObject({ used: 500, left: 0 });
  });

  it('two sends that share a rate end later than one alone', async () => {
    await aScheduler();
    await run('relay', 'default', '--rate', '10/s');
    const id = await seedSendWithRows(test.database, rowsOf({ pending: 600 }));
    const alone = (await jsonOf('progress', id)).etaSeconds;
    await seedSendWithRows(test.database, rowsOf({ pending: 2000 }));
    expect(alone).toBeGreaterThanOrEqual(60);
    expect((await jsonOf('progress', id)).etaSeconds).toBeGreaterThanOrEqual(2 * alone - 1);
  });
});

describe('relay --rate given more than once', () => {
  const ratesOf = async () => (await readRelay(test.database, 'default'))?.rates;

  it('keeps every one of them', async () => {
    await jsonOf('relay', 'default', '--rate', '10000/day', '--rate', '14/s,500/h');
    expect(await ratesOf()).toBe('14/s,500/h,10000/day');
    await jsonOf('relay', 'default', '--rate', 'none');
    expect(await ratesOf()).toBeNull();
  });

  it.each([
    [['14/s', '20/s'], 'one limit per s, not two'],
    [['none', '20/s'], 'or none'],
    [['14/s', '0/h'], 'at least 1'],
  ])('refuses %j with exit 2, and changes nothing', async (given, words) => {
    await jsonOf('relay', 'default', '--rate', '7/s');
    const { code, stderr } = await run(
      'relay',
      'default',
      '--connections',
      3,
      ...given.flatMap((rate) => ['--rate', rate]),
    );
    expect(code).toBe(2);
    expect(stderr).toContain(words);
    const relay = await readRelay(test.database, 'default');
    expect([relay?.rates, relay?.connections]).toEqual(['7/s', null]);
    await jsonOf('relay', 'default', '--rate', 'none');
  });
});

describe('the recipes by provider', () => {
  const loadTopic = async (name: string): Promise<string> =>
    (await topics.find((topic) => topic.name === name)?.load()) ?? '';
  const lines = async () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const topic = parseTopic(await loadTopic('relays')).flatMap((block) =>
      block.kind === 'literal' ? block.lines : [],
    );
    return [
      ...[...readme.matchAll(/`(campaign relay [^`]+)`/g)].map(([, line = '']) => line),
      ...topic.map((line) => line.replace(/\s+#.*$/, '')),
    ];
  };
  const wordsOf = (line: string): string[] =>
    [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
      ([, single, double, bare]) => single ?? double ?? bare ?? '',
    );

  it('can be typed as they stand, in README and in `help relays`', async () => {
    const typed = [...new Set(await lines())];
    expect(typed.length).toBeGreaterThan(10);
    for (const line of typed) {
      const [campaign, ...args] = wordsOf(line);
      expect(campaign).toBe('campaign');
      const { code, stderr } = await run(...args);
      expect([line, code, stderr]).toEqual([line, 0, '']);
      const [, rate] = / --rate '([^']+)'/.exec(line) ?? [];
      const [, connections] = / --connections (\d+)/.exec(line) ?? [];
      const relay = await readRelay(test.database, 'default');
      if (rate) expect(relay?.rates).toBe(rate);
      if (connections) expect(relay?.connections).toBe(Number(connections));
    }
    await run('relay', 'default', '--rate', 'none', '--connections', 'none');
  });

  it('name every provider, and what cPanel does with what is beyond its limit', async () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const providers = ['Amazon SES', 'Microsoft 365', 'Gmail', 'Mailgun', 'SendGrid', 'Postmark'];
    for (const text of [readme, await loadTopic('relays')]) {
      for (const name of [...providers, 'cPanel', 'Postfix']) {
        expect(text.toLowerCase()).toContain(name.toLowerCase());
      }
      expect(text).toMatch(/discards?\b|thrown away/);
    }
  });
});
