import { describe, expect, expectTypeOf, it } from 'vitest';
import type { z } from 'zod';
import type { errorJson } from '../../../src/contract/error.ts';
import type { eventJson } from '../../../src/contract/event.ts';
import type { forgottenJson } from '../../../src/contract/forgotten.ts';
import type { lintJson } from '../../../src/contract/lint.ts';
import { logDetails } from '../../../src/contract/log.ts';
import type { migrateJson } from '../../../src/contract/migrate.ts';
import type { previewJson } from '../../../src/contract/preview.ts';
import type { progressJson } from '../../../src/contract/progress.ts';
import type { queueJson } from '../../../src/contract/queue.ts';
import type { RecipientJson } from '../../../src/contract/recipients.ts';
import type { relayJson } from '../../../src/contract/relay.ts';
import type { sandboxJson } from '../../../src/contract/sandbox.ts';
import { errorJsonSchema, jsonSchemaOf } from '../../../src/contract/schema/json-schema.ts';
import type { logLineSchema } from '../../../src/contract/schema/log.ts';
import type {
  lintSchema,
  previewSchema,
  testSchema,
} from '../../../src/contract/schema/messages.ts';
import type { progressSchema } from '../../../src/contract/schema/progress.ts';
import type { queueSchema } from '../../../src/contract/schema/queue.ts';
import type { recipientSchema } from '../../../src/contract/schema/recipients.ts';
import type { relaySchema } from '../../../src/contract/schema/relay.ts';
import type { serveLineSchema } from '../../../src/contract/schema/serve-log.ts';
import type {
  errorSchema,
  eventSchema,
  migrateSchema,
  sandboxSchema,
  verdictSchema,
} from '../../../src/contract/schema/shapes.ts';
import type {
  forgetSchema,
  suppressionCheckSchema,
  suppressionSchema,
  suppressSchema,
} from '../../../src/contract/schema/suppressions.ts';
import { SHAPES } from '../../../src/contract/shapes.ts';
import type {
  SuppressionJson,
  suppressionCheckJson,
  suppressionResultJson,
} from '../../../src/contract/suppressions.ts';
import type { testedJson } from '../../../src/contract/test-mails.ts';
import type { verdictJson } from '../../../src/contract/verify.ts';
import type { SchedulerEvent } from '../../../src/domain/scheduler-events.ts';
import type { EventName } from '../../../src/domain/send-events.ts';
import type { ServeEvent } from '../../../src/domain/serve-events.ts';
import { compileSchema, expectShape, printer } from '../../support/contract.ts';

/** What JSON makes of an event. */
type LogLine<E> = E extends { kind: infer Kind }
  ? { [Key in Exclude<keyof E, 'kind'>]: E[Key] extends Date ? string : E[Key] } & {
      level: number;
      time: string;
      event: Kind;
      msg: string;
    }
  : never;
type Flat<T> = T extends unknown ? { [Key in keyof T]: T[Key] } : never;

describe('a schema', () => {
  it('says exactly what its function makes, as the type check finds', () => {
    expectTypeOf<z.infer<typeof progressSchema>>().toEqualTypeOf<ReturnType<typeof progressJson>>();
    expectTypeOf<z.infer<typeof recipientSchema>>().toEqualTypeOf<RecipientJson>();
    expectTypeOf<z.infer<typeof eventSchema>>().toEqualTypeOf<ReturnType<typeof eventJson>>();
    expectTypeOf<z.infer<typeof queueSchema>>().toEqualTypeOf<ReturnType<typeof queueJson>>();
    expectTypeOf<z.infer<typeof verdictSchema>>().toEqualTypeOf<ReturnType<typeof verdictJson>>();
    expectTypeOf<z.infer<typeof migrateSchema>>().toEqualTypeOf<ReturnType<typeof migrateJson>>();
    expectTypeOf<z.infer<typeof sandboxSchema>>().toEqualTypeOf<ReturnType<typeof sandboxJson>>();
    expectTypeOf<z.infer<typeof forgetSchema>>().toEqualTypeOf<ReturnType<typeof forgottenJson>>();
    expectTypeOf<z.infer<typeof suppressSchema>>().toEqualTypeOf<
      ReturnType<typeof suppressionResultJson>
    >();
    expectTypeOf<z.infer<typeof suppressionSchema>>().toEqualTypeOf<SuppressionJson>();
    expectTypeOf<z.infer<typeof suppressionCheckSchema>>().toEqualTypeOf<
      ReturnType<typeof suppressionCheckJson>
    >();
    expectTypeOf<z.infer<typeof relaySchema>>().toEqualTypeOf<ReturnType<typeof relayJson>>();
    expectTypeOf<z.infer<typeof previewSchema>>().toEqualTypeOf<ReturnType<typeof previewJson>>();
    expectTypeOf<z.infer<typeof testSchema>>().toEqualTypeOf<ReturnType<typeof testedJson>>();
    expectTypeOf<z.infer<typeof lintSchema>>().toEqualTypeOf<ReturnType<typeof lintJson>>();
    expectTypeOf<z.infer<typeof errorSchema>>().toEqualTypeOf<ReturnType<typeof errorJson>>();
    expectTypeOf<Flat<z.infer<typeof logLineSchema>>>().toEqualTypeOf<
      Flat<LogLine<SchedulerEvent>>
    >();
    expectTypeOf<Flat<z.infer<typeof serveLineSchema>>>().toEqualTypeOf<
      Flat<LogLine<ServeEvent>>
    >();
  });

  it.each([...SHAPES, 'error' as const])(
    'of %s is one by draft 2020-12 with every key described',
    (shape) => {
      const schema = shape === 'error' ? errorJsonSchema() : jsonSchemaOf(printer(shape));
      expect(schema).toMatchObject({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $id: `urn:campaign-sender:${shape}`,
        title: expect.any(String),
        description: expect.any(String),
      });
      compileSchema(schema);
      const keys = describedKeys(schema);
      expect(keys.length).toBeGreaterThan(0);
      expect(keys.filter(([, described]) => !described)).toEqual([]);
    },
  );

  it('bears keys that a later version adds, but for the tests', () => {
    const more = { applied: [], later: 1 };
    expect(compileSchema(jsonSchemaOf(printer('migrate')))(more)).toBe(true);
    expect(() => expectShape('migrate', more)).toThrow('additional properties');
    expect(() => expectShape('migrate', {})).toThrow('applied');
  });

  it('says of arrays and lines what they are', () => {
    expect(jsonSchemaOf(printer('list'))).toMatchObject({ type: 'array' });
    const plain = { name: 'pause', prints: 'progress' } as const;
    expect(jsonSchemaOf(plain)).toMatchObject({
      title: 'campaign pause --json',
      description: 'an object: how a send stands',
    });
    expect(jsonSchemaOf(printer('progress')).description).toBe(
      'an object: how a send stands; with --watch an object a line: how a send stands',
    );
    expect(jsonSchemaOf(printer('events')).description).toBe(
      'an array of objects: something that happened to a send; with --follow an object a line: something that happened to a send',
    );
    expect(jsonSchemaOf(printer('verify')).description).toContain('with --all an array');
  });

  it('names every event that the store writes', () => {
    const names: Record<EventName, true> = {
      queued: true,
      imported: true,
      claimed: true,
      reclaimed: true,
      released: true,
      paused: true,
      resumed: true,
      cancelled: true,
      controls: true,
      edited: true,
      resolved: true,
      retried: true,
      completed: true,
      held: true,
      'hold-ended': true,
      'relay-limits': true,
    };
    expect(JSON.stringify(jsonSchemaOf(printer('events')))).toContain(
      JSON.stringify(Object.keys(names)),
    );
  });
});

/** Names of all properties of a schema, at any depth, and whether they are described. */
function describedKeys(schema: unknown): [string, boolean][] {
  if (schema === null || typeof schema !== 'object') return [];
  return Object.entries(schema).flatMap(([key, value]) => {
    const inside = describedKeys(value);
    if (key !== 'properties') return inside;
    const own = Object.entries(value as Record<string, { description?: string }>);
    return [
      ...own.map(([name, { description }]) => [name, Boolean(description)] as [string, boolean]),
      ...inside,
    ];
  });
}

const at = new Date('2026-11-28T09:00:00.000Z');
const taken = { sent: 1, failed: 0, deferred: 0, returned: 2, unknown: 3 };

/** One event of each kind. */
const EVENTS: { [K in SchedulerEvent['kind']]: Extract<SchedulerEvent, { kind: K }> } = {
  started: { kind: 'started', worker: 'vm:1:a', connections: 8, pollSeconds: 5 },
  'dkim-keys': { kind: 'dkim-keys', keys: ['a._domainkey.example.org (rsa-sha256, 2048 bits)'] },
  'dkim-doubt': { kind: 'dkim-doubt', reason: 'is an RSA key of 1024 bits' },
  unsigned: { kind: 'unsigned', sendId: 1, domain: 'example.org', because: 'no-key' },
  unsignable: { kind: 'unsignable', sendId: 1, domain: 'example.org' },
  claimed: { kind: 'claimed', sendId: 1, batchSize: 100 },
  'session-opened': { kind: 'session-opened', sendId: 1, open: 1 },
  'batch-ended': {
    kind: 'batch-ended',
    sendId: 1,
    status: 'running',
    ...taken,
    limited: 4,
    skipped: 0,
    unknownInAll: 3,
    ms: 12.345,
  },
  message: { kind: 'message', sendId: 1, email: 'a@example.org', outcome: 'sent', text: 'Ok' },
  'paused-itself': { kind: 'paused-itself', sendId: 1, reason: 'refused' },
  'claim-lost': { kind: 'claim-lost', sendId: 1, settledLate: 2 },
  held: { kind: 'held', sendId: 1, by: 'vm:1:a', silentMs: 20_000.5, now: at, takenOverAt: at },
  reclaimed: { kind: 'reclaimed', sendId: 1, from: null, unknown: 2 },
  'taken-over': { kind: 'taken-over', sendId: 1, from: 'vm:1:a', recorded: true, ...taken },
  'settled-late': { kind: 'settled-late', sendId: 1, from: 'vm:1:a', settled: 2 },
  'no-recorder': { kind: 'no-recorder', reason: 'read-only' },
  'no-life-sign': { kind: 'no-life-sign', reason: 'read-only' },
  'relay-held': {
    kind: 'relay-held',
    relay: 'default',
    hold: 'quota',
    reason: '452 daily quota exceeded',
    until: at,
    waitMs: 60_000.5,
  },
  'relay-free': { kind: 'relay-free', relay: 'default', heldMs: 61_000 },
  'first-tries-deferred': {
    kind: 'first-tries-deferred',
    rows: 10,
    reason: '451 not now',
    waitMs: 60_000,
  },
  greylisting: { kind: 'greylisting', reason: '451 not now' },
  'reads-may-lag': { kind: 'reads-may-lag', reason: 'no' },
  'files-not-removed': { kind: 'files-not-removed', reason: 'no' },
  'not-suppressed': { kind: 'not-suppressed', sendId: 1, reason: 'no' },
  'server-trouble': { kind: 'server-trouble', reason: '421', waitMs: 1000.5 },
  'commands-ahead-given-up': { kind: 'commands-ahead-given-up', way: 'pipelining' },
  'connections-learnt': { kind: 'connections-learnt', connections: 4, reason: '' },
  'clock-jumped': { kind: 'clock-jumped', ms: -3_600_000 },
  'rate-reached': { kind: 'rate-reached', limit: '500/h', waitMs: 120_000 },
  'database-away': { kind: 'database-away', reason: 'gone', waitMs: 1000 },
  'database-back': { kind: 'database-back', afterMs: 1000.25 },
  fault: { kind: 'fault', sendId: 1, reason: 'x' },
  stopping: { kind: 'stopping', onTheWire: 1, drainSeconds: 30, staleSeconds: 300 },
  'drain-limit': { kind: 'drain-limit', onTheWire: 1 },
  stopped: { kind: 'stopped' },
};

it.each(Object.values(EVENTS))('a line of the log has its shape: $kind', (event) => {
  const line = { level: 30, time: at, ...logDetails(event), msg: 'words' };
  expectShape('log', JSON.parse(JSON.stringify(line)));
});

/** One event of each kind. */
const SERVED: { [K in ServeEvent['kind']]: Extract<ServeEvent, { kind: K }> } = {
  listening: { kind: 'listening', address: 'http://127.0.0.1:8026', loopback: true },
  unsubscribed: { kind: 'unsubscribed', sendId: 1, token: '11-1ab…', way: 'one-click' },
  'unsubscribed-already': { kind: 'unsubscribed-already', sendId: 1, token: '1ab…', way: 'page' },
  'nothing-to-take-back': { kind: 'nothing-to-take-back', sendId: 1, token: '1ab…', stands: true },
  'test-token': { kind: 'test-token', sendId: 1, token: '1ab…' },
  fault: { kind: 'fault', reason: 'no' },
  'taken-back': { kind: 'taken-back', sendId: 1, token: '11-1ab…', stands: false },
  'foreign-token': { kind: 'foreign-token', token: '11-1ab…', way: 'look' },
  refused: { kind: 'refused', status: 413, reason: 'too large' },
  'database-away': { kind: 'database-away', reason: 'gone' },
  'database-back': { kind: 'database-back', afterMs: 1000.25 },
  stopping: { kind: 'stopping', open: 1, drainSeconds: 10 },
  stopped: { kind: 'stopped', unsubscribed: 1, takenBack: 0, foreign: 2 },
};

it.each(Object.values(SERVED))('a line of the log of serve has its shape: $kind', (event) => {
  const line = { level: 30, time: at, ...logDetails(event), msg: 'words' };
  expectShape('serve-log', JSON.parse(JSON.stringify(line)));
});
