import { TextDecoder } from 'node:util';
import iconv from 'iconv-lite';

/** Names of the WHATWG Encoding Standard, in which latin1 is windows-1252; undefined for others. */
export function standardName(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

/** How an encoding is called here; undefined when it is not known. `utf-16` leaves open which byte comes first. */
export function encodingName(label: string): string | undefined {
  const name = label.trim().toLowerCase();
  if (/^utf-?16$/.test(name)) return 'utf-16';
  return [standardName(name), name].find((known) => known && iconv.encodingExists(known));
}
