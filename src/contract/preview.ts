import type { Preview } from '../domain/preview.js';

/** One recipient's message, as it would arrive. */
export const previewJson = ({
  row,
  envelope: { from, to, utf8 },
  headers,
  text,
  html,
  attachments,
}: Preview) => ({
  row,
  envelope: { from, to, utf8 },
  headers: headers.map(({ name, value }) => ({ name, value })),
  text,
  html,
  attachments: attachments.map(({ name, type, bytes, cid }) => ({ name, type, bytes, cid })),
});
