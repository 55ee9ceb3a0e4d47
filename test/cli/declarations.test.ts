import { describe, expect, it } from 'vitest';
import type { CommandDeclaration } from '../../src/cli/command.ts';
import { GROUPS, isCommand, loadDeclarations } from '../../src/cli/declarations.ts';
import { topics } from '../../src/cli/docs/topics.ts';
import { flagOf } from '../../src/cli/flags.ts';
import { runCommand } from '../support/run-command.ts';

const declarations = await loadDeclarations();
const named = declarations.map((declaration) => [declaration.name, declaration] as const);

/** The words of a command line as a shell would take it apart, up to what it does with them. */
const wordsOf = (line: string): string[] =>
  (line.replace(/ [<>|].*/, '').match(/"[^"]*"|\S+/g) ?? []).map((word) =>
    word.replaceAll('"', ''),
  );

const flagsOf = ({ options = {}, prints, asks }: CommandDeclaration): string[] => [
  ...Object.keys(options).map(flagOf),
  ...(prints ? ['--json'] : []),
  ...(asks ? ['--yes'] : []),
];

describe('a declaration', () => {
  it.each(named)(
    'shows in its help every option that is not hidden, and its examples: %s',
    async (name, declaration) => {
      const { code, stdout, stderr } = await runCommand([...name.split(' '), '--help']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain(declaration.summary.slice(0, 40));
      for (const [key, option] of Object.entries(declaration.options ?? {})) {
        expect(stdout.includes(`  ${flagOf(key)} `)).toBe(option.hidden !== true);
      }
      expect(declaration.examples.length).toBeGreaterThan(0);
      for (const [line, what] of declaration.examples) {
        expect(stdout).toContain(`  ${line}\n      ${what}\n`);
      }
    },
  );

  it.each(named)('gives examples that are command lines of its own: %s', (name, declaration) => {
    for (const [line] of declaration.examples) {
      const words = wordsOf(line);
      expect(words.slice(0, 1 + name.split(' ').length).join(' ')).toBe(`campaign ${name}`);
      const flags = words.filter((word) => word.startsWith('--'));
      expect(flagsOf(declaration)).toEqual(expect.arrayContaining(flags));
    }
  });

  it.each(named)(
    'names options that are there as those it does not go with: %s',
    (_, declaration) => {
      const keys = [...Object.keys(declaration.options ?? {}), 'json', 'yes'];
      for (const { conflicts = [] } of Object.values(declaration.options ?? {})) {
        expect(keys).toEqual(expect.arrayContaining([...conflicts]));
      }
    },
  );

  it('is found by the first word of its name, which no topic has but that of lint', async () => {
    for (const { name } of declarations) {
      const word = name.split(' ')[0] as string;
      expect(isCommand(word)).toBe(true);
      expect(await loadDeclarations(word)).toEqual(
        declarations.filter((declaration) => declaration.name.split(' ')[0] === word),
      );
      if (word !== 'lint') expect(topics.map((topic) => topic.name)).not.toContain(word);
      if (name.includes(' ')) expect(GROUPS[word]).toBeTruthy();
    }
    expect(['constructor', 'start', 'help', ''].filter(isCommand)).toEqual([]);
  });
});
