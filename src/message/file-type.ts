import { isUtf8 } from 'node:buffer';
import { detectMimeType } from 'nodemailer/lib/mime-funcs';

const OCTETS = 'application/octet-stream';

/** RFC 2045 §5.1: a type with parameters. */
const TOKEN = '[A-Za-z0-9!#$&^_.+-]+';
const TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?: ?; ?${TOKEN}=(?:${TOKEN}|"[ !#-[\\]-~]*"))*$`);

/** Whether a text is a MIME type, with parameters or without; the name has a place of its own. */
export const isMimeType = (type: string): boolean =>
  type.length <= 255 && TYPE.test(type) && !/;\s*name=/i.test(type);

/**
 * The MIME type that a file is sent as.
 * @param given where somebody said what it is; else its name tells
 */
export function fileTypeOf(name: string, content: Buffer, given?: string): string {
  const type = given ?? detectMimeType(name);
  // These may not be in base64 (RFC 2046 §5.1, §5.2.1).
  if (/^(?:message|multipart)\//i.test(type)) return OCTETS;
  const saysCharset = /;\s*charset=/i.test(type);
  return /^text\//i.test(type) && !saysCharset && isUtf8(content) ? `${type}; charset=utf-8` : type;
}
