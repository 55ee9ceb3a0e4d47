import type { DatabaseAddress } from './store/url.js';

/** Every setting, checked and frozen. The only reader of process.env is this file. */
export interface Settings {
  /** Where the two servers come from: the user's URLs, or the sandbox when neither is set. */
  source: 'urls' | 'sandbox';
  database: DatabaseAddress;
  /** Undefined when only the database is set: everything but run-scheduler works. */
  smtp?: SmtpSettings;
  sessionTtlSeconds: number;
  retryFirstSeconds: number;
  retryMaxSeconds: number;
  /** Server failures in a row, with no success between, after which a send pauses itself. */
  maxServerFailures: number;
  backoffMaxSeconds: number;
  /** Identical refusals in a row after which a send pauses itself and takes them back. */
  blockAfter: number;
  sandboxDirectory: string;
}

export interface SmtpSettings {
  host: string;
  port: number;
  /** TLS from the first byte (smtps). */
  secure: boolean;
  user?: string;
  password?: string;
  /** STARTTLS: `never`, used where offered, or required. */
  startTls: 'never' | 'offered' | 'required';
  verifyCertificate: boolean;
  /** PEM file of extra authorities. */
  ca?: string;
  /** Name given in EHLO. */
  clientName?: string;
  /** Further nodemailer SMTPConnection options given in the URL's query. */
  options: Record<string, unknown>;
}
