import { isIP } from 'node:net';
import {
  isLoopback,
  PERCENT_ENCODING,
  parseServerUrl,
  unknownMode,
  unknownOption,
} from '../domain/server-url.js';
import { CampaignError } from '../errors.js';

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

const bad = (what: string): CampaignError =>
  new CampaignError(
    'BAD_SETTING',
    `CAMPAIGN_SMTP_URL ${what}`,
    `write it as smtp://user:password@host:587 or smtps://user:password@host:465 (?tls=off|offered|verify|unverified, ?tls-ca=/path, ?name=ehlo.example.org); ${PERCENT_ENCODING}`,
  );

const TLS_MODES = ['off', 'offered', 'verify', 'unverified'] as const;
type TlsMode = (typeof TLS_MODES)[number];

const isTrue = (text: string): boolean => ['true', '1', 'yes'].includes(text.toLowerCase());

/** SMTPConnection's own options that a URL may carry, and how each is read. */
const OPTIONS: Record<string, 'milliseconds' | 'text'> = {
  connectionTimeout: 'milliseconds',
  greetingTimeout: 'milliseconds',
  socketTimeout: 'milliseconds',
  dnsTimeout: 'milliseconds',
  localAddress: 'text',
  authMethod: 'text',
};

/**
 * Reads `smtp://user:password@host:587?…` or `smtps://…:465`, with nodemailer's names for its options.
 * Beyond loopback TLS is verified, and STARTTLS used where offered and required with credentials;
 * on loopback there is TLS only where the URL asks for it.
 * @throws CampaignError BAD_SETTING, never quoting the URL (it holds a password)
 */
export function parseSmtpUrl(text: string, password?: string): SmtpSettings {
  const url = parseServerUrl(text, bad);
  if (url.scheme !== 'smtp' && url.scheme !== 'smtps') throw bad('is not an SMTP URL');
  const [server, ...others] = url.hosts;
  if (!server) throw bad('names no host');
  if (others.length > 0) throw bad('names several hosts, where there can be one');
  if (url.path !== '') throw bad('has a path');
  if (url.user === '' && url.password !== '') throw bad('has a password without a user');
  const { host } = server;
  const { user } = url;
  const secure = url.scheme === 'smtps';
  const query = readQuery(url.options);
  const local = isLoopback(host);
  const tls = query.tls ?? (local ? 'off' : user ? 'verify' : 'offered');
  if (tls === 'off' && !secure && user && !local) {
    throw bad('would send the password over an open line');
  }
  return {
    host,
    port: server.port ?? (secure ? 465 : 25),
    secure,
    ...(user ? { user, password: password ?? url.password } : {}),
    startTls: secure || tls === 'off' ? 'never' : tls === 'offered' ? 'offered' : 'required',
    verifyCertificate:
      tls === 'verify' || (tls === 'offered' && !local) || (tls === 'off' && !local),
    ...(query.ca === undefined ? {} : { ca: query.ca }),
    ...(query.clientName === undefined ? {} : { clientName: query.clientName }),
    options: query.options,
  };
}

interface SmtpQuery {
  tls?: TlsMode;
  ca?: string;
  clientName?: string;
  options: Record<string, unknown>;
}

function readQuery(params: URLSearchParams): SmtpQuery {
  const query: SmtpQuery = { options: {} };
  for (const [name, value] of params) {
    if (name === 'tls') {
      const mode = TLS_MODES.find((known) => known === value);
      if (!mode) throw bad(unknownMode(value));
      query.tls = mode;
    } else if (name === 'tls-ca') query.ca = value;
    else if (name === 'name') query.clientName = value;
    else if (name === 'requireTLS') query.tls ??= isTrue(value) ? 'verify' : 'offered';
    else if (name === 'ignoreTLS') query.tls ??= isTrue(value) ? 'off' : 'offered';
    else if (name === 'tls.rejectUnauthorized') query.tls = isTrue(value) ? 'verify' : 'unverified';
    else query.options[name] = readOption(name, value);
  }
  return query;
}

const AUTH_METHODS = /^(PLAIN|LOGIN|CRAM-MD5)$/i;

function readOption(name: string, value: string): string | number {
  const kind = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
  if (kind === undefined)
    throw bad(unknownOption(['tls', 'tls-ca', 'name', ...Object.keys(OPTIONS)]));
  if (name === 'localAddress' && isIP(value) === 0)
    throw bad(`has ${name}, which is no IP address`);
  if (name === 'authMethod' && !AUTH_METHODS.test(value)) {
    throw bad(`has ${name}, which is none of PLAIN, LOGIN, CRAM-MD5`);
  }
  if (kind === 'text') return value;
  if (!/^\d{1,9}$/.test(value)) throw bad(`has ${name}, which is no number of milliseconds`);
  return Number(value);
}
