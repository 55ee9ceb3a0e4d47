/**
 * UTF-16 without a byte order mark (Unicode §23.8): every ASCII character in it, line ends and delimiters among them, has
 * a NUL on one side, always the same. Undefined for what is not told by that.
 * @param leastShare of the bytes that must be such NULs: mostly ASCII text has half, that of another script few
 */
export function guessUtf16(
  bytes: Uint8Array,
  leastShare: number,
): 'utf-16le' | 'utf-16be' | undefined {
  let even = 0;
  let odd = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== 0) continue;
    if (at % 2 === 0) even++;
    else odd++;
  }
  const stands = (many: number, few: number): boolean =>
    many >= bytes.length * leastShare && many > few * 4;
  if (stands(odd, even)) return 'utf-16le';
  return stands(even, odd) ? 'utf-16be' : undefined;
}
