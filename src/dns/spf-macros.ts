/** RFC 7208 §7.3: a longer name loses labels on its left. */
const MAX_NAME = 253;

/**
 * A domain-spec of an SPF record as a name (§7).
 * @param sender the address of MAIL FROM
 * @param domain that of the record
 * @returns undefined where it depends on which host sends
 */
export function expandMacros(spec: string, sender: string, domain: string): string | undefined {
  const at = sender.lastIndexOf('@');
  const values: Record<string, string> = {
    s: sender,
    l: sender.slice(0, at),
    o: sender.slice(at + 1),
    d: domain,
  };
  let isKnown = true;
  const name = spec.replace(
    /%(?:\{([a-z])(\d*)(r?)([-.+,/_=]*)\}|([%_-]))/gi,
    (_, letter: string | undefined, digits: string, reversed: string, marks: string, sign) => {
      if (letter === undefined) return SIGNS[sign as string] as string;
      const value = values[letter.toLowerCase()];
      isKnown &&= value !== undefined;
      const made = transformed(value ?? '', digits, reversed !== '', marks || '.');
      return letter === letter.toLowerCase() ? made : encodeURIComponent(made);
    },
  );
  return isKnown ? shortened(name) : undefined;
}

const SIGNS: Record<string, string> = { '%': '%', _: ' ', '-': '%20' };

/** The value in its parts, in reverse where so asked, the last of them, with dots between (§7.3). */
function transformed(value: string, digits: string, isReversed: boolean, marks: string): string {
  const parts = [...value].map((character) => (marks.includes(character) ? '\0' : character));
  const pieces = parts.join('').split('\0');
  if (isReversed) pieces.reverse();
  return (digits === '' ? pieces : pieces.slice(-Number(digits))).join('.');
}

function shortened(name: string): string {
  let rest = name;
  while (rest.length > MAX_NAME) {
    const dot = rest.indexOf('.', rest.length - MAX_NAME - 1);
    if (dot === -1) return rest.slice(-MAX_NAME);
    rest = rest.slice(dot + 1);
  }
  return rest;
}
