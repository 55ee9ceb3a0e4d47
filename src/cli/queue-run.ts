import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { CampaignError } from '../errors.js';
import { type AddressColumn, openRecipients } from '../list/recipient-list.js';
import { createRejects, type RejectsFile } from '../list/rejects.js';
import { counted, fileError, type ListSource, openSource } from '../list/source.js';
import { hasNoText } from '../message/plain-text.js';
import { named, parseTemplates } from '../message/template.js';
import {
  aboveNotice,
  encodingLine,
  type QueuePlanView,
  type QueueView,
  twinsNotice,
} from '../view/queue.js';
import { findEarlier, type ImportDeps, importList } from './queue-import.js';
import type { QueueOptions } from './queue-options.js';
import { type ImportProgress, ListReader, type ReaderDeps } from './queue-reader.js';

/** The outside of `queue`. */
export interface QueueDeps extends ImportDeps, ReaderDeps {
  stdin: Readable;
  randomBytes(size: number): Buffer;
  /**
   * Told what is going to be imported, where that is to be confirmed afterwards.
   * @throws CampaignError CONFIRMATION_NEEDED when there is nobody to ask
   */
  announce(plan: QueuePlanView): Promise<void>;
  /** Asks which of several columns holds the address, and gives its index; left out where nobody is to be asked. */
  chooseColumn?: ((columns: readonly AddressColumn[]) => Promise<number>) | undefined;
}

const MAX_TEMPLATE_BYTES = 4 * 1024 * 1024;
/** Distinct addresses a dry run remembers, to count duplicates in bounded memory. */
const DRY_RUN_ADDRESSES = 1_000_000;

/**
 * Queues a list: checks message and header, then reads the list once, into the ledger or, in a dry run, to count it.
 * See `importList` for what a failure leaves. With a key that another send has, that send is given back.
 * @throws CampaignError BAD_LIST, BAD_FILE, BAD_TEMPLATE, CONFIRMATION_NEEDED, WRONG_STATE, or one of the database
 */
export async function queue(options: QueueOptions, deps: QueueDeps): Promise<QueueView> {
  const html = await readTemplate('--html', options.html);
  const text = await readTemplate('--text', options.text);
  if (options.key !== null && !options.dryRun) {
    const earlier = await findEarlier(await deps.database(), options.key, deps);
    if (earlier) return earlier;
  }
  if (options.list === '-' && !options.yes && !options.dryRun) throw nobodyToAsk();
  const source = await openSource(options.list, deps.stdin, deps.signal);
  const progress: ImportProgress = { bytes: 0, totalBytes: source.size, lines: 0 };
  const chunks = counted(source.chunks, (bytes) => {
    progress.bytes += bytes;
  });
  const list = await openRecipients(chunks, {
    name: source.name,
    emailColumn: options.emailColumn,
    encoding: options.encoding,
    onEncoding: (found) => deps.onNotice(encodingLine(source.name, found)),
    chooseColumn: options.yes ? undefined : deps.chooseColumn,
  });
  try {
    const { fields, twins } = list.columns;
    if (list.above.length > 0) {
      deps.onNotice(aboveNotice(source.name, list.headerLine, list.above));
    }
    const fieldNames = fields.map((field) => field.name);
    parseTemplates({
      subject: { name: 'subject', source: options.subject },
      html: named(options.html as string, html),
      text: named(options.text as string, text),
      listUnsubscribe: named('--list-unsubscribe', options.listUnsubscribe),
      fieldNames,
      twins,
      timezone: options.timezone,
    });
    if (twins.size > 0) deps.onWarning(twinsNotice(twins));
    if (!options.yes && !options.dryRun) await deps.announce(plan(options, source, fieldNames));
    if (html !== null && text === null && hasNoText(html)) {
      deps.onWarning(
        `The text part made from ${options.html} is empty: give images an alt text, or a text part with --text.`,
      );
    }
    const reader = new ListReader(list, source.name, progress, deps);
    const rejects =
      options.rejects === null
        ? null
        : await createRejects(options.rejects, [options.list, options.html, options.text]);
    try {
      if (options.dryRun) return await dryRun(options, reader, rejects);
      const message = {
        sender: options.from,
        replyTo: options.replyTo,
        subject: options.subject,
        html,
        text,
        listUnsubscribe: options.listUnsubscribe,
        timezone: options.timezone,
        fieldNames,
        secret: deps.randomBytes(32),
      };
      return await importList({ ...options, message }, reader, rejects, deps);
    } finally {
      reader.showFindings();
      await rejects?.close();
    }
  } finally {
    await list.close();
  }
}

export const nobodyToAsk = (): CampaignError =>
  new CampaignError(
    'CONFIRMATION_NEEDED',
    'queue asks before it sends, and there is nobody to ask',
    'add --yes to go ahead, or --dry-run to check the list only',
  );

async function readTemplate(flag: string, path: string | null): Promise<string | null> {
  if (path === null) return null;
  const remedy = `give a readable file in UTF-8 with ${flag}`;
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw fileError(path, error, remedy);
  }
  if (bytes.length > MAX_TEMPLATE_BYTES) {
    throw new CampaignError('BAD_FILE', `${path} is larger than 4 MB`, remedy);
  }
  if (!isUtf8(bytes) || bytes.includes(0)) {
    throw new CampaignError('BAD_TEMPLATE', `${path} is not text in UTF-8`, remedy);
  }
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  if (text.trim() === '') {
    throw new CampaignError('BAD_TEMPLATE', `${path} is empty`, `give the body with ${flag}`);
  }
  return text;
}

const plan = (
  options: QueueOptions,
  source: ListSource,
  fieldNames: readonly string[],
): QueuePlanView => ({ ...options, list: source.name, listBytes: source.size, fieldNames });

async function dryRun(
  options: QueueOptions,
  reader: ListReader,
  rejects: RejectsFile | null,
): Promise<QueueView> {
  const seen = new Set<string>();
  let uncounted = 0;
  await reader.read(rejects, async (recipients) => {
    for (const { norm } of recipients) {
      if (seen.size < DRY_RUN_ADDRESSES) seen.add(norm);
      else uncounted++;
    }
    return [];
  });
  const duplicates = uncounted === 0 ? reader.accepted - seen.size : null;
  return {
    id: null,
    name: options.name,
    status: 'dry-run',
    total: reader.accepted - (duplicates ?? 0),
    rejected: reader.rejected,
    duplicates,
    suppressed: null,
    alreadyQueued: false,
    ...reader.international,
    encoding: reader.encoding,
    headerLine: reader.headerLine,
    looksEncodedTwice: reader.encodedTwice,
  };
}
