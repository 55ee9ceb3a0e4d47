import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formFields } from '../../src/http/body.ts';

const words = (body: string): string | undefined => formFields(body).get('list-unsubscribe');

describe('the words of RFC 8058 §3.1', () => {
  test.each([
    ['urlencoded', 'List-Unsubscribe=One-Click'],
    ['with a line break behind', 'List-Unsubscribe=One-Click\r\n'],
    ['percent-encoded', 'List%2DUnsubscribe=One%2DClick'],
    ['beside others', 'a=b&List-Unsubscribe=One-Click&c=d'],
    ['in another case', 'list-unsubscribe=one-click'],
    [
      'multipart',
      '--xyz\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--xyz--\r\n',
    ],
    [
      'multipart with bare line breaks',
      '--xyz\nContent-Disposition: form-data; name="List-Unsubscribe"\n\nOne-Click\n--xyz--\n',
    ],
    [
      'multipart with a preamble and a type',
      'This is MIME.\r\n--x y\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; name=List-Unsubscribe\r\n\r\nOne-Click\r\n--x y--',
    ],
    [
      'multipart behind another field',
      '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--',
    ],
  ])('are found %s', (_, body) => {
    expect(words(body)).toBe('one-click');
  });

  test.each([
    '',
    'List-Unsubscribe=',
    'List-Unsubscribe=One-Click-Not',
    'x=List-Unsubscribe%3DOne-Click',
    '{"List-Unsubscribe":"One-Click"}',
    '--b\r\nContent-Disposition: form-data; name="x"; filename="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--',
    '--b\r\nContent-Disposition: form-data; name="x"\r\n\r\nname="List-Unsubscribe"\r\n--b--',
  ])('are not in %j', (body) => {
    expect(words(body)).not.toBe('one-click');
  });

  test('are looked for in anything without harm', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (body) => {
        expect(words(body)).not.toBe('one-click');
      }),
    );
    expect(words('-'.repeat(8192))).toBeUndefined();
    expect(words('\r\n'.repeat(4096))).toBeUndefined();
    expect(words(` ${'-- '.repeat(2700)}`)).toBeUndefined();
    expect(words(`${'\n'.repeat(4000)}--${' '.repeat(4000)}x`)).toBeUndefined();
    expect(words(`--b${' '.repeat(8000)}x`)).toBeUndefined();
    expect(words(';'.repeat(4000) + ' '.repeat(4000))).toBeUndefined();
  });
});
