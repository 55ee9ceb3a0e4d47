import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { inOptionNames } from '../../src/operations/option-words.ts';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));
/** Rooms of which a program of the library hears. */
const ROOMS = ['dns', 'domain', 'files', 'list', 'message', 'operations', 'smtp', 'store'];
/** What only a command line is told. */
const UNHEARD = ["'give a file that can be written with --rejects'", "asks the relay's log"];

const FLAG = /(?<!\w)--[a-z]/;

/** Texts of a source that name a flag, but for comments and what is told as a command line, between backticks. */
const textsWithFlags = (file: string): string[] =>
  readFileSync(join(SRC, file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
    .split('\n')
    .map((line) => line.replace(/`(?:campaign|zcat)\b[^`]*`/g, ''))
    .map((line) => line.replaceAll('`', "'"))
    .filter((line) => FLAG.test(line));

const files = ROOMS.flatMap((room) =>
  readdirSync(join(SRC, room), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `${room}/${file}`),
).filter((file) => file !== 'operations/option-words.ts');

describe('what a program of the library is told', () => {
  test.each([
    ['give a text part with --text', 'give a text part with text'],
    ['leave --inline-css out', 'leave inlineCss out'],
    ['`campaign queue --text a` does', '`campaign queue --text a` does'],
    ['list has no row that meets --where: 1', 'list has no row that meets where: 1'],
    ['or add --now to send', 'or give now: true to send'],
    ['a large provider: --yes takes it', 'a large provider: wholeProviders: true takes it'],
    ['with --texts', 'with --texts'],
  ])('is told by the names of its options: %s', (words, told) => {
    expect(inOptionNames(words)).toBe(told);
  });

  test('names no flag of the command line, whatever text of a room it is', () => {
    const texts = files.flatMap((file) => textsWithFlags(file));
    expect(texts.length).toBeGreaterThan(20);
    const left = texts
      .filter((text) => !UNHEARD.some((unheard) => text.includes(unheard)))
      .filter((text) => FLAG.test(inOptionNames(text)));
    expect(left).toEqual([]);
  });
});
