import type { IncomingMessage } from 'node:http';

/** Bytes that a body may have. */
export const MAX_BODY_BYTES = 8192;
/** What goes on coming after that is thrown away, up to this, so that the sender reads the answer; then the line is cut. */
const MAX_DISCARDED_BYTES = 16 * 1024 * 1024;

/** The line broke before the body had come. */
export class BrokenOff extends Error {}

/** @returns the body; null when it is too large, or is said to be */
export function readBody(request: IncomingMessage): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) resolve(null);
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
      else resolve(null);
      if (bytes > MAX_DISCARDED_BYTES) request.destroy();
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('close', () => {
      if (!request.complete) reject(new BrokenOff());
    });
    request.on('error', () => reject(new BrokenOff()));
  });
}

/**
 * The fields of a form, urlencoded or multipart: told by what the body looks like, since not every mail provider sends the
 * right Content-Type, or any. Names and values are in lower case, without white space around them.
 */
export function formFields(body: string): Map<string, string> {
  const boundary = /^--[^\s][^\r\n]{0,199}/m.exec(body.trimStart())?.[0].trim();
  const fields = boundary === undefined ? urlencoded(body) : multipart(body, boundary);
  return new Map(fields.map(([name, value]) => [plain(name), plain(value)]));
}

const plain = (text: string): string => text.trim().toLowerCase();

const urlencoded = (body: string): [string, string][] => [...new URLSearchParams(body.trim())];

/** RFC 7578 §4; line breaks may be bare. */
function multipart(body: string, boundary: string): [string, string][] {
  return body.split(boundary).flatMap((part): [string, string][] => {
    const [head = '', ...rest] = part.split(/\r?\n\r?\n/);
    const [, name = ''] = /;\s*name="?([^";\r\n]+)/i.exec(head) ?? [];
    return name === '' ? [] : [[name, rest.join('\n\n')]];
  });
}
