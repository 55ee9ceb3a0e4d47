import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { RelaxedBodyHash } from '../../src/message/relaxed-body.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64');

/** As RFC 6376 §3.4.4 has it, of lines that are not dot-stuffed yet. */
function reference(lines: readonly string[]): string {
  const relaxed = lines.map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''));
  while (relaxed.at(-1) === '') relaxed.pop();
  return relaxed.map((line) => `${line}\r\n`).join('');
}

const stuffed = (lines: readonly string[]): string =>
  lines.map((line) => `${line.startsWith('.') ? '.' : ''}${line}\r\n`).join('');

test.each([
  ['the example of RFC 6376 §3.4.5', [' C ', 'D \t E', '', ''], ' C\r\nD E\r\n'],
  ['nothing', [], ''],
  ['nothing but empty lines', ['', ' \t', ''], ''],
  ['dots at the beginning of lines', ['.', '..', 'a.', '', '.x'], '.\r\n..\r\na.\r\n\r\n.x\r\n'],
  ['a dot behind white space', [' .', '\t..'], ' .\r\n ..\r\n'],
])('the hash is that of the relaxed lines: %s', (_, lines, canonical) => {
  expect(reference(lines)).toBe(canonical);
  expect(new RelaxedBodyHash().of([stuffed(lines)])).toBe(sha256(canonical));
});

describe('a body in pieces', () => {
  const character = fc.constantFrom(' ', '\t', '.', 'a', '=');
  const text = fc.array(fc.string({ unit: character, maxLength: 6 }), { maxLength: 8 });

  it('has the hash of the whole, wherever it is cut, as text and as bytes', () => {
    fc.assert(
      fc.property(
        text,
        fc.array(fc.nat(60), { maxLength: 6 }),
        fc.infiniteStream(fc.boolean()),
        (lines, cuts, kinds) => {
          const whole = stuffed(lines);
          const places = [0, ...cuts.filter((cut) => cut < whole.length), whole.length].sort(
            (a, b) => a - b,
          );
          const body = places.slice(1).map((end, i) => {
            const piece = whole.slice(places[i], end);
            return kinds.next().value ? Buffer.from(piece, 'latin1') : piece;
          });
          const hash = new RelaxedBodyHash();
          expect(hash.of(body)).toBe(sha256(reference(lines)));
          // Once more, with what is remembered of its buffers, between others.
          hash.of(['x\r\n', ...body]);
          expect(hash.of(body)).toBe(sha256(reference(lines)));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('that is the same for all is hashed once', () => {
    const buffer = Buffer.from('abc\r\n'.repeat(10));
    const hash = new RelaxedBodyHash();
    const first = hash.of(['text\r\n', buffer]);
    // Would be seen if it was looked at again.
    buffer.fill('x');
    expect(hash.of(['text\r\n', buffer])).toBe(first);
  });

  it('takes no longer for being a run of white space', () => {
    const long = ' '.repeat(2_000_000);
    const hash = new RelaxedBodyHash();
    expect(hash.of([`a${long}b${long}\r\n`])).toBe(sha256('a b\r\n'));
    expect(hash.of([`a${long}`, `b${long}`, '\r\n'])).toBe(sha256('a b\r\n'));
  });
});
