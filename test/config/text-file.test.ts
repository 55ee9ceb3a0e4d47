import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readTextFile, UnreadableText } from '../../src/config/text-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'campaign-text-'));
afterAll(() => rmSync(directory, { recursive: true }));

function written(bytes: Uint8Array): string {
  const file = join(directory, 'file');
  writeFileSync(file, bytes);
  return file;
}

const TEXT = 'A=1\r\n# für 用户 😀\r\nB=2\r\n';
const little = Buffer.from(TEXT, 'utf16le');
const big = Buffer.from(little).swap16();

describe('a text file', () => {
  it.each([
    ['UTF-8', Buffer.from(TEXT)],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${TEXT}`)],
    ['UTF-16LE with a mark', Buffer.concat([Buffer.from([0xff, 0xfe]), little])],
    ['UTF-16BE with a mark', Buffer.concat([Buffer.from([0xfe, 0xff]), big])],
    ['UTF-16LE without one', little],
    ['UTF-16BE without one', big],
  ])('is read in %s', (_, bytes) => {
    expect(readTextFile(written(bytes))).toBe(TEXT);
  });

  it.each([
    ['Latin-1', Buffer.from('A=1\nB=ü\n', 'latin1'), 'line 2'],
    ['UTF-8 with a NUL', Buffer.from('A=1\nB=a\0b\n'), 'line 2'],
    [
      'UTF-32',
      Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), Buffer.from('A\0\0\0=\0\0\0')]),
      'line 1',
    ],
    ['UTF-16 with half a character', little.subarray(0, little.length - 1), 'line'],
    ['half a character at its end', Buffer.from('A=\xc3', 'latin1'), 'line 1'],
  ])('in %s is refused with the line', (_, bytes, where) => {
    const file = written(bytes);
    expect(() => readTextFile(file)).toThrow(UnreadableText);
    expect(() => readTextFile(file)).toThrow(where);
  });

  it('that is none says why, without its name', () => {
    expect(() => readTextFile(directory)).toThrow(/^it is a directory \(EISDIR\)$/);
    expect(() => readTextFile('/secret')).toThrow(/^there is no such file \(ENOENT\)$/);
  });
});
