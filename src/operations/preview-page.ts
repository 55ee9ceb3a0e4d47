import type { Preview } from '../domain/preview.js';
import { findImages, type ImageReference, replaceImages } from '../message/image-references.js';
import { withoutRefresh } from '../message/refresh.js';

/** A mail program runs no script, and asks nobody but for pictures. */
const POLICY =
  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data: https: http:; style-src 'unsafe-inline'; font-src data:; form-action 'none'; base-uri 'none'\">";

/**
 * The HTML of a message with the images that it carries in it, as a file of its own that may be opened in a browser: it
 * runs nothing, and leads nowhere by itself. Null where the message has none.
 */
export function previewPage({ html, attachments }: Preview): string | null {
  if (html === null) return null;
  const images = new Map(
    attachments.flatMap(({ cid, type, content }) =>
      cid === null ? [] : [[cid, `data:${bare(type)};base64,${base64(content)}`] as const],
    ),
  );
  const shown = new Map<ImageReference, string>();
  for (const reference of findImages(html)) {
    const { names } = reference;
    const image = typeof names === 'object' && 'cid' in names ? images.get(names.cid) : undefined;
    if (image !== undefined) shown.set(reference, image);
  }
  return `<!doctype html>${POLICY}<meta charset="utf-8">${withoutRefresh(replaceImages(html, shown))}`;
}

/** Without parameters, which may hold quotes. */
const bare = (type: string): string => type.split(';', 1)[0]?.trim() ?? '';

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
