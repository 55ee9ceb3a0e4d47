import { beforeAll, describe, expect, it } from 'vitest';
import { loadDeclarations } from '../../src/cli/declarations.ts';
import { optionsOf } from '../../src/cli/docs/manual.ts';
import { topics } from '../../src/cli/docs/topics.ts';
import { SETTINGS } from '../../src/config/table.ts';
import { ERROR_CODES } from '../../src/errors.ts';
import { requireProgram, run } from '../support/programs.ts';
import { runCommand } from '../support/run-command.ts';

let page: string;
beforeAll(async () => {
  requireProgram('mandoc');
  const { code, stdout } = await runCommand(['man']);
  expect(code).toBe(0);
  page = stdout;
});

describe('the manual page', () => {
  it('is clean by mandoc', () => {
    expect(run('mandoc', ['-Tlint'], page)).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  it('tells of every command, option, setting, error, topic and example', async () => {
    const { stdout } = run('mandoc', ['-Tutf8', '-O', 'width=900'], page);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: struck over, as on a typewriter
    const shown = stdout.replace(/.\x08/gu, '').replace(/\s+/g, ' ');
    const commands = await loadDeclarations();
    for (const part of [
      ...commands.map(({ name }) => `campaign ${name}`),
      ...commands.flatMap((command) => optionsOf(command).map(({ flag }) => flag)),
      ...commands.flatMap(({ examples }) => examples.map(([line]) => line)),
      ...Object.values(SETTINGS).map(({ variable }) => variable),
      ...Object.keys(ERROR_CODES),
      ...topics.map(({ name }) => name.toUpperCase()).filter((name) => name !== 'EXIT-CODES'),
      'EXIT STATUS',
    ]) {
      expect(shown).toContain(part);
    }
  });
});
