import { linesOf } from '../domain/lines.js';
import type { GivenAddress } from '../operations/suppressions.js';
import type { Context } from './context.js';

const STDIN = '-';

/** Whether addresses come from standard input: then nobody can be asked there. */
export const readsStdin = (words: readonly string[]): boolean => words.includes(STDIN);

/** Addresses as arguments, `-` standing for those that standard input brings, one a line. */
export async function givenAddresses(
  words: readonly string[],
  { stdin }: Pick<Context, 'stdin'>,
): Promise<GivenAddress[]> {
  const given: GivenAddress[] = words
    .filter((word) => word !== STDIN)
    .map((value) => ({ line: null, value }));
  if (!readsStdin(words)) return given;
  let line = 0;
  for await (const lines of linesOf(stdin)) {
    for (const text of lines) {
      line++;
      const value = (line === 1 ? text.replace(/^\ufeff/, '') : text).trim();
      if (value !== '') given.push({ line, value });
    }
  }
  return given;
}
