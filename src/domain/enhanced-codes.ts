import type { Reply } from './reply.js';

/**
 * An enhanced code among other words (RFC 3463 §2): `#5.1.1`, `(#5.1.1)`, `[5.1.1]`, `550 5.1.1` in a reply that is
 * quoted. No part of an address, a host, a number or a version.
 */
const AMONG_WORDS = /(?<![\w.@/-])([245]\.[0-7]\.\d{1,3})(?![\w@/-]|\.\d)/g;

/** The enhanced codes of a refusal, the first of all its own, if it gave one; those of another class are not about it. */
export function enhancedCodes({ code, enhanced, text }: Reply): string[] {
  const found = [...text.matchAll(AMONG_WORDS)].flatMap(([, among]) => among ?? []);
  const ofItsClass = found.filter((among) => among.startsWith(`${Math.floor(code / 100)}.`));
  return enhanced === null ? ofItsClass : [enhanced, ...ofItsClass];
}
