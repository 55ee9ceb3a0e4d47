import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import type { Maildir } from './maildir.js';

const MAX_MESSAGE_BYTES = 50 * 1024 * 1024;

/** The two header lines that a final delivery puts on top: the envelope, which the message itself does not hold. */
function deliveryHeaders(session: SMTPServerSession): Buffer {
  const { mailFrom, rcptTo } = session.envelope;
  return Buffer.from(
    [
      `Return-Path: <${mailFrom ? mailFrom.address : ''}>`,
      ...rcptTo.map(({ address }) => `Delivered-To: ${address}`),
      '',
    ].join('\r\n'),
  );
}

/** An SMTP server that accepts everything, sends nothing on, and keeps each message in the Maildir before its 250. */
export const createCaptureServer = (maildir: Maildir): SMTPServer =>
  new SMTPServer({
    name: 'sandbox.localhost',
    banner: 'campaign sandbox',
    size: MAX_MESSAGE_BYTES,
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    maxClients: 1_000,
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (stream.sizeExceeded) {
          callback(Object.assign(new Error('5.3.4 Message too big'), { responseCode: 552 }));
          return;
        }
        try {
          maildir.deliver(Buffer.concat([deliveryHeaders(session), ...chunks]));
          callback(null, `2.0.0 Ok: kept in the sandbox`);
        } catch (error) {
          const { message } = error as Error;
          callback(Object.assign(new Error(`4.3.1 ${message}`), { responseCode: 452 }));
        }
      });
    },
  });
