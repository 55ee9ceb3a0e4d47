import { domainToASCII, domainToUnicode } from 'node:url';
import { lazily } from './lazily.js';

/** RFC 5892 §2.6: characters whose properties say otherwise. */
const EXCEPTIONS_ALLOWED = /^[\u00df\u03c2\u06fd\u06fe\u0f0b\u3007]$/;
const EXCEPTIONS_DISALLOWED = /^[\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b]$/;
/** §2.1, LetterDigits. */
const letterDigits = lazily(() => /^[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]$/u);
/** §2.3 IgnorableProperties, §2.4 IgnorableBlocks, §2.9 OldHangulJamo. */
const ignorable = lazily(
  () =>
    new RegExp(
      [
        String.raw`\p{Default_Ignorable_Code_Point}|\p{White_Space}|\p{Noncharacter_Code_Point}`,
        String.raw`[\u20d0-\u20ff]|[\u{1d100}-\u{1d1ff}]|[\u{1d200}-\u{1d24f}]`,
        String.raw`[\u1100-\u11ff]|[\ua960-\ua97f]|[\ud7b0-\ud7ff]`,
      ].join('|'),
      'u',
    ),
);

/**
 * Appendix A: characters allowed in some places only, with the label they may stand in, themselves at `at`. Those of the
 * joiners (A.1, A.2) take properties that regular expressions have not; `domainToASCII` looks at them.
 */
const CONTEXTUAL: readonly {
  characters: RegExp;
  fits(label: string, before: string, after: string): boolean;
}[] = [
  { characters: /^[\u200c\u200d]$/, fits: () => true },
  { characters: /^\u00b7$/, fits: (_, before, after) => before === 'l' && after === 'l' },
  { characters: /^\u0375$/, fits: (_, __, after) => /\p{Script=Greek}/u.test(after) },
  { characters: /^[\u05f3\u05f4]$/, fits: (_, before) => /\p{Script=Hebrew}/u.test(before) },
  {
    characters: /^\u30fb$/,
    fits: (label) => /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u.test(label),
  },
  { characters: /^[\u0660-\u0669]$/, fits: (label) => !/[\u06f0-\u06f9]/.test(label) },
  { characters: /^[\u06f0-\u06f9]$/, fits: (label) => !/[\u0660-\u0669]/.test(label) },
];

/** §2.2, Unstable: not what case folding and NFKC leave alone. */
const isStable = (character: string): boolean =>
  character.normalize('NFKC').toLowerCase().normalize('NFKC') === character;

/** Whether a label may have the character at all: RFC 5892 §3, but for its context. */
function isValid(character: string): boolean {
  if (EXCEPTIONS_ALLOWED.test(character)) return true;
  return (
    letterDigits().test(character) &&
    !EXCEPTIONS_DISALLOWED.test(character) &&
    !ignorable().test(character) &&
    isStable(character)
  );
}

/** One character as RFC 5895 §2 maps what people type: lower case, usual width, the usual dot. */
function mapCharacter(character: string): string {
  if (character === '\u3002') return '.';
  const usual = /[\uff00-\uffef]/.test(character) ? character.normalize('NFKC') : character;
  return usual === '\u3002' ? '.' : usual.toLowerCase();
}

/** A domain as RFC 5895 §2 maps what people type. */
export const mapDomain = (domain: string): string =>
  Array.from(domain, mapCharacter).join('').normalize('NFC');

/** The first character of a mapped label that IDNA 2008 does not allow there (RFC 5892), or undefined. */
export function findDisallowed(label: string): string | undefined {
  const characters = [...label];
  return characters.find((character, at) => {
    if (/^[a-z0-9-]$/.test(character)) return false;
    const rule = CONTEXTUAL.find(({ characters: own }) => own.test(character));
    return rule
      ? !rule.fits(label, characters[at - 1] ?? '', characters[at + 1] ?? '')
      : !isValid(character);
  });
}

/**
 * A mapped label as it goes over the wire; undefined where it is no valid U-label or A-label: a combining mark first,
 * hyphens in the wrong places (RFC 5891 §4.2.3), a joiner out of place, or an A-label that is not what its characters
 * make.
 */
export function toALabel(label: string): string | undefined {
  if (/^[\0-\x7f]*$/.test(label)) {
    return label.startsWith('xn--') && domainToASCII(domainToUnicode(label)) !== label
      ? undefined
      : label;
  }
  if (/^\p{M}|^-|-$|^..--/u.test(label)) return undefined;
  return domainToASCII(label) || undefined;
}

/** The characters of an A-label; of another label itself. */
export const toULabel = (label: string): string =>
  label.startsWith('xn--') ? domainToUnicode(label) : label;
