import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { needsSmtpUtf8 } from '../domain/address.js';
import { CampaignError } from '../errors.js';
import {
  type ListRecipient,
  openRecipients,
  type RecipientList,
  type Rejection,
} from '../list/recipients.js';
import { createRejects, type RejectsFile } from '../list/rejects.js';
import { counted, fileError, type ListSource, openSource } from '../list/source.js';
import { parseTemplates } from '../mail/template.js';
import type { Database } from '../store/database.js';
import { explainDatabaseError } from '../store/errors.js';
import { eventStatement } from '../store/events.js';
import {
  chooseRowInsert,
  createImport,
  deleteImport,
  findQueued,
  findQueuedByKey,
  ImportWriter,
  type NewSend,
  type QueuedSend,
  readPacketLimit,
  releaseImport,
} from '../store/imports.js';
import type { StoredMessage } from '../store/messages.js';
import { cancelImport } from '../store/sends.js';
import type { QueuePlanView, QueueView, RejectionView } from '../view/queue.js';
import type { QueueOptions } from './queue-options.js';

/** What of a list has been dealt with so far. */
export interface ImportProgress {
  bytes: number;
  /** Null for a pipe. */
  totalBytes: number | null;
  lines: number;
}

/** The outside of `queue`. */
export interface QueueDeps {
  /** Opened with `countChangedRows`, schema checked. Not asked for in a dry run. */
  database(): Promise<Database>;
  stdin: Readable;
  /** Aborted with the name of the signal that interrupts the command. */
  signal: AbortSignal;
  actor: string;
  randomBytes(size: number): Buffer;
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** Resolves when the plan may be carried out, throws when not. */
  confirm(plan: QueuePlanView): Promise<void>;
  onProgress(progress: ImportProgress): void;
  /** Told once, when the list has been read or reading it has failed, if any line was rejected. */
  onRejected(first: readonly RejectionView[], total: number): void;
  onNotice(text: string): void;
}

const MAX_TEMPLATE_BYTES = 4 * 1024 * 1024;
const SHOWN_REJECTIONS = 5;
/** Distinct addresses a dry run remembers, to count duplicates in bounded memory. */
const DRY_RUN_ADDRESSES = 1_000_000;
/** Another import under the same key that has not moved for this long is taken for dead. */
const STALLED_MS = 15_000;
const POLL_MS = 250;
const NON_ASCII = /[^\0-\x7f]/;

/**
 * Queues a list: reads and checks it in one pass, writes it to the ledger as it goes, and releases the send
 * when everything is counted. Fails with nothing left in the database; an interrupted import stays as a
 * cancelled send. With a key that another send has, that send is given back.
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
  });
  try {
    const fieldNames = list.columns.fields.map((field) => field.name);
    parseTemplates({
      subject: { name: 'subject', source: options.subject },
      html: html === null ? null : { name: options.html as string, source: html },
      text: text === null ? null : { name: options.text as string, source: text },
      fieldNames,
    });
    if (!options.yes && !options.dryRun) await deps.confirm(plan(options, source, fieldNames));
    const reader = new ListReader(list, source.name, progress, deps);
    const rejects =
      options.rejects === null ? null : await createRejects(options.rejects, options.list);
    try {
      if (options.dryRun) return await dryRun(options, reader, rejects);
      const message: StoredMessage = {
        sender: options.from,
        replyTo: options.replyTo,
        subject: options.subject,
        html,
        text,
        fieldNames,
        secret: deps.randomBytes(32),
      };
      return await importList(options, message, reader, rejects, deps);
    } finally {
      reader.showRejected();
      await rejects?.close();
    }
  } finally {
    await list.close();
  }
}

export const nobodyToAsk = (): CampaignError =>
  new CampaignError(
    'CONFIRMATION_NEEDED',
    'queue asks before it imports, and there is nobody to ask',
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

/** Reads a list to its end once, keeping the count of what was rejected. */
class ListReader {
  rejected = 0;
  accepted = 0;
  readonly international = { idnConverted: 0, needSmtpUtf8: 0 };
  private readonly first: RejectionView[] = [];

  constructor(
    private readonly list: RecipientList,
    private readonly name: string,
    private readonly progress: ImportProgress,
    private readonly deps: QueueDeps,
  ) {}

  /**
   * @param take gets the recipients batch by batch and gives back those it cannot take
   * @throws CampaignError BAD_LIST when the list has no recipient
   */
  async read(
    rejects: RejectsFile | null,
    take: (recipients: readonly ListRecipient[]) => Promise<Rejection[]>,
  ): Promise<void> {
    for await (const { accepted, rejected } of this.list.batches) {
      this.deps.signal.throwIfAborted();
      const refused = await take(accepted);
      this.accepted += accepted.length - refused.length;
      this.countInternational(accepted);
      const all = [...rejected, ...refused];
      this.rejected += all.length;
      this.first.push(...all.slice(0, SHOWN_REJECTIONS - this.first.length));
      await rejects?.write(all);
      this.progress.lines += accepted.length + rejected.length;
      this.deps.onProgress(this.progress);
    }
    this.deps.signal.throwIfAborted();
    if (this.accepted > 0) return;
    throw new CampaignError(
      'BAD_LIST',
      this.rejected === 0
        ? `${this.name} has a header and no rows`
        : `${this.name} has no valid row: ${this.rejected === 1 ? 'its only row was' : `all ${this.rejected} were`} rejected`,
      'give a list with at least one valid address',
    );
  }

  private countInternational(recipients: readonly ListRecipient[]): void {
    for (const { email, norm } of recipients) {
      if (!NON_ASCII.test(email)) continue;
      if (NON_ASCII.test(email.slice(email.lastIndexOf('@')))) this.international.idnConverted++;
      if (needsSmtpUtf8(norm)) this.international.needSmtpUtf8++;
    }
  }

  showRejected(): void {
    if (this.rejected > 0) this.deps.onRejected(this.first, this.rejected);
  }
}

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
  };
}

async function importList(
  options: QueueOptions,
  message: StoredMessage,
  reader: ListReader,
  rejects: RejectsFile | null,
  deps: QueueDeps,
): Promise<QueueView> {
  const database = await deps.database();
  const packetLimit = await readPacketLimit(database);
  const bulk = await chooseRowInsert(database);
  const created = await createOrFind(database, { ...options, message }, deps);
  if (typeof created !== 'number') return created;
  const writer = new ImportWriter(database, created, bulk);
  try {
    await reader.read(rejects, async (recipients) => {
      const refused = recipients.filter((recipient) => isOversize(recipient, packetLimit));
      await writer.add(
        refused.length === 0 ? recipients : recipients.filter((r) => !refused.includes(r)),
      );
      return refused.map(({ line, email }) => ({
        line,
        reason: 'more in its cells than the database takes in one packet (max_allowed_packet)',
        cells: [email],
      }));
    });
    await writer.finish();
    deps.signal.throwIfAborted();
    await releaseImport(
      database,
      created,
      options.paused ? 'paused' : 'running',
      { rejected: reader.rejected, duplicates: reader.accepted - writer.inserted },
      deps.actor,
    );
    return asView((await findQueued(database, created)) as QueuedSend, false, reader);
  } catch (error) {
    await writer.settle();
    return await abandon(database, created, error, reader, deps);
  }
}

/** Escaping can double a value on its way into a statement. */
const isOversize = ({ fields }: ListRecipient, packetLimit: number): boolean =>
  fields !== null &&
  fields.length * 6 > packetLimit &&
  Buffer.byteLength(fields) * 2 + 4096 > packetLimit;

/** @returns the id of a new send, or the earlier send with the same key */
async function createOrFind(
  database: Database,
  send: NewSend,
  deps: QueueDeps,
): Promise<number | QueueView> {
  for (;;) {
    const id = await createImport(database, send, deps.actor);
    if (id !== undefined) return id;
    const earlier = await findEarlier(database, send.key as string, deps);
    if (earlier) return earlier;
  }
}

const asView = (send: QueuedSend, alreadyQueued: boolean, reader?: ListReader): QueueView => ({
  id: send.id,
  name: send.name,
  status: send.status,
  total: send.total,
  rejected: send.rejected,
  duplicates: send.duplicates,
  suppressed: send.suppressed,
  alreadyQueued,
  idnConverted: reader?.international.idnConverted ?? null,
  needSmtpUtf8: reader?.international.needSmtpUtf8 ?? null,
});

/**
 * The send that has the key, once its import has ended; undefined when there is none, or its import failed.
 * @throws CampaignError WRONG_STATE when its import does not move: it was killed
 */
async function findEarlier(
  database: Database,
  key: string,
  deps: QueueDeps,
): Promise<QueueView | undefined> {
  let lastSeq = -1;
  let movedAt = deps.now();
  for (;;) {
    const send = await findQueuedByKey(database, key);
    if (!send) return undefined;
    if (send.status !== 'importing') return asView(send, true);
    if (send.lastSeq !== lastSeq) {
      if (lastSeq === -1) {
        deps.onNotice(`send ${send.id} with this key is being imported; waiting for its end`);
      }
      lastSeq = send.lastSeq;
      movedAt = deps.now();
    } else if (deps.now() - movedAt > STALLED_MS) {
      throw new CampaignError(
        'WRONG_STATE',
        `send ${send.id} has the key "${key}" and is still importing, but has not moved for ${STALLED_MS / 1000} seconds`,
        `if nothing imports it any more, \`campaign cancel ${send.id}\` puts it away and frees the key; then queue again`,
      );
    }
    await sleep(POLL_MS, undefined, { signal: deps.signal });
  }
}

/**
 * What to do with an import that did not come to its end: an interrupted one is cancelled and kept, a failed one
 * removed. When only the answer of the last commit was lost, it is what was committed that counts.
 */
async function abandon(
  database: Database,
  id: number,
  error: unknown,
  reader: ListReader,
  deps: QueueDeps,
): Promise<QueueView> {
  try {
    const send = await findQueued(database, id);
    if (!send || send.status === 'cancelled') throw error;
    if (send.status !== 'importing') return asView(send, false, reader);
    if (!deps.signal.aborted) {
      await deleteImport(database, id);
      throw error;
    }
    await cancelInterrupted(database, id, deps);
    const cancelled = (await findQueued(database, id)) ?? send;
    return { ...asView(cancelled, false, reader), rejected: reader.rejected };
  } catch (failure) {
    if (failure === error) throw error;
    const reason = explainDatabaseError(error, database.name);
    throw new CampaignError(
      reason instanceof CampaignError ? reason.code : 'INTERNAL',
      `${(reason as Error).message}; what was imported could not be removed: send ${id} stays as importing and is never sent`,
      `\`campaign cancel ${id}\` puts it away and frees its key`,
      { cause: error },
    );
  }
}

const cancelInterrupted = (database: Database, id: number, deps: QueueDeps): Promise<void> =>
  database.transaction(async (tx) => {
    if (!(await cancelImport(tx, id))) return;
    const event = eventStatement({
      sendId: id,
      event: 'cancelled',
      actor: deps.actor,
      reason: `import interrupted by ${String(deps.signal.reason)}`,
    });
    await tx.run(event.sql, event.params);
  });
