import { hash } from 'node:crypto';

/** Bytes of a block of SHA-256, and of a hash. */
const BLOCK = 64;
const HASH = 32;

/**
 * HMAC-SHA-256 (RFC 2104 §2), in hexadecimal or a character a byte, of ASCII texts of `maxText` characters at most: what is longer would be cut.
 * Made of two one-shot hashes, for an Hmac object a message costs more.
 * @param key a block at most
 */
export function hmacOf(
  key: Buffer,
  maxText: number,
  encoding: 'hex' | 'binary',
): (text: string) => string {
  const padded = (pad: number, room: number): Buffer => {
    const bytes = Buffer.alloc(BLOCK + room, pad);
    for (const [i, byte] of key.entries()) bytes[i] = pad ^ byte;
    return bytes;
  };
  const inner = padded(0x36, maxText);
  const outer = padded(0x5c, HASH);
  return (text) => {
    const end = BLOCK + inner.write(text, BLOCK, 'binary');
    outer.write(hash('sha256', inner.subarray(0, end), 'binary'), BLOCK, 'binary');
    return hash('sha256', outer, encoding);
  };
}
