import fc from 'fast-check';
import { expect, it } from 'vitest';
import { QuotedWriter, quote } from '../../src/message/quoted-printable.ts';

it('a value alone is written as any text is, whichever short way it takes', () => {
  const character = fc.oneof(
    fc.constantFrom(...'aZ9.=-_ \t\r\n\0\x7f\x85éÜşłя\u07ff\u0800名😀\ud83d'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  );
  const text = fc.array(character, { maxLength: 90 }).map((characters) => characters.join(''));
  fc.assert(
    fc.property(text, (value) => {
      const writer = new QuotedWriter();
      writer.value(value);
      expect(writer.text).toBe(quote(value).text);
    }),
    { numRuns: 1_000 },
  );
});
