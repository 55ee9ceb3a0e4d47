const CODES = { '=': /=([0-9a-f]{2})/gi, '%': /%([0-9a-f]{2})/gi } as const;

/** Bytes that are written as two hexadecimal digits behind a sign; all else is a byte a character. */
export const fromHex = (text: string, sign: keyof typeof CODES): Buffer =>
  Buffer.from(
    text.replace(CODES[sign], (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );

/**
 * The bytes of a quoted-printable body (RFC 2045 §6.7); what is no code stands for itself.
 * @param text in Latin-1, a character a byte
 */
export const decodeQuoted = (text: string): Buffer =>
  fromHex(
    text
      .replace(/(?<![ \t])[ \t]+(?=\r?\n|$)/g, '')
      .replace(/=\r?\n/g, '')
      .replace(/=$/, ''),
    '=',
  );
