import { isLoopback, unknownOption } from '../domain/server-url.js';
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
    'write it as smtp://user:password@host:587 or smtps://user:password@host:465 (percent-encoded; ?tls=off|offered|verify|unverified, ?tls-ca=/path, ?name=ehlo.example.org)',
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
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw bad('is not a URL');
  }
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') throw bad('is not an SMTP URL');
  if (!url.hostname) throw bad('names no host');
  if (url.port === '0') throw bad('has the port 0');
  if (url.pathname !== '' && url.pathname !== '/') throw bad('has a path');
  const decode = (part: string): string => {
    try {
      return decodeURIComponent(part);
    } catch {
      throw bad('is not percent-encoded correctly');
    }
  };
  const secure = url.protocol === 'smtps:';
  const host = decode(url.hostname).replace(/^\[|\]$/g, '');
  const user = decode(url.username);
  const secret = password ?? decode(url.password);
  const query = readQuery(url.searchParams);
  const local = isLoopback(host);
  const tls = query.tls ?? (local ? 'off' : user ? 'verify' : 'offered');
  if (tls === 'off' && !secure && user && !local) {
    throw bad('would send the password over an open line');
  }
  return {
    host,
    port: url.port ? Number(url.port) : secure ? 465 : 25,
    secure,
    ...(user ? { user, password: secret } : {}),
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
      if (!mode) throw bad(`has tls=${value}`);
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

function readOption(name: string, value: string): string | number {
  const kind = OPTIONS[name];
  if (kind === undefined) throw bad(unknownOption(name));
  if (kind === 'text') return value;
  if (!/^\d{1,9}$/.test(value)) throw bad(`has ${name}, which is no number of milliseconds`);
  return Number(value);
}
