import { once } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { FilledMessage } from '../../src/domain/message.ts';
import type { DeliveryResult, Verdict } from '../../src/domain/verdict.ts';
import type { Transmission, Transport } from '../../src/scheduler/ports.ts';
import { createTransport, type TransportOptions } from '../../src/smtp/transport.ts';
import type { SmtpSettings } from '../../src/smtp/url.ts';
import { dataOf, filled } from '../support/filled.ts';
import {
  deliver,
  type RawConnection,
  type RawScript,
  rawSmtpServer,
  type SmtpServerSettings,
  startSmtpServer,
  tlsFile,
} from '../support/smtp.ts';

const go = (): boolean => true;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A deadline that never passes in a test that is not about it. */
const TIMEOUTS = {
  connect: 5_000,
  greeting: 5_000,
  command: 5_000,
  data: 5_000,
  block: 5_000,
  dot: 5_000,
  behindDot: 5_000,
};

const connectTo = (settings: SmtpSettings, options: Partial<TransportOptions> = {}): Transport => {
  const { timeouts, ...rest } = options;
  const transport = createTransport(settings, {
    connections: 1,
    timeouts: { ...TIMEOUTS, ...timeouts },
    ...rest,
  });
  cleanups.push(() => transport.destroy());
  return transport;
};
const raw = async (script: RawScript, options?: Partial<TransportOptions>) => {
  const server = await rawSmtpServer(script);
  cleanups.push(() => server.close());
  return { server, transport: connectTo(server.settings, options) };
};
const real = async (settings: SmtpServerSettings = {}, options?: Partial<TransportOptions>) => {
  const server = await startSmtpServer(settings);
  cleanups.push(() => server.close());
  return { server, transport: connectTo(server.settings, options) };
};

const message = (to = 'ann@example.org', data = 'Subject: x\r\n\r\nhello\r\n'): FilledMessage =>
  filled({ from: 'news@example.com', to, utf8: false }, data);
const big = (bytes: number): FilledMessage =>
  message('ann@example.org', `Subject: big\r\n\r\n${`${'x'.repeat(74)}\r\n`.repeat(bytes / 76)}`);
const noPipelining = (c: { reply: (...lines: string[]) => void }): void =>
  c.reply('250-raw.test', '250 8BITMIME');

const replied = (stage: string, code: number, enhanced: string | null = null) => ({
  kind: 'reply',
  stage,
  reply: expect.objectContaining({ code, enhanced }),
});
const broken = (stage: string, error: RegExp = /./) => ({
  kind: 'broken',
  stage,
  error: expect.stringMatching(error),
});

/** Sends these over one connection, as far as it takes them. */
const carry = (
  transport: Transport,
  names: readonly string[],
  mayProceed: (name: string) => boolean = go,
): Promise<DeliveryResult[]> =>
  new Promise((resolve) => {
    const results: DeliveryResult[] = [];
    const waiting = names.map((name, i) => ({
      message: message(`${name}@example.org`),
      mayProceed: () => mayProceed(name),
      mayEnd: () => true,
      done: (_: Verdict, result: DeliveryResult) => {
        results[i] = result;
      },
    }));
    const [first, ...rest] = waiting as [Transmission, ...Transmission[]];
    void transport.carry(first, () => rest.shift() ?? null).then(() => resolve(results));
  });

const sent = replied('dot', 250, '2.0.0');

describe('a real server', () => {
  test('takes messages one after the other on one connection', async () => {
    const { server, transport } = await real();
    for (const name of ['ann', 'bob', 'cyd']) {
      const result = await deliver(transport, message(`${name}@example.org`), go);
      expect(result).toEqual({
        kind: 'reply',
        stage: 'dot',
        reply: { code: 250, enhanced: '2.0.0', text: expect.stringMatching(/^Ok: queued as T\d$/) },
      });
    }
    expect(server.connected).toBe(1);
    expect(server.messages.map(({ to }) => to[0])).toEqual([
      'ann@example.org',
      'bob@example.org',
      'cyd@example.org',
    ]);
    expect(server.messages[0]?.raw).toBe('Subject: x\r\n\r\nhello\r\n');
  });

  test.each([
    ['smtps', { secure: true }],
    ['STARTTLS', { tls: 'self-signed' as const }],
    ['AUTH', { auth: { user: 'joe', password: 's3cret pw' } }],
    [
      'STARTTLS and AUTH',
      { tls: 'self-signed' as const, auth: { user: 'joe', password: 's3cret' } },
    ],
    ['no PIPELINING', { server: { hidePIPELINING: true } }],
  ])('takes several messages on a connection with %s', async (_, settings) => {
    const { server, transport } = await real(settings);
    for (let count = 0; count < 3; count++) {
      expect(await deliver(transport, message(), go)).toEqual(replied('dot', 250, '2.0.0'));
    }
    expect(server.connected).toBe(1);
    expect(server.messages[2]?.session.secure).toBe('secure' in settings || 'tls' in settings);
    await transport.close();
    expect(transport.free).toBe(0);
  });

  test('takes 5 MB whole, over TLS too', async () => {
    for (const settings of [{}, { tls: 'self-signed' as const }]) {
      const { server, transport } = await real(settings);
      const sent = big(5_000_000);
      expect(await deliver(transport, sent, go)).toEqual(replied('dot', 250, '2.0.0'));
      expect(server.messages[0]?.raw.length).toBe(dataOf(sent).length);
    }
  });

  test('uses as many connections as it may and makes the rest wait', async () => {
    const { server, transport } = await real({}, { connections: 3 });
    expect(transport.free).toBe(3);
    const results = Array.from({ length: 20 }, (_, n) =>
      deliver(transport, message(`r${n}@example.org`), go),
    );
    expect(transport.free).toBe(0);
    await Promise.all(results);
    await vi.waitFor(() => expect(transport.free).toBe(3));
    expect(server.connected).toBe(3);
    expect(server.countsByRecipient().size).toBe(20);
  });

  test('is left before the number of messages it takes on one connection', async () => {
    const { server, transport } = await real({}, { messagesPerConnection: 2 });
    for (let count = 0; count < 5; count++) await deliver(transport, message(), go);
    expect(server.messages).toHaveLength(5);
    expect(server.connected).toBe(3);
  });

  test('gets QUIT on a connection that was idle for long', async () => {
    const { server, transport } = await real({}, { timeouts: { idle: 20 } });
    await deliver(transport, message(), go);
    await vi.waitFor(() => expect(server.open).toBe(0));
    expect(await deliver(transport, message(), go)).toEqual(replied('dot', 250, '2.0.0'));
    expect(server.connected).toBe(2);
  });

  test('gets SMTPUTF8 for an address that needs it', async () => {
    const { server, transport } = await real();
    const utf8 = { from: 'news@example.com', to: 'żółw@example.org', utf8: true };
    const result = await deliver(transport, filled(utf8, 'To: żółw@example.org\r\n\r\n'), go);
    expect(result).toEqual(replied('dot', 250, '2.0.0'));
    expect(server.messages[0]).toMatchObject({ to: ['żółw@example.org'] });
    expect(server.messages[0]?.raw).toContain('To: żółw@example.org');
  });

  test('is not bothered with an address it cannot take', async () => {
    const { server, transport } = await real({ server: { hideSMTPUTF8: true } });
    const utf8 = { from: 'news@example.com', to: 'żółw@example.org', utf8: true };
    expect(await deliver(transport, filled(utf8, '\r\n'), go)).toMatchObject({
      kind: 'unsendable',
      enhanced: '5.6.7',
    });
    expect(await deliver(transport, message(), go)).toEqual(replied('dot', 250, '2.0.0'));
    expect(server.connected).toBe(1);
  });

  test('is not bothered with a message over its SIZE', async () => {
    const { server, transport } = await real({ server: { size: 1000 } });
    expect(await deliver(transport, big(2000), go)).toMatchObject({
      kind: 'unsendable',
      enhanced: '5.3.4',
    });
    expect(server.messages).toHaveLength(0);
  });

  test('is sent no command by an address with a line break or angle bracket', async () => {
    const { server, transport } = await raw({});
    for (const to of ['a@b.c>\r\nRCPT TO:<x@y.z', 'a>@b.c']) {
      expect(await deliver(transport, message(to), go)).toMatchObject({ kind: 'unsendable' });
    }
    expect(server.lines.filter((line) => line.startsWith('MAIL'))).toEqual([]);
  });

  test('closes cleanly while messages are under way', async () => {
    const { server, transport } = await real({}, { connections: 2 });
    const results = Array.from({ length: 6 }, () => deliver(transport, message(), go));
    await vi.waitFor(() => expect(server.connected).toBe(2));
    await transport.close();
    const kinds = (await Promise.all(results)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'reply')).toHaveLength(server.messages.length);
    expect(kinds.filter((kind) => kind !== 'reply').every((kind) => kind === 'not-started')).toBe(
      true,
    );
    await vi.waitFor(() => expect(server.open).toBe(0));
    expect(await deliver(transport, message(), go)).toEqual({ kind: 'not-started' });
  });
});

describe('connecting', () => {
  test('to nobody is broken at connect', async () => {
    const { server, transport } = await raw({});
    await server.close();
    cleanups.splice(0);
    expect(await deliver(transport, message(), go)).toEqual(broken('connect', /ECONNREFUSED/));
    expect(transport.free).toBe(1);
  });

  test.each([
    ['554 5.7.1 go away', 554, '5.7.1'],
    ['421 too many connections', 421, null],
  ])('to a server that greets with %s is its reply', async (greeting, code, enhanced) => {
    const { transport } = await raw({ CONNECT: (c) => c.reply(greeting) });
    expect(await deliver(transport, message(), go)).toEqual(replied('connect', code, enhanced));
  });

  test('to a server that hangs up before its greeting is broken', async () => {
    const { transport } = await raw({ CONNECT: (c) => c.drop() });
    expect(await deliver(transport, message(), go)).toEqual(broken('connect'));
  });

  test('to a server that never greets ends at the deadline', async () => {
    const { transport } = await raw(
      { CONNECT: () => undefined },
      { timeouts: { connect: 20, greeting: 20 } },
    );
    expect(await deliver(transport, message(), go)).toEqual(broken('connect'));
  });

  test('keeps the deadlines that the URL sets', async () => {
    const { server } = await raw({
      MAIL: () => undefined,
      RCPT: () => undefined,
      DATA: () => undefined,
    });
    const transport = createTransport(
      { ...server.settings, options: { socketTimeout: 30 } },
      { connections: 1 },
    );
    cleanups.push(() => transport.destroy());
    expect(await deliver(transport, message(), go)).toEqual(broken('mail', /within 0.03 s/));
  });

  test('logs in by the method the URL names', async () => {
    const { server } = await real({ auth: { user: 'joe', password: 's3cret' } });
    const transport = connectTo({ ...server.settings, options: { authMethod: 'LOGIN' } });
    expect(await deliver(transport, message(), go)).toEqual(replied('dot', 250, '2.0.0'));
    const refused = connectTo({ ...server.settings, options: { authMethod: 'NONSENSE' } });
    expect(await deliver(refused, message(), go)).toEqual(broken('auth', /NONSENSE/));
  });

  test.each(['self-signed', 'expired'] as const)(
    'with a certificate that is %s says so',
    async (tls) => {
      const { server } = await real({ tls });
      const transport = connectTo({ ...server.settings, verifyCertificate: true });
      expect(await deliver(transport, message(), go)).toEqual({
        ...broken('connect', /certificate/),
        certificate: true,
      });
    },
  );

  test('trusts a certificate by the authorities that are given', async () => {
    const { server } = await real({ tls: 'self-signed' });
    const transport = connectTo({
      ...server.settings,
      verifyCertificate: true,
      startTls: 'required',
      ca: tlsFile('self-signed'),
    });
    expect(await deliver(transport, message(), go)).toEqual(replied('dot', 250, '2.0.0'));
  });

  test('with TLS required ends where the server has none', async () => {
    const { server } = await raw({});
    const transport = connectTo({ ...server.settings, startTls: 'required' });
    expect(await deliver(transport, message(), go)).toMatchObject({
      kind: 'broken',
      stage: 'connect',
      certificate: true,
      error: expect.stringContaining('no TLS, which is required'),
    });
    expect(server.lines.filter((line) => line.startsWith('MAIL'))).toEqual([]);
  });

  test('with a wrong password is a reply at auth that does not name it', async () => {
    const { server } = await real({ auth: { user: 'joe', password: 'right' } });
    const transport = connectTo({ ...server.settings, password: 'wrong-pw' });
    const result = await deliver(transport, message(), go);
    expect(result).toEqual(replied('auth', 535, '5.7.8'));
    expect(JSON.stringify(result)).not.toContain('wrong-pw');
  });

  test('never tells the password a server echoes', async () => {
    const { server } = await raw({ EHLO: (c) => c.reply('250-raw.test', '250 AUTH PLAIN') });
    const echo = await raw({
      EHLO: (c) => c.reply('250-raw.test', '250 AUTH PLAIN'),
      AUTH: (c: { reply: (line: string) => void }, line: string) =>
        c.reply(`535 bad: ${line} hunter2`),
    } as RawScript);
    const transport = connectTo({ ...echo.server.settings, user: 'joe', password: 'hunter2' });
    const result = JSON.stringify(await deliver(transport, message(), go));
    expect(result).not.toContain('hunter2');
    expect(result).not.toContain(Buffer.from('\0joe\0hunter2').toString('base64'));
    expect(server.connected).toBe(0);
  });

  test('to a server that takes one connection only goes on with that one', async () => {
    let open = 0;
    const { server, transport } = await raw(
      {
        CONNECT: (c) => {
          open += 1;
          c.socket.once('close', () => {
            open -= 1;
          });
          if (open > 1) {
            c.reply('421 4.7.0 too many connections');
            c.socket.end();
          } else {
            c.reply('220 raw.test');
          }
        },
      },
      { connections: 4 },
    );
    const first = await deliver(transport, message(), go);
    expect(first).toEqual(replied('dot', 250, '2.0.0'));
    const results = await Promise.all(
      Array.from({ length: 20 }, () => deliver(transport, message(), go)),
    );
    for (const result of results) expect(result).toEqual(replied('dot', 250, '2.0.0'));
    expect(server.bodies).toHaveLength(21);
  });
});

describe('a server that takes no connection at all', () => {
  test.each(['421 4.7.0 Too many connections from your IP', '554 5.7.1 Connection limit exceeded'])(
    'and says %s is asked once for each message',
    async (line) => {
      const { server, transport } = await raw(
        {
          CONNECT: (c) => {
            c.reply(line);
            c.socket.end();
          },
        },
        { connections: 50 },
      );
      const results = await Promise.all(
        Array.from({ length: 50 }, () => deliver(transport, message(), go)),
      );
      for (const result of results) {
        expect(result).toMatchObject({ kind: 'reply', stage: 'connect' });
      }
      expect(server.connected).toBe(50);
      expect(transport.free).toBe(50);
    },
  );
});

describe('a message refused for there being too many connections', () => {
  const TOO_MANY = '432 4.3.2 Concurrent connections limit exceeded';

  test.each(['MAIL', 'RCPT', 'DATA', 'DOT'] as const)(
    'at %s goes over another connection that is taken, and its own is closed',
    async (verb) => {
      const held: (() => void)[] = [];
      let refused = 0;
      const told: [number, string][] = [];
      const { server, transport } = await raw(
        {
          EHLO: noPipelining,
          [verb]: (c: { number: number; reply: (line: string) => void }) => {
            const accept = () => c.reply(verb === 'DATA' ? '354 go' : '250 2.0.0 ok');
            if (c.number === 1) {
              refused += 1;
              c.reply(TOO_MANY);
            } else if (refused === 0) held.push(accept);
            else accept();
          },
        },
        { connections: 2, onPlaces: (...change) => told.push(change) },
      );
      const results = Promise.all([
        deliver(transport, message(), go),
        deliver(transport, message('bob@example.org'), go),
      ]);
      await vi.waitFor(() => expect([refused, held.length]).toEqual([1, 1]));
      for (const accept of held) accept();
      for (const result of await results) expect(result).toMatchObject({ reply: { code: 250 } });
      expect(server.connected).toBe(2);
      expect(transport.free).toBe(1);
      await vi.waitFor(async () => {
        await deliver(transport, message(), go);
        expect(told).toEqual([[1, TOO_MANY]]);
      });
    },
  );

  test('and the one announced behind it is not started', async () => {
    let dots = 0;
    const { server, transport } = await raw({
      DOT: (c) => c.reply(++dots === 1 ? TOO_MANY : '250 2.0.0 ok'),
    });
    expect(await carry(transport, ['ann', 'bob'])).toEqual([
      replied('dot', 432, '4.3.2'),
      { kind: 'not-started' },
    ]);
    expect(server.bodies).toHaveLength(1);
  });

  test('is that reply where there is no other, at login too', async () => {
    const { transport } = await raw({ MAIL: (c) => c.reply(TOO_MANY) });
    expect(await deliver(transport, message(), go)).toEqual(replied('mail', 432, '4.3.2'));
    const login = await raw({
      EHLO: (c) => c.reply('250-raw.test', '250 AUTH PLAIN'),
      AUTH: (c: { reply: (line: string) => void }) =>
        c.reply('454 4.7.0 Too many connections from your IP'),
    } as RawScript);
    const other = connectTo({ ...login.server.settings, user: 'joe', password: 'x' });
    expect(await deliver(other, message(), go)).toEqual(replied('auth', 454, '4.7.0'));
  });
});

describe('a connection that has carried as much as the server takes over one', () => {
  const FULL = '451 4.4.5 Maximum number of messages per session exceeded.';
  /** Two messages over each connection: the commands of a third are refused at this one. */
  const twoEach = (verb: 'MAIL' | 'RCPT' | 'DATA' | 'DOT'): RawScript => {
    const begun = new Map<number, number>();
    return {
      MAIL: (c) => {
        const count = (begun.get(c.number) ?? 0) + 1;
        begun.set(c.number, count);
        c.reply(verb === 'MAIL' && count > 2 ? FULL : '250 2.1.0 ok');
      },
      ...(verb !== 'MAIL' && {
        [verb]: (c: RawConnection) => {
          if ((begun.get(c.number) ?? 0) > 2) c.reply(FULL);
          else c.reply(verb === 'DATA' ? '354 go' : '250 2.0.0 ok');
        },
      }),
    };
  };

  test.each([
    ['MAIL', undefined],
    ['RCPT', undefined],
    ['DATA', undefined],
    ['DOT', undefined],
    ['MAIL', noPipelining],
    ['RCPT', noPipelining],
    ['DATA', noPipelining],
    ['DOT', noPipelining],
  ] as const)('is left for another where it says so at %s', async (verb, EHLO) => {
    const { server, transport } = await raw({ ...(EHLO && { EHLO }), ...twoEach(verb) });
    for (const name of ['ann', 'bob', 'cyd', 'dan', 'eve']) {
      expect(await deliver(transport, message(`${name}@example.org`), go)).toMatchObject({
        stage: 'dot',
        reply: { code: 250 },
      });
    }
    expect(server.connected).toBe(3);
  });

  test('is left with the message that was announced behind its dot, which is not started', async () => {
    let dots = 0;
    const { server, transport } = await raw({
      DOT: (c) => c.reply(++dots === 2 ? FULL : '250 2.0.0 ok'),
    });
    const [ann, bob, cyd] = await carry(transport, ['ann', 'bob', 'cyd']);
    expect([ann, bob]).toEqual([replied('dot', 250, '2.0.0'), replied('dot', 250, '2.0.0')]);
    expect(cyd).toEqual({ kind: 'not-started' });
    expect(server.connected).toBe(2);
  });

  test('is that reply where a new one says so of its first message', async () => {
    const { server, transport } = await raw({ RCPT: (c) => c.reply(FULL) });
    expect(await deliver(transport, message(), go)).toEqual(replied('rcpt', 451, '4.4.5'));
    expect(server.connected).toBe(1);
  });
});

for (const [offer, EHLO] of [
  ['with PIPELINING', undefined],
  ['without PIPELINING', noPipelining],
] as const) {
  const script = (own: RawScript): RawScript => ({ ...(EHLO ? { EHLO } : {}), ...own });

  describe(`a stage ${offer}`, () => {
    test.each([
      ['MAIL', 'mail', '550 5.7.1 no', 550, '5.7.1'],
      ['RCPT', 'rcpt', '550 5.1.1 no such user', 550, '5.1.1'],
      ['RCPT', 'rcpt', '450 4.2.0 greylisted', 450, '4.2.0'],
      ['DATA', 'data', '554 no', 554, null],
      ['DOT', 'dot', '552 5.2.2 full', 552, '5.2.2'],
      ['DOT', 'dot', '451 4.3.0 later', 451, '4.3.0'],
      ['DOT', 'dot', '354 what', 354, null],
      ['DATA', 'data', '250 what', 250, null],
      ['MAIL', 'mail', '199 what', 199, null],
    ] as const)(
      'refused at %s (%s, %s) is that reply',
      async (verb, stage, line, code, enhanced) => {
        const { transport } = await raw(
          script({ [verb]: (c: { reply: (l: string) => void }) => c.reply(line) }),
        );
        expect(await deliver(transport, message(), go)).toEqual(replied(stage, code, enhanced));
      },
    );

    test.each([
      ['MAIL', 'mail'],
      ['RCPT', 'rcpt'],
      ['DATA', 'data'],
      ['DOT', 'dot'],
    ] as const)('broken at %s is %s', async (verb, stage) => {
      const { transport } = await raw(script({ [verb]: (c: { drop: () => void }) => c.drop() }));
      expect(await deliver(transport, message(), go)).toEqual(broken(stage));
    });

    test.each([
      ['mail', 'command', ['MAIL', 'RCPT', 'DATA']],
      ['rcpt', 'command', ['RCPT', 'DATA']],
      ['data', 'data', ['DATA']],
      ['dot', 'dot', ['DOT']],
    ] as const)('%s without an answer breaks at its deadline', async (stage, timeout, silent) => {
      const { transport } = await raw(
        script(Object.fromEntries(silent.map((verb) => [verb, () => undefined]))),
        { timeouts: { [timeout]: 30 } },
      );
      expect(await deliver(transport, message(), go)).toEqual(
        broken(stage, /no answer within 0.03 s/),
      );
    });

    test('refused at RCPT counts though the line breaks right after', async () => {
      const { transport } = await raw(
        script({
          RCPT: (c) => {
            c.write('550 5.1.1 no such user\r\n');
            c.socket.end();
          },
        }),
      );
      expect(await deliver(transport, message(), go)).toEqual(replied('rcpt', 550, '5.1.1'));
    });

    test('refused at MAIL or RCPT is reset before the next message', async () => {
      for (const verb of ['MAIL', 'RCPT'] as const) {
        let refusals = 1;
        const { server, transport } = await raw(
          script({
            [verb]: (c: { reply: (line: string) => void }) =>
              c.reply(refusals-- > 0 ? '550 no' : '250 ok'),
            DATA: (c) =>
              c.reply(
                server.lines.filter((l) => l.startsWith('RSET')).length > 0
                  ? '354 go'
                  : '503 no recipients',
              ),
          }),
        );
        expect(await deliver(transport, message('bad@example.org'), go)).toEqual(
          replied(verb.toLowerCase(), 550),
        );
        expect(await deliver(transport, message('good@example.org'), go)).toEqual(
          replied('dot', 250, '2.0.0'),
        );
        const verbs = server.lines.map((line) => line.slice(0, 4));
        expect(verbs.indexOf('RSET')).toBeGreaterThan(verbs.indexOf(verb));
        expect(verbs.indexOf('RSET')).toBeLessThan(verbs.lastIndexOf('MAIL'));
        expect(server.bodies).toHaveLength(1);
        expect(server.connected).toBe(1);
      }
    });

    test('is asked about right before MAIL and right before the body', async () => {
      const { server, transport } = await raw(script({}));
      expect(await deliver(transport, message(), () => false)).toEqual({ kind: 'not-started' });
      expect(server.lines.some((line) => line.startsWith('MAIL'))).toBe(false);
      const answers = [true, false];
      expect(await deliver(transport, message(), () => answers.shift() ?? true)).toEqual({
        kind: 'not-started',
      });
      expect(answers).toEqual([]);
      expect(server.lines.some((line) => line.startsWith('DATA'))).toBe(true);
      expect(await deliver(transport, message(), go)).toEqual(replied('dot', 250, '2.0.0'));
      expect(server.bodies).toEqual(['Subject: x\r\n\r\nhello']);
    });
  });
}

describe('a pipelined DATA that is let in after a refused RCPT', () => {
  test('gets a bare dot and no message', async () => {
    let refusals = 1;
    const { server, transport } = await raw({
      RCPT: (c) => c.reply(refusals-- > 0 ? '550 5.1.1 no such user' : '250 ok'),
    });
    expect(await deliver(transport, message('bad@example.org', 'secret\r\n'), go)).toEqual(
      replied('rcpt', 550, '5.1.1'),
    );
    expect(await deliver(transport, message(), go)).toEqual(replied('dot', 250, '2.0.0'));
    expect(server.bodies).toEqual(['', 'Subject: x\r\n\r\nhello']);
    expect(server.connected).toBe(1);
  });

  test('is cut off where MAIL was refused', async () => {
    let refusals = 1;
    const { server, transport } = await raw({
      MAIL: (c) => c.reply(refusals-- > 0 ? '550 no' : '250 ok'),
    });
    expect(await deliver(transport, message(), go)).toEqual(replied('mail', 550));
    expect(await deliver(transport, message(), go)).toEqual(replied('dot', 250, '2.0.0'));
    expect(server.bodies).toHaveLength(1);
    expect(server.connected).toBe(2);
  });
});

describe('a server that offers PIPELINING and drops commands', () => {
  test('gets them one by one from then on', async () => {
    let pending = 0;
    const givenUp: string[] = [];
    const { server, transport } = await raw(
      {
        RCPT: (c) => {
          if (c.number > 0) c.reply('250 ok');
        },
        DATA: (c) => {
          pending += 1;
          if (c.number > 0) c.reply('354 go');
        },
      },
      { timeouts: { command: 50 }, onGivenUp: (way) => givenUp.push(way) },
    );
    expect(await deliver(transport, message(), go)).toEqual(broken('rcpt'));
    expect(givenUp).toEqual(['pipelining']);
    expect(await deliver(transport, message(), go)).toEqual(replied('dot', 250, '2.0.0'));
    expect(givenUp).toHaveLength(1);
    expect(pending).toBe(2);
    expect(server.bodies).toHaveLength(1);
  });
});

describe('a body', () => {
  test('that the server stops with a reply never gets its dot', async () => {
    const { server, transport } = await raw({
      DATA: (c) => {
        c.write('354 go\r\n');
        setImmediate(() => c.write('552 5.3.4 too much\r\n'));
      },
    });
    // The server's reading keeps pace, so the reply comes while there is far more to write.
    expect(await deliver(transport, big(40_000_000), go)).toEqual(replied('body', 552, '5.3.4'));
    expect(server.bodies).toEqual([]);
  });

  test('that breaks in the middle of a large message is not unknown', async () => {
    const { server, transport } = await raw({
      DATA: (c) => {
        c.reply('354 go');
        c.socket.once('data', () => c.drop());
      },
    });
    expect(await deliver(transport, big(20_000_000), go)).toEqual(broken('body'));
    expect(server.bodies).toEqual([]);
  });

  test('that the server stops reading breaks at its deadline', async () => {
    const { transport } = await raw(
      {
        DATA: (c) => {
          c.reply('354 go');
          c.socket.pause();
        },
      },
      { timeouts: { block: 100 } },
    );
    expect(await deliver(transport, big(40_000_000), go)).toEqual(broken('body', /no answer/));
  });
});

describe('the answer to the dot', () => {
  test.each([
    [
      'whole',
      '250 2.0.0 Ok: queued as A1\r\n',
      { code: 250, enhanced: '2.0.0', text: 'Ok: queued as A1' },
    ],
    ['without its line end', '250 2.0.0 Ok: qu', { code: 250, enhanced: '2.0.0', text: 'Ok: qu' }],
    [
      'a refusal without its line end',
      '554 5.7.1 no',
      { code: 554, enhanced: '5.7.1', text: 'no' },
    ],
    [
      'of several lines',
      '250-2.0.0 first\r\n250 2.0.0 second\r\n',
      { code: 250, enhanced: '2.0.0', text: 'first second' },
    ],
    ['bare', '250\r\n', { code: 250, enhanced: null, text: '' }],
    [
      'in Latin-1',
      Buffer.from('250 f\xfcr dich\r\n', 'latin1'),
      { code: 250, enhanced: null, text: 'für dich' },
    ],
  ])('%s, then a close, counts', async (_, bytes, reply) => {
    const { transport } = await raw({
      DOT: (c) => c.socket.end(bytes),
    });
    expect(await deliver(transport, message(), go)).toEqual({ kind: 'reply', stage: 'dot', reply });
  });

  test.each([
    ['nothing', ''],
    ['half a code', '25'],
    ['the first of several lines', '250-2.0.0 first\r\n250'],
    ['no SMTP', 'OK then\r\n'],
  ])('being %s leaves it unknown', async (_, bytes) => {
    const { transport } = await raw({ DOT: (c) => c.socket.end(bytes) });
    expect(await deliver(transport, message(), go)).toEqual(broken('dot'));
  });

  test('coming byte by byte is read', async () => {
    const { transport } = await raw({
      DOT: (c) => {
        c.socket.setNoDelay(true);
        for (const byte of '250-one\r\n250 2.0.0 two\r\n') c.write(byte);
      },
    });
    expect(await deliver(transport, message(), go)).toEqual(replied('dot', 250, '2.0.0'));
  });

  test('that never ends is bounded', async () => {
    for (const flood of ['250 '.concat('x'.repeat(200_000)), '250-more\r\n'.repeat(20_000)]) {
      const { transport } = await raw({ DOT: (c) => c.write(flood) });
      expect(await deliver(transport, message(), go)).toEqual(broken('dot', /not an SMTP reply/));
    }
  });
});

describe('a connection that carried messages', () => {
  test.each([
    ['is closed while idle', (c: { drop(): void }) => c.drop()],
    [
      'ends with 421 while idle',
      (c: { socket: { end(line: string): void } }) => c.socket.end('421 4.4.2 idle too long\r\n'),
    ],
  ])('and %s is replaced quietly', async (_, end) => {
    let ended = 0;
    const { server, transport } = await raw({
      DOT: (c) => {
        c.reply('250 2.0.0 ok');
        if (c.number === 0) {
          setImmediate(() => {
            end(c as never);
            ended += 1;
          });
        }
      },
    });
    expect(await deliver(transport, message(), go)).toEqual(replied('dot', 250, '2.0.0'));
    await vi.waitFor(() => expect(ended).toBe(1));
    expect(await deliver(transport, message(), go)).toEqual(replied('dot', 250, '2.0.0'));
    expect(server.connected).toBe(2);
    expect(server.bodies).toHaveLength(2);
  });

  test.each(['MAIL', 'RCPT', 'DATA'] as const)(
    'and answers 421 or nothing to %s is replaced',
    async (verb) => {
      for (const end of ['421 4.3.2 closing\r\n', '']) {
        let messages = 0;
        const { server, transport } = await raw({
          [verb]: (c: {
            number: number;
            reply(line: string): void;
            socket: { end(text: string): void };
          }) => {
            if (c.number === 0 && messages > 0) return c.socket.end(end);
            c.reply(verb === 'DATA' ? '354 go' : '250 ok');
          },
          DOT: (c) => {
            messages += 1;
            c.reply('250 2.0.0 ok');
          },
        });
        await deliver(transport, message(), go);
        expect(await deliver(transport, message(), go)).toEqual(replied('dot', 250, '2.0.0'));
        expect(server.connected).toBe(2);
        expect(server.bodies).toHaveLength(2);
      }
    },
  );

  test('is replaced once only: the new one’s 421 counts', async () => {
    let messages = 0;
    const { server, transport } = await raw({
      MAIL: (c) => {
        if (messages > 0) c.socket.end('421 4.3.2 closing\r\n');
        else c.reply('250 ok');
      },
      DOT: (c) => {
        messages += 1;
        c.reply('250 2.0.0 ok');
      },
    });
    await deliver(transport, message(), go);
    expect(await deliver(transport, message(), go)).toEqual(replied('mail', 421, '4.3.2'));
    expect(server.connected).toBe(2);
  });

  test('and breaks after the dot is not replaced: that message may have been taken', async () => {
    const { server, transport } = await raw({
      DOT: (c) => (server.bodies.length > 1 ? c.drop() : c.reply('250 2.0.0 ok')),
    });
    await deliver(transport, message(), go);
    expect(await deliver(transport, message(), go)).toEqual(broken('dot'));
    expect(server.bodies).toHaveLength(2);
    expect(server.connected).toBe(1);
  });

  test('and sends what nobody asked for is not used again', async () => {
    const { server, transport } = await raw({
      DOT: (c) => c.write('250 2.0.0 ok\r\n250 2.0.0 ok again\r\n'),
    });
    for (let count = 0; count < 3; count++) {
      expect(await deliver(transport, message(), go)).toEqual(replied('dot', 250, '2.0.0'));
    }
    expect(server.connected).toBe(3);
    expect(server.bodies).toHaveLength(3);
  });
});

describe('the commands of the next message', () => {
  test('go out behind the dot, before it is answered', async () => {
    const held: (() => void)[] = [];
    let dots = 0;
    const later = (c: { reply: (line: string) => void }, line: string): void => {
      if (dots === 1) held.push(() => c.reply(line));
      else c.reply(line);
    };
    const { server, transport } = await raw({
      MAIL: (c) => later(c, '250 ok'),
      RCPT: (c) => later(c, '250 ok'),
      DATA: (c) => later(c, '354 go'),
      DOT: (c) => {
        dots += 1;
        if (dots === 1) held.push(() => c.reply('250 2.0.0 ok'));
        else c.reply('250 2.0.0 ok');
      },
    });
    const results = carry(transport, ['ann', 'bob']);
    await vi.waitFor(() => expect(held).toHaveLength(4));
    for (const reply of held) reply();
    expect(await results).toEqual([sent, sent]);
    expect(server.connected).toBe(1);
    expect(server.bodies).toHaveLength(2);
  });

  test('wait for the reply where there is no PIPELINING', async () => {
    const { server, transport } = await raw({ EHLO: noPipelining });
    expect(await carry(transport, ['ann', 'bob'])).toEqual([sent]);
    expect(server.bodies).toHaveLength(1);
  });

  test('are not sent where the connection has carried what it may', async () => {
    const { transport } = await raw({}, { messagesPerConnection: 2 });
    expect(await carry(transport, ['ann', 'bob', 'cyd'])).toEqual([sent, sent]);
  });

  test('are for nothing when the line breaks at the dot: that one is unknown, the next not started', async () => {
    const { server, transport } = await raw({ DOT: (c) => c.drop() });
    expect(await carry(transport, ['ann', 'bob'])).toEqual([
      broken('dot'),
      { kind: 'not-started' },
    ]);
    expect(server.connected).toBe(1);
  });

  test('are for nothing when the dot is answered with 421', async () => {
    const { transport } = await raw({ DOT: (c) => c.reply('421 4.3.2 closing') });
    expect(await carry(transport, ['ann', 'bob'])).toEqual([
      replied('dot', 421, '4.3.2'),
      { kind: 'not-started' },
    ]);
  });

  test.each([451, 552])('are good though the dot is answered with %s', async (code) => {
    let dots = 0;
    const { server, transport } = await raw({
      DOT: (c) => c.reply(dots++ === 0 ? `${code} no` : '250 2.0.0 ok'),
    });
    expect(await carry(transport, ['ann', 'bob'])).toEqual([replied('dot', code), sent]);
    expect(server.connected).toBe(1);
  });

  test('are said again on a new connection when the server closes after the reply to the dot', async () => {
    const { server, transport } = await raw({
      DOT: (c) => (c.number === 0 ? c.socket.end('250 2.0.0 ok\r\n') : c.reply('250 2.0.0 ok')),
    });
    expect(await carry(transport, ['ann', 'bob'])).toEqual([sent, sent]);
    expect(server.connected).toBe(2);
    expect(server.bodies).toHaveLength(2);
  });

  test('may be answered in one packet with the dot', async () => {
    let dots = 0;
    const { server, transport } = await raw({
      MAIL: (c) => (dots === 0 ? c.reply('250 ok') : undefined),
      RCPT: (c) => (dots === 0 ? c.reply('250 ok') : undefined),
      DATA: (c) => c.reply(dots === 0 ? '354 go' : '250 2.0.0 ok\r\n250 ok\r\n250 ok\r\n354 go'),
      DOT: (c) => {
        dots += 1;
        if (dots === 2) c.reply('250 2.0.0 ok');
      },
    });
    expect(await carry(transport, ['ann', 'bob'])).toEqual([sent, sent]);
    expect(server.connected).toBe(1);
  });

  test.each(['500 what?', '503 MAIL first', '354 go'])(
    'are said again, and never behind a dot any more, when the server answers them with %s',
    async (odd) => {
      let dots = 0;
      const givenUp: string[] = [];
      const { server, transport } = await raw(
        {
          MAIL: (c) => c.reply(c.number === 0 && dots > 0 ? odd : '250 2.1.0 ok'),
          DOT: (c) => {
            dots += 1;
            c.reply('250 2.0.0 ok');
          },
        },
        { onGivenUp: (way) => givenUp.push(way) },
      );
      expect(await carry(transport, ['ann', 'bob'])).toEqual([sent, sent]);
      expect(server.bodies).toHaveLength(2);
      expect(givenUp).toEqual(['behindDot']);
      expect(await carry(transport, ['cyd', 'dan'])).toEqual([sent]);
    },
  );

  test('whose reply comes in place of the one to the dot leave that message unknown, not sent', async () => {
    const givenUp: string[] = [];
    const { transport } = await raw(
      { DOT: () => undefined, MAIL: (c) => c.reply('250 2.1.0 ok') },
      { onGivenUp: (way) => givenUp.push(way) },
    );
    expect(await carry(transport, ['ann', 'bob'])).toEqual([
      broken('dot'),
      { kind: 'not-started' },
    ]);
    expect(givenUp).toEqual(['behindDot']);
  });

  /** Leaves without a reply what comes behind a dot, until as many connections as that have been left so. */
  const silentBehindDot = (connections: number): RawScript => {
    const dots = new Set<number>();
    const dotReplies: (() => void)[] = [];
    const unlessSilent =
      (line: string): NonNullable<RawScript['MAIL']> =>
      (c) => {
        if (!dots.has(c.number)) c.reply(line);
      };
    return {
      MAIL: unlessSilent('250 ok'),
      RCPT: unlessSilent('250 ok'),
      DATA: unlessSilent('354 go'),
      DOT: (c) => {
        const reply = (): void => c.reply('250 2.0.0 ok');
        if (dots.size === connections) return reply();
        dots.add(c.number);
        dotReplies.push(reply);
        if (dots.size === connections) for (const say of dotReplies) say();
      },
    };
  };

  test('are said again, and never behind a dot any more, when the server leaves them without a reply', async () => {
    const { server, transport } = await raw(silentBehindDot(1), { timeouts: { behindDot: 50 } });
    expect(await carry(transport, ['ann', 'bob', 'cyd'])).toEqual([sent, sent]);
    expect(server.connected).toBe(2);
    expect(server.bodies).toHaveLength(2);
  });

  test('left without a reply on two connections at once are told of once', async () => {
    const givenUp: string[] = [];
    const { server, transport } = await raw(silentBehindDot(2), {
      connections: 2,
      timeouts: { behindDot: 50 },
      onGivenUp: (way) => givenUp.push(way),
    });
    const both = [carry(transport, ['ann', 'bob']), carry(transport, ['cyd', 'dan'])];
    expect(await Promise.all(both)).toEqual([
      [sent, sent],
      [sent, sent],
    ]);
    expect(server.connected).toBe(4);
    expect(givenUp).toEqual(['behindDot']);
  });

  test('are cut off when their message may no longer start once the dot is answered', async () => {
    let asked = 0;
    const { server, transport } = await raw({});
    const mayBob = (name: string): boolean => name === 'ann' || asked++ === 0;
    expect(await carry(transport, ['ann', 'bob'], mayBob)).toEqual([sent, { kind: 'not-started' }]);
    expect(asked).toBe(2);
    expect(server.bodies).toHaveLength(1);
  });

  test('are left out when their message may not start at all', async () => {
    const { server, transport } = await raw({});
    expect(await carry(transport, ['ann', 'bob'], (name) => name === 'ann')).toEqual([
      sent,
      { kind: 'not-started' },
    ]);
    expect(server.lines.filter((line) => line.startsWith('MAIL'))).toHaveLength(1);
  });

  test('refused at RCPT are that message’s own result', async () => {
    let recipients = 0;
    const { server, transport } = await raw({
      RCPT: (c) => c.reply(recipients++ === 1 ? '550 5.1.1 no such user' : '250 ok'),
    });
    expect(await carry(transport, ['ann', 'bob'])).toEqual([sent, replied('rcpt', 550, '5.1.1')]);
    expect(await deliver(transport, message(), go)).toEqual(sent);
    expect(server.connected).toBe(1);
  });
});

describe('the average time from a message’s end to its reply', () => {
  test.each<[string, keyof RawScript, (c: RawConnection) => void, unknown]>([
    [
      'came to no end',
      'RCPT',
      (c) => c.reply('550 5.1.1 no such user'),
      replied('rcpt', 550, '5.1.1'),
    ],
    ['broke at its dot', 'DOT', (c) => c.drop(), broken('dot')],
    ['got the reply to the next one’s MAIL', 'DOT', (c) => c.reply('250 2.1.0 ok'), broken('dot')],
  ])('takes no notice of a message that %s', async (_, verb, step, result) => {
    let first = true;
    const { server, transport } = await raw({
      [verb]: (c: RawConnection) => (first ? c.reply('250 ok') : step(c)),
    });
    await deliver(transport, message(), go);
    first = false;
    const { acceptanceMs } = transport;
    expect(acceptanceMs).toBeGreaterThan(0);
    const [next] = await carry(transport, ['bob', 'cyd']);
    expect(next).toEqual(result);
    expect(server.connected).toBe(1);
    expect(transport.acceptanceMs).toBe(acceptanceMs);
  });
});

describe('destroy', () => {
  test('breaks what is under way, at its stage', async () => {
    for (const [verb, stage] of [
      ['RCPT', 'rcpt'],
      ['DOT', 'dot'],
    ] as const) {
      let reached = (): void => undefined;
      const there = new Promise<void>((resolve) => {
        reached = resolve;
      });
      const { transport } = await raw({ EHLO: noPipelining, [verb]: () => reached() });
      const result = deliver(transport, message(), go);
      await there;
      transport.destroy();
      expect(await result).toEqual(broken(stage));
    }
  });

  test('gives up a connection that is being made', async () => {
    const { server, transport } = await raw({ CONNECT: () => undefined });
    const result = deliver(transport, message(), go);
    await vi.waitFor(() => expect(server.connected).toBe(1));
    transport.destroy();
    expect(await result).toEqual(broken('connect', /given up/));
  });

  test('leaves no listener on a socket behind many messages', async () => {
    const sockets: NodeJS.EventEmitter[] = [];
    const { transport } = await raw({
      CONNECT: (c) => {
        sockets.push(c.socket);
        c.reply('220 hi');
      },
    });
    const warnings: Error[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on('warning', listen);
    cleanups.push(() => process.off('warning', listen));
    for (let count = 0; count < 50; count++) await deliver(transport, message(), go);
    const closed = once(sockets[0] as NodeJS.EventEmitter, 'close');
    await transport.close();
    await closed;
    expect(warnings).toEqual([]);
  });
});
