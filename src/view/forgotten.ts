import type { Forgotten } from '../domain/forgotten.js';
import { printable } from './printable.js';
import { entryInWords } from './suppressions.js';

/** What is held of somebody, a line each. */
export function forgottenLines({ rows, events, suppressions }: Forgotten): string {
  const lines = [
    ...rows.map(({ id, name, email, status, fields, response, sentAt, files }) =>
      [
        `send ${id} (${printable(name)}): ${printable(email)} ${status}${sentAt ? ` ${sentAt.toISOString()}` : ''}`,
        ...(fields ? [`  fields: ${printable(JSON.stringify(fields))}`] : []),
        ...files.map((file) => `  file: ${printable(file)}`),
        ...(response === null ? [] : [`  words: ${printable(response)}`]),
      ].join('\n'),
    ),
    ...(events > 0 ? [`events that name the address: ${events}`] : []),
    ...suppressions.map((entry) => `suppressed: ${entryInWords(entry)}`),
  ];
  return lines.length === 0 ? 'nothing is held\n' : `${lines.join('\n')}\n`;
}

/** What was done, and what was not. */
export function forgottenHint(
  { email, rows, events, suppressions, blanked, left }: Forgotten,
  blank: boolean,
): string {
  const address = printable(email);
  const lines: string[] = [];
  if (!blank && rows.length + events > 0) {
    lines.push(
      `\`campaign forget ${address} --yes\` blanks fields, files and words; addresses and outcomes stay`,
    );
  }
  if (blank) lines.push(`blanked: ${blanked}`);
  if (left > 0) {
    lines.push(
      `to be mailed yet, and left as they are: ${left}; \`campaign suppress add ${address}\` keeps them from it, then forget again`,
    );
  }
  if (suppressions.length > 0) {
    lines.push('the no to being mailed stays: without it the address could be mailed again');
  }
  return lines.join('\n');
}
