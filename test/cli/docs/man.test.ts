import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { manPage } from '../../../src/cli/docs/man.ts';
import { escapeRoff, literal, running } from '../../../src/cli/docs/roff.ts';
import { DECLARATIONS } from '../../support/declarations.ts';
import { requireProgram, run } from '../../support/programs.ts';

beforeAll(() => requireProgram('mandoc'));

/** What mandoc finds wrong with a page. */
const lint = (page: string): string => run('mandoc', ['-Tlint'], page).stdout;

/** A page as a terminal shows it, without bold and underlined. */
function shown(page: string, width = 900): string {
  const { stdout, stderr } = run('mandoc', ['-Tutf8', '-O', `width=${width}`], page);
  expect(stderr).toBe('');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: struck over, as on a typewriter
  return stdout.replace(/.\x08/gu, '');
}

const page = (chapter: string): string =>
  manPage({
    commands: DECLARATIONS,
    chapters: [{ name: 'odd', text: chapter }],
    version: '1.2.3',
    date: new Date('2026-11-28T00:00:00Z'),
  });

const HEAD = '.TH X 1 "2026-11-28" "x" "y"\n.SH NAME\nx \\- y\n.SH Z\n';

describe('a manual page', () => {
  it('is clean by mandoc, with every kind of block, and has what is declared', () => {
    const text = [
      'A paragraph. Of two sentences.',
      'A HEADING',
      '- an item\n  of two lines\n- `another`',
      '  term --one <x>  means this\n  .two  means "that"',
      "    $ typed 'so' \\n\n    .and so\n      indented",
      "'quoted' at first. .dot `--flag \\ x`",
    ].join('\n\n');
    const made = page(text);
    expect(lint(made)).toBe('');
    expect(made).toMatch(/^[\n -~]*$/);
    const seen = shown(made);
    for (const part of [
      'campaign pause <id>',
      '--reason text',
      'why, for "progress" \\ the log',
      '(default: 50)',
      '.starts with a dot, \'and "quotes".',
      'campaign pause 42 --reason "a \\ b"',
      "and resume 42 when it's mended",
      'A HEADING',
      "$ typed 'so' \\n",
      '.and so\n',
      '  indented\n',
      "'quoted' at first.",
      '.dot --flag \\ x',
      'campaign 1.2.3',
    ]) {
      expect(seen).toContain(part);
    }
    expect(seen).not.toContain('--secret');
  });

  const word = fc.string({
    unit: fc.constantFrom(...'aZ0.\'"`\\-^~|&;$%#!{}[]()<>_+=:,/äß中é…’€'),
    minLength: 1,
    maxLength: 12,
  });

  it('shows any words as they stand, in running text and in literal lines', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 12 }), (words) => {
        const text = words.join(' ');
        const asText = HEAD + running(text.replaceAll('`', '')).join('\n');
        const asLines = `${HEAD}words\n${literal([text]).join('\n')}\n`;
        expect(lint(asLines)).toBe('');
        const plain = text.replaceAll('`', '').split(' ').filter(Boolean);
        expect(shown(`${asText}\n`).split(/\s+/).join(' ')).toContain(plain.join(' '));
        expect(shown(asLines)).toContain(text);
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  it('holds no control character, whatever the text holds', () => {
    expect(escapeRoff('a\u001b[31m\u0000\u202e\ud800b')).toBe('a [31m   b');
  });
});
