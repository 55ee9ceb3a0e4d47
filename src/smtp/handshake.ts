import type { Socket } from 'node:net';
import type { NodemailerError } from 'nodemailer/lib/errors.js';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Stage } from '../domain/reply.js';
import type { DeliveryResult } from '../domain/verdict.js';
import { type HandshakeTimeouts, loginOf, redactor } from './connect.js';
import { toReply } from './reply-parser.js';
import type { SmtpSettings } from './url.js';

/** A connection that is greeted, encrypted and logged in as the settings ask, with nothing listening on its socket. */
export interface OpenConnection {
  socket: Socket;
  /** Bytes that came behind the last reply of the handshake, as latin1. */
  early: string;
  pipelining: boolean;
  smtpUtf8: boolean;
  eightBitMime: boolean;
  size: boolean;
  /** Bytes a message may have; 0 when the server does not say. */
  maxSize: number;
}

export type Handshake = { connection: OpenConnection } | { failure: DeliveryResult };

/** What nodemailer keeps to itself and the takeover needs; held by the tests against a real server. */
interface Internals {
  _onSocketData: (chunk: Buffer) => void;
  _onSocketError: (error: Error) => void;
  _onSocketClose: () => void;
  _onSocketEnd: () => void;
  _onSocketTimeout: () => void;
  _remainder: string;
  _responseQueue: string[];
  _supportedExtensions: string[];
  _maxAllowedSize: number;
}

/** Codes of Node and OpenSSL for a certificate or a TLS offer that no retry will mend. */
const TLS_TROUBLE =
  /CERT|SELF_SIGNED|ISSUER|UNABLE_TO_(GET|VERIFY|DECRYPT)|CRL|HOSTNAME_MISMATCH|^ERR_(TLS|SSL)|^EPROTO$/;

function takeOver(connection: SMTPConnection): OpenConnection {
  const internals = connection as unknown as Internals;
  const socket = connection._socket as Socket;
  socket.setTimeout(0);
  socket.off('data', internals._onSocketData);
  socket.off('error', internals._onSocketError);
  socket.off('close', internals._onSocketClose);
  socket.off('end', internals._onSocketEnd);
  socket.off('timeout', internals._onSocketTimeout);
  // Until the new owner listens nothing may be lost, and no error be without a listener.
  socket.on('error', () => undefined);
  socket.pause();
  const early = [...internals._responseQueue.splice(0), internals._remainder].join('\r\n');
  internals._remainder = '';
  const offers = new Set(internals._supportedExtensions);
  return {
    socket,
    early,
    pipelining: offers.has('PIPELINING'),
    smtpUtf8: offers.has('SMTPUTF8'),
    eightBitMime: offers.has('8BITMIME'),
    size: offers.has('SIZE'),
    maxSize: internals._maxAllowedSize,
  };
}

/**
 * Connects, greets, encrypts and logs in by nodemailer, and hands over the socket. Never rejects.
 * @param options of `connectionOptions`
 * @param signal aborts at once; the failure is then that the connection was given up
 */
export function shakeHands(
  settings: SmtpSettings,
  options: object,
  timeouts: HandshakeTimeouts,
  signal: AbortSignal,
): Promise<Handshake> {
  return new Promise((resolve) => {
    const connection = new SMTPConnection(options);
    const redact = redactor(settings);
    const where = `${settings.host}:${settings.port}`;
    let stage: Stage = 'connect';
    let settled = false;

    const settle = (handshake: Handshake): void => {
      if (settled) return;
      settled = true;
      clearTimeout(connecting);
      clearTimeout(greeting);
      signal.removeEventListener('abort', giveUp);
      if ('failure' in handshake) connection.close();
      resolve(handshake);
    };
    const fail = (error: string, certificate = false): void =>
      settle({
        failure: {
          kind: 'broken',
          stage,
          error: redact(`${stage === 'auth' ? `login of ${loginOf(settings)}` : where}: ${error}`),
          ...(certificate ? { certificate } : {}),
        },
      });
    const failWith = (error: NodemailerError): void => {
      const { responseCode, response, code, originalCode } = error as NodemailerError & {
        originalCode?: string;
      };
      if (code === 'ETLS' && (responseCode ?? 0) >= 500) {
        // STARTTLS refused for good: without TLS no password is sent, however often one tries.
        fail(
          `no TLS, which is required here (${error.message}); see ?tls= of CAMPAIGN_SMTP_URL`,
          true,
        );
      } else if (responseCode && typeof response === 'string') {
        const { text, ...reply } = toReply(response.split(/\r?\n/));
        settle({ failure: { kind: 'reply', stage, reply: { ...reply, text: redact(text) } } });
      } else {
        fail(error.message, TLS_TROUBLE.test(originalCode ?? code ?? ''));
      }
    };
    const giveUp = (): void => fail('the connection was given up');

    const connecting = setTimeout(() => {
      if (connection.stage !== 'connected') {
        fail(`no connection within ${timeouts.connect / 1000} s`);
      }
    }, timeouts.connect);
    const greeting = setTimeout(
      () => fail(`no session within ${timeouts.greeting / 1000} s of connecting`),
      timeouts.connect + timeouts.greeting,
    );
    signal.addEventListener('abort', giveUp);

    // nodemailer calls back neither `connect` nor `login` when the line breaks.
    connection.on('error', failWith);
    connection.once('end', () => fail('the server closed the connection'));
    const ready = (): void => settle({ connection: takeOver(connection) });
    connection.connect((error) => {
      if (error) return failWith(error);
      if (settled) return;
      const { user, password } = settings;
      if (user === undefined) return ready();
      stage = 'auth';
      if (!connection.allowsAuth) return fail('the server offers no AUTH');
      const method = settings.options.authMethod as string | undefined;
      connection.login({ user, pass: password ?? '', ...(method ? { method } : {}) }, (refused) =>
        refused ? failWith(refused) : ready(),
      );
    });
    if (signal.aborted) giveUp();
  });
}
