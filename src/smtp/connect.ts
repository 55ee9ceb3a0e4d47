import { rootCertificates } from 'node:tls';
import { MAX_AUTHORITIES_BYTES, readNamedSync } from '../named-file.js';
import type { SmtpSettings } from './url.js';

export interface HandshakeTimeouts {
  /** Milliseconds until the TCP connection (and TLS, with smtps) stands. */
  connect: number;
  /** Milliseconds for the greeting, EHLO, STARTTLS and AUTH together. */
  greeting: number;
}

/** The options of nodemailer's SMTPConnection for these settings. Reads the authorities' file. */
export function connectionOptions(settings: SmtpSettings, timeouts: HandshakeTimeouts): object {
  return {
    ...settings.options,
    host: settings.host,
    port: settings.port,
    secure: settings.secure,
    ignoreTLS: settings.startTls === 'never',
    requireTLS: settings.startTls === 'required',
    connectionTimeout: timeouts.connect + timeouts.greeting,
    greetingTimeout: timeouts.greeting,
    socketTimeout: timeouts.connect + timeouts.greeting,
    socketCloseTimeout: 0,
    ...(settings.clientName === undefined ? {} : { name: settings.clientName }),
    tls: {
      minVersion: 'TLSv1.2',
      ...(settings.options.tls as object | undefined),
      rejectUnauthorized: settings.verifyCertificate,
      ...(settings.ca === undefined
        ? {}
        : {
            ca: [
              ...rootCertificates,
              readNamedSync(settings.ca, MAX_AUTHORITIES_BYTES).toString('utf8'),
            ],
          }),
    },
  };
}

/** Takes the password out of what is going to be logged and stored, in the forms AUTH gives it. */
export function redactor({ user = '', password }: SmtpSettings): (text: string) => string {
  if (!password) return (text) => text;
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const secrets = [base64(`\0${user}\0${password}`), base64(password), password];
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}

/** Who logs in where, for messages: `news at smtp.example.org:587`. */
export const loginOf = (settings: SmtpSettings): string =>
  redactor(settings)(`${settings.user} at ${settings.host}:${settings.port}`);
