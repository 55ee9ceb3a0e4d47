import { PassThrough } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { CommandProcess, type Streams } from '../../src/cli/process.ts';

const streams = (): Streams => ({
  stdin: new PassThrough() as unknown as NodeJS.ReadStream,
  stdout: new PassThrough() as unknown as NodeJS.WriteStream,
  stderr: new PassThrough() as unknown as NodeJS.WriteStream,
});

const begun: CommandProcess[] = [];
const begin = (of = streams()): CommandProcess => {
  const commandProcess = new CommandProcess(of, false);
  begun.push(commandProcess);
  return commandProcess;
};
afterEach(() => {
  for (const commandProcess of begun.splice(0)) commandProcess.end();
});

test('a signal aborts what heedSignals gave, with its name, and every caller is told', () => {
  const commandProcess = begin();
  const first = commandProcess.heedSignals();
  const second = commandProcess.heedSignals();
  process.emit('SIGTERM', 'SIGTERM');
  expect([first.aborted, first.reason, second.reason]).toEqual([true, 'SIGTERM', 'SIGTERM']);
});

test('a reader that is gone ends a command that heeds signals as if all had been read', async () => {
  const of = streams();
  const commandProcess = begin(of);
  const signal = commandProcess.heedSignals();
  of.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  expect(signal.reason).toBe('EPIPE');
  await expect(commandProcess.written()).resolves.toBeUndefined();
});

test('output that could not be written is an error, the first one', async () => {
  const of = streams();
  const commandProcess = begin(of);
  of.stdout.emit('error', Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' }));
  of.stdout.emit('error', Object.assign(new Error('EIO: another'), { code: 'EIO' }));
  await expect(commandProcess.written()).rejects.toMatchObject({
    code: 'BAD_FILE',
    message: 'the output cannot be written: ENOSPC: no space left',
  });
});

test('when a command line has ended, its signals are left alone', () => {
  const before = process.listenerCount('SIGINT');
  const commandProcess = begin();
  expect(process.listenerCount('SIGINT')).toBe(before + 1);
  commandProcess.end();
  expect(process.listenerCount('SIGINT')).toBe(before);
});
