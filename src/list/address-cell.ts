import { type AddressCheck, checkAddress } from '../domain/address.js';
import { describeCharacter, trimUnseen } from '../domain/characters.js';

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
/** RFC 5322 §3.4: a display name and the address in angle brackets; Markdown's link. */
const NAMED = /^[^<>]*<([^<>]*)>$/;
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
  const inner = [LINKED, NAMED, FORMULA_TEXT]
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

/** A quoted name, or a comment (RFC 5322 §3.2.2), in parentheses of either width. */
const QUOTED_OR_COMMENT = /"[^"]*"|[(（]([^()（）]*)[)）]/g;

/**
 * What a cell says in parentheses beside its address: perhaps that nobody is to be written to there. A display name may
 * have some, `Ann Lee (Sales) <ann@example.org>`.
 */
function findRemark(cell: string): string | undefined {
  if (NAMED.test(cell.trim())) return undefined;
  for (const [whole, comment] of cell.matchAll(QUOTED_OR_COMMENT)) {
    if (comment?.trim() && addressesIn(comment).length === 0) return whole;
  }
  return undefined;
}

/**
 * Signs that hardly any mailbox begins with, and cells of lists do: Excel's prefix of text, what keeps a cell from being a
 * formula, half of a pair of quotes, marks of footnotes and of rows commented out.
 */
const STRAY = /^(?![_+"-])[\p{P}\p{Sc}\p{Sk}\p{Sm}]/u;

function refuseStray(check: AddressCheck): AddressCheck {
  const stray = check.ok ? STRAY.exec(check.email)?.[0] : undefined;
  if (stray === undefined) return check;
  const reason = `a stray ${describeCharacter(stray)} before the address`;
  const remedy = '; if it is part of it, put what is before the @ in double quotes';
  return { ok: false, reason: stray < '\u0080' ? reason + remedy : reason };
}

/**
 * Checks the address in a cell, taken out of what people and programs put around one: a name (`Ann <ann@example.org>`),
 * brackets, quotes, `mailto:`, a comma or semicolon, characters that cannot be seen. A cell with two addresses has none, nor
 * one with a sign left over before it, or with a remark in parentheses beside it.
 */
export function readAddressCell(cell: string): AddressCheck {
  const asItStands = checkAddress(cell);
  if (asItStands.ok || cell.length > MAX_DRESSED) return refuseStray(asItStands);
  const addresses = addressesIn(cell);
  if (addresses.length > 1) {
    const count = addresses.length === 2 ? 'two' : addresses.length;
    return { ok: false, reason: `${count} addresses in one cell: ${addresses.join(', ')}` };
  }
  const remark = addresses.length === 1 ? findRemark(cell) : undefined;
  if (remark !== undefined) {
    return { ok: false, reason: `a remark beside the address: ${remark}` };
  }
  return refuseStray(checkAddress(undress(cell)));
}
