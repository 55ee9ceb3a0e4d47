import { lazily } from './lazily.js';

/** Characters that show nothing, or only a gap: spaces, controls, joiners, marks of direction, fillers. */
const UNSEEN = String.raw`\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800`;
const unseenAtBegin = lazily(() => new RegExp(`^[${UNSEEN}]+`, 'u'));
/** Looks back from the end alone: `[…]+$` would try each gap inside the text, from each of its characters. */
const unseenAtEnd = lazily(() => new RegExp(`$(?<=([${UNSEEN}]+))`, 'u'));
const unseenOne = lazily(() => new RegExp(`^[${UNSEEN}\\p{C}]$`, 'u'));

/** Names of those that people's lists have, as the Unicode Standard has them. */
const NAMES: Partial<Record<string, string>> = {
  '\t': 'tab',
  '\u00a0': 'no-break space',
  '\u00ad': 'soft hyphen',
  '\u061c': 'Arabic letter mark',
  '\u200b': 'zero width space',
  '\u200c': 'zero width non-joiner',
  '\u200d': 'zero width joiner',
  '\u200e': 'left-to-right mark',
  '\u200f': 'right-to-left mark',
  '\u202a': 'left-to-right embedding',
  '\u202b': 'right-to-left embedding',
  '\u202c': 'pop directional formatting',
  '\u202d': 'left-to-right override',
  '\u202e': 'right-to-left override',
  '\u2060': 'word joiner',
  '\u2066': 'left-to-right isolate',
  '\u2067': 'right-to-left isolate',
  '\u2068': 'first strong isolate',
  '\u2069': 'pop directional isolate',
  '\ufeff': 'byte order mark',
};

/** A character in words to look it up by, shown only where it can be seen: `"€" (U+20AC)`; `U+200B, zero width space`. */
export function describeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  const name = NAMES[character];
  if (name !== undefined) return `${hex}, ${name}`;
  return unseenOne().test(character) ? hex : `"${character}" (${hex})`;
}

/** Text without what cannot be seen at its ends. */
export function trimUnseen(text: string): string {
  const end = text.length - (unseenAtEnd().exec(text)?.[1]?.length ?? 0);
  return text.slice(0, end).replace(unseenAtBegin(), '');
}

const mayBeFault = lazily(() => new RegExp(`[${UNSEEN}\\p{C}\ufffd]`, 'u'));
/** Whether no character has a fault that `faultOfCharacter` knows. */
export const hasNoFault = (text: string): boolean => !mayBeFault().test(text);

/** What is wrong with a character that no address may have, or undefined. */
export function faultOfCharacter(character: string): string | undefined {
  if (character === ' ') return 'a space';
  const described = describeCharacter(character);
  if (character === '\ufffd') {
    return 'U+FFFD, which stands for a character that was lost in a conversion,';
  }
  if (/\p{Co}/u.test(character)) return `a private-use character (${described})`;
  if (/\p{Cn}/u.test(character)) return `a character that Unicode has not assigned (${described})`;
  if (/\p{Cs}/u.test(character)) return `half a character (${described})`;
  return unseenOne().test(character) ? `an invisible character (${described})` : undefined;
}
