import type { FilledMessage } from '../../src/domain/message.ts';

/** A message as it goes over the wire, but for the final dot. */
export const dataOf = ({ header, body }: FilledMessage): string =>
  header +
  body.map((piece) => (typeof piece === 'string' ? piece : piece.toString('latin1'))).join('');

/** A message of such a text. */
export function filled(envelope: FilledMessage['envelope'], data: string): FilledMessage {
  const bodyAt = data.indexOf('\r\n\r\n') + 4;
  return bodyAt < 4
    ? { envelope, header: data, body: [] }
    : { envelope, header: data.slice(0, bodyAt), body: [data.slice(bodyAt)] };
}
