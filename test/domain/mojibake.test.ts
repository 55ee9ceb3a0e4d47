import { describe, expect, it } from 'vitest';
import { undoDoubleEncoding } from '../../src/domain/mojibake.ts';

/** UTF-8 read in another code page. */
const misread = (text: string, codePage: string): string =>
  new TextDecoder(codePage).decode(new TextEncoder().encode(text), { stream: true });

const WORDS = [
  'Müller',
  'Søren Ærø',
  'À la carte',
  'ÉCOLE',
  'Łukasz Dvořák',
  'Şahin, İstanbul',
  'Nguyễn Thị',
  'Иванов',
  'Ελένη',
  'שלום',
  'محمد',
  'हिन्दी',
  'ไทย',
  '用户',
  '김철수',
  'O’Hara – “Ltd”',
  '5 €',
  'Ann 😀',
];

describe('text that was encoded twice', () => {
  it.each(['windows-1252', 'windows-1250', 'windows-1251', 'macintosh'])(
    'and had been read as %s in between is what it was',
    (codePage) => {
      for (const word of WORDS) {
        expect(undoDoubleEncoding(misread(word, codePage))).toBe(word);
      }
    },
  );

  it('and had been read as ISO 8859-1, with its C1 controls, is what it was', () => {
    for (const word of WORDS) {
      expect(undoDoubleEncoding(Buffer.from(word, 'utf8').toString('latin1'))).toBe(word);
    }
  });

  it('and once more is what it was first', () => {
    const twice = misread(misread('Müller', 'windows-1252'), 'windows-1252');
    expect(twice).toBe('MÃƒÂ¼ller');
    expect(undoDoubleEncoding(twice)).toBe('Müller');
  });
});

it.each([
  ...WORDS,
  'Ann',
  '',
  'É',
  'KNÍŽEK',
  'PĚŠEK',
  'PÓŁNOC',
  'BĂŞESCU',
  'NOËL’S',
  'CAFÉ™',
  'CAFÉ®',
  'MENÜ»',
  '«École»',
  'KÖLN–BONN',
  'PERÒ’',
  'perchè…”',
  'Strauß’ Walzer',
  'marché\u00a0»',
  'Её',
  'Ні',
  'Сања',
  'Nº 5',
  'Mª José',
  'Größe: 5 ½ °',
  'Müller Ã¼',
])('leaves what is right as it is: %s', (text) => {
  expect(undoDoubleEncoding(text)).toBeUndefined();
});
