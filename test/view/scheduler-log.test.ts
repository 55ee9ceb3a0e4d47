import { PassThrough } from 'node:stream';
import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { logDetails } from '../../src/contract/log.ts';
import type { SchedulerEvent } from '../../src/domain/scheduler-events.ts';
import { createLogger } from '../../src/view/log.ts';
import { logSchedulerEvents } from '../../src/view/scheduler-log.ts';

const trouble: SchedulerEvent = {
  kind: 'server-trouble',
  reason: 'no connection',
  waitMs: 1234.5678,
};
const message: SchedulerEvent = {
  kind: 'message',
  sendId: 1,
  email: 'a@example.org',
  outcome: 'sent',
  text: 'ok',
};

/** What is written when these events happen. */
async function logged(
  create: (stream: PassThrough) => pino.Logger,
  ...events: SchedulerEvent[]
): Promise<string> {
  const stream = new PassThrough();
  const log = logSchedulerEvents(create(stream), logDetails);
  for (const event of events) log(event);
  stream.end();
  return (await stream.toArray()).join('');
}

const asText = (stream: PassThrough): pino.Logger =>
  createLogger(stream as unknown as NodeJS.WriteStream, 'text', 'info', false);

describe('the log of a scheduler', () => {
  test('says how many connections a server takes', async () => {
    const learnt = (connections: number, reason: string): SchedulerEvent => ({
      kind: 'connections-learnt',
      connections,
      reason,
    });
    const text = await logged(
      asText,
      learnt(3, '432 4.3.2 limit\u001b[1m exceeded'),
      learnt(1, 'x'),
      learnt(8, ''),
    );
    expect(text).toContain(
      'SMTP server takes 3 connections at a time: going on with 3 (432 4.3.2 limit',
    );
    expect(text).not.toContain('\u001b');
    expect(text).toContain('SMTP server takes 1 connection at a time: going on with 1 (x)');
    expect(text).toContain('SMTP server takes 8 connections at a time again');
  });

  test('says each event in a line of words', async () => {
    expect(await logged(asText, trouble)).toMatch(
      /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] WARN: SMTP server: no connection; backing off 1\.2 s\n$/,
    );
  });

  test('has the details as JSON, in whole numbers', async () => {
    const text = await logged((stream) => pino(stream), trouble);
    expect(JSON.parse(text)).toMatchObject({
      event: 'server-trouble',
      reason: 'no connection',
      waitMs: 1235,
    });
  });

  test('has a line a message only at debug level', async () => {
    expect(await logged(asText, message)).toBe('');
    const debug = await logged((stream) => pino({ level: 'debug' }, stream), message);
    expect(JSON.parse(debug)).toMatchObject({ event: 'message', email: 'a@example.org' });
  });

  test.each(['pipelining', 'behindDot'] as const)(
    'tells that commands are sent ahead no more: %s',
    async (way) => {
      const text = await logged(asText, { kind: 'commands-ahead-given-up', way });
      expect(text).toMatch(/^\[.*\] WARN: SMTP server: .* waits for the reply to the last\n$/);
    },
  );
});
