import { type AddressCheck, checkAddress } from '../domain/address.js';
import { trimUnseen } from '../domain/characters.js';

/** Longer cells are taken apart no further: no name and address are as long. */
const MAX_DRESSED = 2_000;

const QUOTES = [
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
  ['“', '”'],
  ['”', '”'],
  ['„', '“'],
  ['„', '”'],
  ['‘', '’'],
  ['’', '’'],
  ['‚', '‘'],
  ['‚', '’'],
  ['«', '»'],
  ['»', '«'],
  ['‹', '›'],
  ['(', ')'],
  ['[', ']'],
  ['<', '>'],
] as const;

/** What people leave before and behind an address when they cut it out of a line. */
const CUTTINGS = /^[\s,;，；]+|[\s,;.，；。]+$/g;
/** RFC 5322 §3.4: a display name and the address in angle brackets; a comment behind the address; Markdown's link. */
const NAMED = /^[^<>]*<([^<>]*)>$/;
const COMMENTED = /^([^\s()]+)\s*\([^()]*\)$/;
const LINKED = /^\[[^[\]]*\]\(([^()]*)\)$/;
/** Excel's way to say that a cell is text. */
const FORMULA_TEXT = /^="([^"]*)"$/;
/** RFC 6068. */
const MAILTO = /^mailto:([^?]*)(?:\?.*)?$/is;

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** One layer of what stands around an address taken off; the same text when there is none. */
function undressOnce(text: string): string {
  const mailto = MAILTO.exec(text)?.[1];
  if (mailto !== undefined) return percentDecoded(mailto);
  const inner = [LINKED, NAMED, COMMENTED, FORMULA_TEXT]
    .map((form) => form.exec(text)?.[1])
    .find((found) => found !== undefined);
  if (inner !== undefined) return inner;
  const quoted = QUOTES.some(
    ([open, close]) => text.length > 1 && text.startsWith(open) && text.endsWith(close),
  );
  return quoted ? text.slice(1, -1) : trimUnseen(text).replace(CUTTINGS, '');
}

function undress(cell: string): string {
  for (let text = cell; ; ) {
    const barer = undressOnce(text);
    if (barer === text || checkAddress(barer).ok) return barer;
    text = barer;
  }
}

const SEPARATORS = /[\s,;:<>()[\]"“”„«»，；、]+/;
/** What an address may have before its @, and people write between two of them. */
const SEPARATORS_OF_ADDRESSES = /[/|&+='`]+/;

/** The addresses in a text that are not one mailbox, as written. */
export function addressesIn(text: string): string[] {
  const found = new Map<string, string>();
  const words = text
    .split(SEPARATORS)
    .flatMap((word) =>
      word.indexOf('@') === word.lastIndexOf('@') ? [word] : word.split(SEPARATORS_OF_ADDRESSES),
    );
  for (const word of words) {
    if (!word.includes('@') || word.length > MAX_DRESSED) continue;
    const check = checkAddress(undress(word));
    if (check.ok && !found.has(check.norm)) found.set(check.norm, check.email);
  }
  return [...found.values()];
}

/**
 * Checks the address in a cell, taken out of what people and programs put around one: a name (`Ann <ann@example.org>`),
 * brackets, quotes, `mailto:`, a comma or semicolon, characters that cannot be seen. A cell with two addresses has none.
 */
export function readAddressCell(cell: string): AddressCheck {
  const asItStands = checkAddress(cell);
  if (asItStands.ok || cell.length > MAX_DRESSED) return asItStands;
  const addresses = addressesIn(cell);
  if (addresses.length > 1) {
    const count = addresses.length === 2 ? 'two' : addresses.length;
    return { ok: false, reason: `${count} addresses in one cell: ${addresses.join(', ')}` };
  }
  return checkAddress(undress(cell));
}
