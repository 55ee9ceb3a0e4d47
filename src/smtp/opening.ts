import type { FilledMessage } from '../domain/message.js';
import type { DeliveryResult } from '../domain/verdict.js';
import type { OpenConnection } from './handshake.js';

/** The commands that open a message's transaction, and how the message is written. */
export interface Opening {
  mail: string;
  rcpt: string;
  /** Bytes of the message. */
  bytes: number;
  /** Whether its header has to be written as UTF-8; where it is ASCII throughout Latin-1 is the same, and faster. */
  eightBit: boolean;
  /** Whether the commands have. */
  utf8: boolean;
}

/** MAIL and RCPT with the parameters that the server offers, or why it cannot be given this message. */
export function openingOf(
  { envelope, header, body }: FilledMessage,
  offered: OpenConnection,
): Opening | DeliveryResult {
  const { from, to, utf8 } = envelope;
  const headerBytes = Buffer.byteLength(header);
  let bytes = headerBytes;
  for (const piece of body) bytes += piece.length;
  if (/[\p{Cc}<>]/u.test(from + to)) {
    return unsendable('5.1.3', 'the address cannot stand in an SMTP command');
  }
  if (utf8 && !offered.smtpUtf8) {
    return unsendable('5.6.7', 'the address needs SMTPUTF8, which the server does not offer');
  }
  if (offered.maxSize > 0 && bytes > offered.maxSize) {
    return {
      ...unsendable('5.3.4', `the message has ${bytes} bytes; the server takes ${offered.maxSize}`),
      takes: offered.maxSize,
    };
  }
  const eightBit = headerBytes !== header.length;
  const parameters =
    (offered.size ? ` SIZE=${bytes}` : '') +
    (eightBit && offered.eightBitMime ? ' BODY=8BITMIME' : '') +
    (utf8 ? ' SMTPUTF8' : '');
  return {
    mail: `MAIL FROM:<${from}>${parameters}\r\n`,
    rcpt: `RCPT TO:<${to}>\r\n`,
    bytes,
    eightBit,
    utf8,
  };
}

const unsendable = (
  enhanced: string,
  error: string,
): Extract<DeliveryResult, { kind: 'unsendable' }> => ({
  kind: 'unsendable',
  enhanced,
  error,
});
