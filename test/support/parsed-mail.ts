import { spawnSync } from 'node:child_process';
import { simpleParser } from 'mailparser';
import { requireProgram } from './programs.ts';

/** A part of a message that is a file, as a parser gives it back. */
export interface ParsedFile {
  name: string | undefined;
  type: string;
  disposition: string | undefined;
  cid: string | undefined;
  content: Buffer;
}

/** What a parser makes of a message. */
export interface ParsedMail {
  text: string | undefined;
  html: string | undefined;
  files: ParsedFile[];
}

/** As mailparser reads it, its pictures left as parts. */
export async function parseByMailparser(raw: string): Promise<ParsedMail> {
  const { text, html, attachments } = await simpleParser(raw, { keepCidLinks: true });
  return {
    text,
    html: html === false ? undefined : html,
    files: attachments.map(({ filename, contentType, contentDisposition, cid, content }) => ({
      name: filename,
      type: contentType,
      disposition: contentDisposition,
      cid,
      content,
    })),
  };
}

const SCRIPT = `
import base64, json, sys
from email import message_from_bytes, policy
message = message_from_bytes(sys.stdin.buffer.read(), policy=policy.default)
defects, parts = [], []
for part in message.walk():
    defects += [type(defect).__name__ for defect in part.defects]
    parts.append({
        'type': part.get_content_type(),
        'multipart': part.is_multipart(),
        'disposition': part.get_content_disposition(),
        'name': part.get_filename(),
        'cid': part['Content-ID'],
        'content': None if part.is_multipart() else base64.b64encode(part.get_payload(decode=True)).decode(),
    })
print(json.dumps({'parts': parts, 'defects': defects}))
`;

interface PythonPart {
  type: string;
  multipart: boolean;
  disposition: string | null;
  name: string | null;
  cid: string | null;
  content: string | null;
}

/** As Python's email package reads it; the types of all parts tell the structure. */
export function parseByPython(
  raw: string,
): ParsedMail & { structure: string[]; defects: string[] } {
  requireProgram('python3');
  const { stdout, stderr } = spawnSync('python3', ['-c', SCRIPT], {
    input: Buffer.from(raw, 'latin1'),
    maxBuffer: 256 * 1024 * 1024,
  });
  if (stderr.length > 0) throw new Error(stderr.toString());
  const { parts, defects } = JSON.parse(stdout.toString()) as {
    parts: PythonPart[];
    defects: string[];
  };
  const contentOf = ({ content }: PythonPart): Buffer => Buffer.from(content ?? '', 'base64');
  const bodyOf = (type: string): string | undefined => {
    const part = parts.find((one) => one.type === type && one.disposition === null);
    return part && contentOf(part).toString('utf8');
  };
  return {
    structure: parts.map(({ type }) => type),
    defects,
    text: bodyOf('text/plain'),
    html: bodyOf('text/html'),
    files: parts
      .filter(({ disposition }) => disposition !== null)
      .map((part) => ({
        name: part.name ?? undefined,
        type: part.type,
        disposition: part.disposition ?? undefined,
        cid: part.cid ?? undefined,
        content: contentOf(part),
      })),
  };
}
