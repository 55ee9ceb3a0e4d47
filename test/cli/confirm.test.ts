import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { ask, choose } from '../../src/cli/confirm.ts';

function terminal() {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => stdin });
  return {
    dumb: false,
    stdin: stdin as unknown as NodeJS.ReadStream,
    stderr: Object.assign(new PassThrough(), {
      isTTY: true,
      columns: 80,
    }) as unknown as NodeJS.WriteStream,
  };
}

test('a key pressed before a question is asked does not answer it', async () => {
  const asker = terminal();
  const { stdin, stderr } = asker;
  (stdin as unknown as PassThrough).write('y');
  const asked = ask(asker, 'Go on?');
  await new Promise((resolve) => stderr.once('data', resolve));
  (stdin as unknown as PassThrough).write('n');
  expect(await asked).toBe(false);
});

test('a question that a signal interrupts ends without an answer', async () => {
  const controller = new AbortController();
  const asker = terminal();
  const { stderr } = asker;
  const asked = ask(asker, 'Go on?', controller.signal);
  const shown = new Promise((resolve) => stderr.once('data', resolve));
  shown.then(() => controller.abort('SIGTERM'));
  await expect(asked).rejects.toMatchObject({ code: 'CONFIRMATION_NEEDED', exitCode: 143 });
  await expect(ask(asker, 'Go on?', controller.signal)).rejects.toMatchObject({
    exitCode: 143,
  });
});

test('a choice that a signal interrupts, and one that is not made, choose nothing', async () => {
  const controller = new AbortController();
  const interrupted = terminal();
  const asked = choose(interrupted, 'Which?', ['a', 'b'], controller.signal);
  interrupted.stderr.once('data', () => controller.abort('SIGINT'));
  await expect(asked).rejects.toMatchObject({ code: 'CONFIRMATION_NEEDED', exitCode: 130 });
  const ended = terminal();
  const unanswered = choose(ended, 'Which?', ['a', 'b']);
  ended.stderr.once('data', () => (ended.stdin as unknown as PassThrough).end());
  await expect(unanswered).rejects.toMatchObject({ code: 'CONFIRMATION_NEEDED', exitCode: 2 });
});
