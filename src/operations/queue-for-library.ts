import { randomBytes } from 'node:crypto';
import { DKIM_MODES } from '../domain/dkim.js';
import { encodingName } from '../domain/encoding-name.js';
import { faultOfHeaders, type HeaderField } from '../domain/header-fields.js';
import {
  MAILBOX_KEYS,
  OPTIONAL_HEADER_TEMPLATES,
  type OptionalHeaders,
  type TemplateKey,
} from '../domain/message-values.js';
import { MISSING_MODES } from '../domain/missing.js';
import { PACING_DEFAULTS, PACING_LIMITS } from '../domain/pacing.js';
import { MAX_BODY_BYTES, QUEUE_LENGTHS, type Queued } from '../domain/queued.js';
import { clip } from '../domain/text.js';
import { isTimeZone } from '../domain/time-zone.js';
import { checkUnsubscribeMailto, checkUnsubscribeUrl } from '../domain/unsubscribe-link.js';
import { CampaignError } from '../errors.js';
import type { NamedTemplate } from '../message/template.js';
import { checkEnvelopeFrom, checkSender } from './check-sender.js';
import type { QueueOptions } from './library-types.js';
import { messageOf, savedMail } from './message-for-library.js';
import type { Opened } from './open-workspace.js';
import {
  callback,
  flag,
  oneOf,
  pieces,
  type Read,
  type Reader,
  readOptions,
  refuse,
  required,
  sendRate,
  shown,
  signal,
  text,
  time,
  wholeNumber,
  withRate,
} from './option-readers.js';
import { readPieces } from './pieces.js';
import { type QueueRequest, queue } from './queue.js';
import { FILE_READERS, givenFiles } from './queue-file-options.js';
import { topic } from './suppression-options.js';

/** A path, or a stream. */
const list: Reader<string | ReturnType<typeof pieces>> = (value, name) =>
  typeof value === 'string' ? text(4096)(value, name) : pieces(value, name);

/** @throws CampaignError BAD_ADDRESS */
const sender: Reader<string> = (value, name) =>
  checkSender(name, text(QUEUE_LENGTHS.header)(value, name));

const webAddress: Reader<string> = (value, name) =>
  checkUnsubscribeUrl(name, text(QUEUE_LENGTHS.header)(value, name), 'BAD_SETTING');

/** @throws CampaignError BAD_ADDRESS */
const address: Reader<string> = (value, name) =>
  checkUnsubscribeMailto(name, text(QUEUE_LENGTHS.header)(value, name));

/** @throws CampaignError BAD_TEMPLATE */
const body: Reader<NamedTemplate> = (value, name) => {
  const bad = (what: string): CampaignError =>
    new CampaignError('BAD_TEMPLATE', `${name} ${what}`, `give the body as text in ${name}`);
  if (typeof value !== 'string') throw bad('is no text');
  if (value.trim() === '') throw bad('is empty');
  if (value.includes('\0')) throw bad('has a NUL in it');
  if (Buffer.byteLength(value) > MAX_BODY_BYTES) throw bad('is larger than 4 MB');
  return { name, source: value };
};

/** @throws CampaignError BAD_SETTING for one that is not to be given */
const headerFields: Reader<HeaderField[]> = (value, name) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refuse(name, value, "an object such as { 'X-Segment': 'autumn' }");
  }
  const headers = Object.entries(value).map(([key, text]) => {
    if (typeof text !== 'string') throw refuse(`${name}[${JSON.stringify(key)}]`, text, 'text');
    return { name: key, value: text };
  });
  const fault = faultOfHeaders(headers);
  if (fault) throw new CampaignError('BAD_SETTING', `${name}: ${fault.what}`, fault.remedy);
  return headers;
};

/** @throws CampaignError BAD_ADDRESS */
const envelopeFrom: Reader<string> = (value, name) =>
  checkEnvelopeFrom(name, text(QUEUE_LENGTHS.header)(value, name));

const named =
  (reader: Reader<string>): Reader<NamedTemplate> =>
  (value, name) => ({
    name,
    source: reader(value, name),
  });

const known =
  <T>(find: (name: string) => T | undefined, wanted: string): Reader<T> =>
  (value, name) => {
    const found = typeof value === 'string' ? find(value) : undefined;
    if (found !== undefined) return found;
    throw new CampaignError('BAD_SETTING', `${name} is ${shown(value)}`, `give ${wanted}`);
  };

/** Values of the message that end in a header and may be left out. */
const OPTIONAL_HEADERS = Object.fromEntries([
  ...MAILBOX_KEYS.filter((key) => key !== 'from').map((key) => [key, sender]),
  ...OPTIONAL_HEADER_TEMPLATES.map((key) => [key, named(text(QUEUE_LENGTHS.header))]),
]) as { [K in keyof OptionalHeaders]-?: Reader<K extends TemplateKey ? NamedTemplate : string> };

/** Those of the list, and of how it goes out. */
export const SENDING_READERS = {
  list,
  name: text(QUEUE_LENGTHS.name),
  key: text(QUEUE_LENGTHS.key),
  topic,
  dkim: oneOf(DKIM_MODES),
  batchSize: wholeNumber(PACING_LIMITS.batchSize),
  delayMs: wholeNumber(PACING_LIMITS.delayMs),
  cooldownSeconds: wholeNumber(PACING_LIMITS.cooldownSeconds),
  rate: sendRate,
  maxAttempts: wholeNumber(PACING_LIMITS.maxAttempts),
  startAt: time,
  paused: flag,
  ...FILE_READERS,
  emailColumn: text(QUEUE_LENGTHS.name),
  encoding: known(encodingName, 'the name of an encoding, such as utf-8 or windows-1252'),
  where: text(QUEUE_LENGTHS.where),
  ignoreDeclined: flag,
  missing: oneOf(MISSING_MODES),
  dryRun: flag,
  signal,
  onProgress: callback<NonNullable<QueueOptions['onProgress']>>(),
  onFinding: callback<NonNullable<QueueOptions['onFinding']>>(),
  onRejected: callback<NonNullable<QueueOptions['onRejected']>>(),
};

const READERS = {
  from: sender,
  envelopeFrom,
  headers: headerFields,
  subject: text(QUEUE_LENGTHS.subject),
  html: body,
  text: body,
  markdown: body,
  eml: savedMail,
  inlineCss: flag,
  ...OPTIONAL_HEADERS,
  unsubscribeUrl: webAddress,
  unsubscribeMailto: address,
  timezone: known(
    (name) => (isTimeZone(name) ? name : undefined),
    'the name of a time zone, such as Europe/Berlin or UTC',
  ),
  ...SENDING_READERS,
};

/** Those of the message itself, each of which a later call may change; the options of its list and its pacing aside. */
export const MESSAGE_READERS = {
  from: READERS.from,
  envelopeFrom,
  headers: headerFields,
  subject: named(READERS.subject),
  html: body,
  text: body,
  markdown: body,
  inlineCss: flag,
  ...OPTIONAL_HEADERS,
  unsubscribeUrl: webAddress,
  unsubscribeMailto: address,
  timezone: READERS.timezone,
};

/**
 * Queues what a program gives.
 * @throws CampaignError BAD_SETTING, BAD_ADDRESS or BAD_TEMPLATE naming the option, and whatever `queue` throws
 */
export async function queueForLibrary(
  { workspace, smtp }: Pick<Opened, 'workspace' | 'smtp'>,
  options: QueueOptions,
  stop: AbortSignal,
): Promise<Queued> {
  const read = readOptions('queue', options, READERS);
  const request = requestOf('queue', read, stop);
  stop.throwIfAborted();
  const queued = await queue(request, {
    workspace,
    smtp,
    signal: stop,
    randomBytes,
    now: () => performance.now(),
    onProgress: read.onProgress ?? ignore,
    onFinding: read.onFinding ?? ignore,
  });
  if (stop.aborted && queued.status === 'cancelled' && !queued.alreadyQueued) throw stop.reason;
  return queued;
}

const ignore = (): void => undefined;

/** Of what was read, what these readers have read. */
const pick = <K extends keyof typeof READERS>(
  read: Read<typeof READERS>,
  readers: Readonly<Record<K, unknown>>,
): Pick<Read<typeof READERS>, K> =>
  Object.fromEntries(Object.keys(readers).map((key) => [key, read[key as K]])) as Pick<
    Read<typeof READERS>,
    K
  >;

/**
 * What a program asks for with the options of `queue`, in another call.
 * @throws CampaignError BAD_SETTING, BAD_ADDRESS or BAD_TEMPLATE naming the option
 */
export const requestForLibrary = (
  call: string,
  options: unknown,
  signal: AbortSignal,
): QueueRequest => requestOf(call, readOptions(call, options, READERS), signal);

function requestOf(call: string, read: Read<typeof READERS>, signal: AbortSignal): QueueRequest {
  const given = required(call, 'list', read.list);
  const message = messageOf(call, read);
  const files = givenFiles(read, signal);
  const { onRejected } = read;
  if (read.listUnsubscribe && (read.unsubscribeUrl ?? read.unsubscribeMailto) !== undefined) {
    throw new CampaignError(
      'BAD_SETTING',
      'listUnsubscribe is given beside unsubscribeUrl or unsubscribeMailto',
      'give listUnsubscribe for a page of your own, or the others for that of `campaign serve`',
    );
  }
  const { delayMs, cooldownSeconds } = withRate({
    delayMs: read.delayMs,
    cooldownSeconds: read.cooldownSeconds,
    rate: read.rate,
  });
  return {
    list: listInput(given, signal),
    ...pick(read, OPTIONAL_HEADERS),
    ...message,
    envelopeFrom: read.envelopeFrom,
    unsubscribeUrl: read.unsubscribeUrl,
    unsubscribeMailto: read.unsubscribeMailto,
    timezone: read.timezone ?? 'UTC',
    name: read.name ?? clip(message.subject, QUEUE_LENGTHS.name),
    key: read.key ?? null,
    topic: read.topic,
    dkim: read.dkim,
    batchSize: read.batchSize ?? PACING_DEFAULTS.batchSize,
    delayMs: delayMs ?? PACING_DEFAULTS.delayMs,
    cooldownSeconds: cooldownSeconds ?? PACING_DEFAULTS.cooldownSeconds,
    maxAttempts: read.maxAttempts ?? PACING_DEFAULTS.maxAttempts,
    startAt: read.startAt ?? null,
    paused: read.paused ?? false,
    ...files,
    attachments: [...(files.attachments ?? []), ...(message.attachments ?? [])],
    inline: [...(files.inline ?? []), ...(message.inline ?? [])],
    emailColumn: read.emailColumn,
    encoding: read.encoding,
    where: whereOf(read.where),
    ignoreDeclined: read.ignoreDeclined ?? false,
    missing: read.missing,
    dryRun: read.dryRun ?? false,
    rejects: rejectsOf(onRejected),
  };
}

/** A path, or the pieces of a list. */
export const listInput = (
  given: ReturnType<typeof list>,
  signal: AbortSignal,
): QueueRequest['list'] =>
  typeof given === 'string'
    ? { path: given }
    : { name: 'list', chunks: readPieces(given, { name: 'list', code: 'BAD_LIST', signal }) };

export const whereOf = (condition: string | undefined): QueueRequest['where'] =>
  condition === undefined ? undefined : { name: 'where', source: condition, now: new Date() };

export const rejectsOf = (onRejected: QueueOptions['onRejected']): QueueRequest['rejects'] =>
  onRejected
    ? {
        write: async (lines) => {
          for (const line of lines) await onRejected(line);
        },
        close: async () => undefined,
      }
    : null;
