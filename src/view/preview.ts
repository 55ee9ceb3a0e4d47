import type { Preview } from '../domain/preview.js';
import { count } from '../domain/text.js';
import { printable } from './printable.js';

/** Headers that say how the message is written, not what it says. */
const OF_MIME = /^(mime-version|content-)/i;

/** Text of several lines, each harmless. */
export const printableLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => printable(line.replace(/\r$/, '').replaceAll('\t', '    ')))
    .join('\n');

const ended = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

/** Envelope, headers, text and what else it carries, safe on a terminal whatever a list holds. */
export function previewText({ row, envelope, headers, text, html, attachments }: Preview): string {
  const lines = [
    `row ${row}: from ${printable(envelope.from)} to ${printable(envelope.to)}${envelope.utf8 ? ', by SMTPUTF8' : ''}`,
    '',
    ...headers
      .filter(({ name }) => !OF_MIME.test(name))
      .map(({ name, value }) => `${printable(name)}: ${printable(value)}`),
    '',
  ];
  const files = attachments.map(
    ({ name, type, bytes, cid }) =>
      `  ${printable(name ?? 'without a name')}  ${printable(type)}  ${count(bytes)} bytes${cid === null ? '' : `  cid:${printable(cid)}`}`,
  );
  return [
    `${lines.join('\n')}\n`,
    text === null ? '' : ended(printableLines(text)),
    html === null ? '' : `\nHTML: ${count(Buffer.byteLength(html))} bytes\n`,
    files.length === 0 ? '' : `\nFiles:\n${files.join('\n')}\n`,
  ].join('');
}

/** What a preview cannot show. */
export const PREVIEW_HINT =
  'Date, Message-ID, links to unsubscribe, a signature and the Feedback-ID that goes with it are made when it is sent';
