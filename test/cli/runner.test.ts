import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type CommandDeclaration, defineCommand } from '../../src/cli/command.ts';
import type { Outside } from '../../src/cli/context.ts';
import { anyText, flag, mustBe, sendId, text, wholeNumber } from '../../src/cli/readers.ts';
import { Ending, Live } from '../../src/cli/results.ts';
import { type Given, runCommand } from '../../src/cli/runner.ts';
import type { SendEvent } from '../../src/domain/send-events.ts';
import type { Verification } from '../../src/domain/verification.ts';

const about = { name: 'try', summary: 'tries', errors: [], examples: [] } as const;

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command off a terminal; what it does not use of the world outside is not there. */
async function run(declaration: CommandDeclaration, given: Partial<Given> = {}): Promise<Ended> {
  const text = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof text) =>
    new PassThrough().on('data', (chunk) => {
      text[name] += chunk;
    }) as unknown as NodeJS.WriteStream;
  const outside = {
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    color: false,
    dumb: false,
  } as unknown as Outside;
  const code = await runCommand(declaration, { arguments: [], options: {}, ...given }, outside);
  return { code, ...text };
}

const json = { options: { json: true } };

async function* each<T>(...values: T[]): AsyncGenerator<T> {
  yield* values;
}

const event = (id: number): SendEvent => ({
  id,
  at: new Date(0),
  event: 'paused',
  actor: 'ann@host',
  reason: null,
  details: null,
});
const eventText = (id: number): string =>
  `{"id":${id},"at":"1970-01-01T00:00:00.000Z","event":"paused","actor":"ann@host","reason":null,"details":null}`;

describe('what a command returns', () => {
  const migrated = defineCommand({
    ...about,
    prints: 'migrate',
    run: async (_, { notice, warn }) => {
      notice('for people');
      warn('for all');
      return { applied: ['a.sql'] };
    },
  });

  it('is printed as lines, and with --json as JSON without a word for people', async () => {
    expect(await run(migrated)).toEqual({
      code: 0,
      stdout: 'applied a.sql\n',
      stderr: 'for people\nfor all\n',
    });
    expect(await run(migrated, json)).toEqual({
      code: 0,
      stdout: '{"applied":["a.sql"]}\n',
      stderr: 'for all\n',
    });
  });

  it('is an array as JSON when it is a stream, and a document a line when it is live', async () => {
    const stream = defineCommand({
      ...about,
      prints: 'events',
      run: async () => each(event(1), event(2)),
    });
    expect((await run(stream, json)).stdout).toBe(`[${eventText(1)},\n${eventText(2)}]\n`);
    const live = defineCommand({
      ...about,
      prints: 'events',
      run: async () => new Live(each(event(1), event(2))),
    });
    expect((await run(live, json)).stdout).toBe(`${eventText(1)}\n${eventText(2)}\n`);
    const none = defineCommand({ ...about, prints: 'events', run: async () => each<SendEvent>() });
    expect((await run(none, json)).stdout).toBe('[]\n');
    expect((await run(none)).stdout).toBe('');
    expect((await run(live)).stdout).toBe((await run(stream)).stdout);
  });

  it('decides the exit code: books that contradict are 1, wherever in a stream', async () => {
    const verification = (id: number, ok: boolean): Verification => ({
      id,
      ok,
      contradictions: ok ? [] : [{ what: 'sent', expected: 1, found: 2 }],
    });
    const of = (...values: Verification[]) =>
      defineCommand({ ...about, prints: 'verify', run: async () => each(...values) });
    expect((await run(of(verification(1, true)))).code).toBe(0);
    expect((await run(of(verification(1, false), verification(2, true)))).code).toBe(1);
    const one = defineCommand({
      ...about,
      prints: 'verify',
      run: async () => verification(1, false),
    });
    expect((await run(one, json)).code).toBe(1);
  });

  it('may say that a signal cut it short, and have a last word when all is written', async () => {
    let written = false;
    async function* values(): AsyncGenerator<SendEvent> {
      yield event(1);
      written = true;
    }
    const cut = defineCommand({
      ...about,
      prints: 'events',
      run: async () =>
        new Ending(values(), {
          signal: 'SIGTERM',
          aside: () => (written ? 'all of it' : 'too early'),
        }),
    });
    expect(await run(cut)).toMatchObject({ code: 143, stderr: 'all of it\n' });
    expect(await run(cut, json)).toMatchObject({ code: 143, stderr: '' });
    const nothing = defineCommand({
      ...about,
      prints: 'events',
      run: async () => new Ending(undefined, { signal: 'SIGINT' }),
    });
    expect(await run(nothing, json)).toEqual({ code: 130, stdout: '', stderr: '' });
  });
});

describe('the input of a command', () => {
  const echo = defineCommand({
    ...about,
    arguments: { id: sendId },
    options: {
      limit: wholeNumber({ min: 1, max: 1000, help: '', fallback: 50 }),
      batchSize: wholeNumber({ min: 1, max: 5000, help: '' }),
      reason: anyText({ help: '' }),
      all: flag(''),
    },
    prints: 'migrate',
    run: async ({ id, limit, batchSize, reason, all }) => {
      const typed: [number, number, number | undefined, string | undefined, boolean] = [
        id,
        limit,
        batchSize,
        reason,
        all,
      ];
      return { applied: typed.map(String) };
    },
  });

  it('is read from its texts; what is not given is its fallback, undefined or false', async () => {
    expect((await run(echo, { arguments: ['7'] })).stdout).toBe(
      ['7', '50', 'undefined', 'undefined', 'false'].map((value) => `applied ${value}\n`).join(''),
    );
    const options = { limit: '9', batchSize: '2', reason: '', all: true };
    expect((await run(echo, { arguments: ['7'], options })).stdout).toBe(
      ['7', '9', '2', '', 'true'].map((value) => `applied ${value}\n`).join(''),
    );
  });

  it('that does not fit is told in the way of commander, or as a remedy with what is missing', async () => {
    await expect(run(echo, { arguments: ['7'], options: { batchSize: '5001' } })).rejects.toThrow(
      "error: option '--batch-size <n>' argument '5001' is invalid. It must be a whole number from 1 to 5000.",
    );
    const strict = defineCommand({
      ...about,
      options: {
        name: text({ max: 3, help: '', required: true }),
        batchSize: wholeNumber({ min: 1, max: 5000, help: '' }),
      },
      tellsUnfit: 'as-remedy',
      run: async () => undefined,
    });
    await expect(run(strict, { options: { batchSize: '5001' } })).rejects.toMatchObject({
      code: 'USAGE',
      message: '--name is missing',
      remedy: 'give --name',
    });
    await expect(
      run(strict, { options: { name: 'ann', batchSize: '5001' } }),
    ).rejects.toMatchObject({
      message: '--batch-size "5001" is not allowed',
      remedy: 'give a whole number from 1 to 5,000',
    });
  });

  it('that is an argument is told which', async () => {
    const argument = {
      placeholder: 'colour',
      help: '',
      read: () => {
        throw mustBe('red');
      },
    };
    const strict = defineCommand({
      ...about,
      arguments: { colour: argument },
      run: async () => undefined,
    });
    await expect(run(strict, { arguments: ['blue'] })).rejects.toThrow(
      "error: command-argument value 'blue' is invalid for argument 'colour'. It must be red.",
    );
  });
});
