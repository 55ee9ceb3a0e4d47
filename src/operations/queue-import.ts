import { setTimeout as sleep } from 'node:timers/promises';
import { DeclinedCount } from '../domain/declined.js';
import type { MissingMode } from '../domain/missing.js';
import type { Imported, Queued } from '../domain/queued.js';
import { CampaignError } from '../errors.js';
import type { RejectsFile } from '../list/rejects.js';
import type { ListRecipient } from '../list/row-check.js';
import type { SmtpSettings } from '../smtp/url.js';
import { messageBytes } from '../store/messages.js';
import type { Database } from '../store/mysql/database.js';
import { explainDatabaseError } from '../store/mysql/errors.js';
import { skipDeclined } from '../store/recipients/declined.js';
import { chooseRowInsert, ImportWriter, readPacketLimit } from '../store/recipients/import.js';
import {
  createImport,
  deleteImport,
  findQueued,
  findQueuedByKey,
  type ListCounts,
  type NewSend,
  type QueuedSend,
  releaseImport,
} from '../store/sends/import.js';
import { cancel } from '../store/sends/lifecycle.js';
import { countSuppressed } from '../store/suppressions/skip.js';
import type { ReadFile } from './queue-files.js';
import { MissingRows } from './queue-missing.js';
import type { ListReader, ReaderDeps } from './queue-reader.js';
import type { RowFiles } from './queue-row-files.js';
import { tellOfSize } from './queue-size.js';
import { storeFiles, storeRowFiles } from './queue-store-files.js';
import type { Workspace } from './workspace.js';

/** The outside of an import. */
export interface ImportDeps extends ReaderDeps {
  workspace: Pick<Workspace, 'database' | 'actor'>;
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** The relay, asked what it takes; left out where none is known. */
  smtp?: SmtpSettings | undefined;
  /** Called when the list has been read: looks at the message. */
  lint?: (() => void) | undefined;
  /** Resolves when the list, which is in the ledger now, may be sent; throws when not. */
  confirm: ((imported: Imported) => Promise<void>) | undefined;
}

/** Counts changed rows, which tells an insert from a duplicate. */
const openDatabase = (workspace: ImportDeps['workspace']): Promise<Database> =>
  workspace.database({ connections: 2, countChangedRows: true });

/** Another import under the same key that has not moved for this long is taken for dead. */
const STALLED_MS = 15_000;
const POLL_MS = 250;
/** Recipients whose removal takes a moment. */
const LONG_LIST = 50_000;

/** A send, how it is to be released, and how messages call the two parts of its body. */
export interface ImportedSend extends NewSend {
  paused: boolean;
  missing: MissingMode;
  bodyNames: { html: string | null; text: string | null };
  /** Files that go with every message. */
  files: readonly ReadFile[];
  /** Those of rows. */
  rowFiles: RowFiles | null;
}

/**
 * Writes a list to the ledger as it is read, has it confirmed, and releases the send when everything is counted.
 * Fails, or ends at a no, with nothing left in the database; an interrupted import stays as a cancelled send. With a
 * key that another send has, that send is given back.
 * @throws CampaignError BAD_LIST, CONFIRMATION_NEEDED, WRONG_STATE, or one of the database
 */
export async function importList(
  send: ImportedSend,
  reader: ListReader,
  rejects: RejectsFile | null,
  deps: ImportDeps,
): Promise<Queued> {
  const database = await openDatabase(deps.workspace);
  const packetLimit = await readPacketLimit(database);
  requireRoom(send, packetLimit, database.name);
  const bulk = await chooseRowInsert(database, packetLimit);
  const created = await createOrFind(database, send, deps);
  if (typeof created !== 'number') return created;
  const writer = new ImportWriter(database, created, bulk);
  const missingRows = new MissingRows();
  const { files, rowFiles } = send;
  const storing = { database, sendId: created, packetLimit, signal: deps.signal };
  try {
    await storeFiles(files, storing);
    await reader.read(rejects, async (recipients) => {
      await rowFiles?.look(recipients);
      const refused = recipients.filter((recipient) => isOversize(recipient, packetLimit));
      const taken =
        refused.length === 0 ? recipients : recipients.filter((r) => !refused.includes(r));
      await missingRows.add(taken, writer.seq + 1);
      await writer.add(taken);
      return refused.map(({ line, email }) => ({
        line,
        reason: 'more in its cells than the database takes in one packet (max_allowed_packet)',
        cells: [email],
      }));
    });
    await writer.finish();
    reader.showFindings();
    const { rejected, accepted, filtered, blank } = reader;
    const declined = await skipDeclines(database, created, reader, deps);
    const missing = await missingRows.settle(database, created, send.missing, reader.name, deps);
    const missingSkipped = send.missing === 'skip' ? missing.total : 0;
    if (rowFiles) await storeRowFiles(rowFiles, files.length + 1, storing);
    const largest = rowFiles?.largest ?? null;
    await tellOfSize({ ...send.message, files, largest }, deps.smtp, deps.onFinding);
    deps.lint?.();
    const counts: ListCounts = {
      rejected,
      duplicates: accepted - writer.inserted,
      blank,
      filtered,
      declined: declined.total,
      missing: missing.total,
    };
    if (deps.confirm) {
      const suppressed = await countSuppressed(database, created);
      await deps.confirm({
        ...counts,
        total: writer.inserted - declined.total - missingSkipped - suppressed,
        suppressed,
        declinedBy: declined.by,
        skipsMissing: send.missing === 'skip',
      });
    }
    deps.signal.throwIfAborted();
    await releaseImport(
      database,
      created,
      send.paused ? 'paused' : 'running',
      { ...counts, missingSkipped, encoding: reader.encoding },
      deps.workspace.actor,
    );
    return asView((await findQueued(database, created)) as QueuedSend, false, reader);
  } catch (error) {
    await writer.settle();
    return await abandon(database, created, error, reader, deps);
  } finally {
    await missingRows.close();
  }
}

/** Skips recipients whom the list itself says not to write to, on whatever line it does, and tells how many. */
async function skipDeclines(
  database: Database,
  sendId: number,
  reader: ListReader,
  { signal, onFinding }: ReaderDeps,
): Promise<DeclinedCount> {
  const count = new DeclinedCount();
  for await (const page of reader.declines()) {
    signal.throwIfAborted();
    for (const decline of await skipDeclined(database, sendId, page)) count.add(decline);
  }
  if (count.total > 0) onFinding({ kind: 'declined', total: count.total, by: count.by });
  return count;
}

/** The server counts whole kilobytes, and some bytes of its own. */
const PACKET_STEP = 1024 * 1024;

/**
 * @param left what is so where it does not fit
 * @throws CampaignError DATABASE_REFUSED when the message does not fit into one packet
 */
export function requireRoom(
  { message, bodyNames: { html, text } }: Pick<ImportedSend, 'message' | 'bodyNames'>,
  packetLimit: number,
  where: string,
  left = 'nothing was queued',
): void {
  const needed = messageBytes(message) + 1024;
  if (needed <= packetLimit) return;
  const parts = [
    { name: html, bytes: Buffer.byteLength(message.html ?? '') },
    { name: text, bytes: Buffer.byteLength(message.text ?? '') },
  ].sort((a, b) => b.bytes - a.bytes);
  const [largest] = parts;
  const named = parts.flatMap(({ name, bytes }) =>
    name === null ? [] : `${name} has ${counted(bytes)} bytes`,
  );
  const enough = Math.ceil(needed / PACKET_STEP) * PACKET_STEP;
  throw new CampaignError(
    'DATABASE_REFUSED',
    `the message is too large for ${where}, which takes ${counted(packetLimit)} bytes in one statement (max_allowed_packet), and it needs ${counted(needed)}: ${named.join(', ')}`,
    `make ${largest?.name} smaller, or raise the limit on the server (SET GLOBAL max_allowed_packet = ${enough}, and in its configuration); ${left}`,
  );
}

const counted = (bytes: number): string => bytes.toLocaleString('en-US');

/** Escaping can double a value on its way into a statement. */
const isOversize = ({ fields }: ListRecipient, packetLimit: number): boolean =>
  fields !== null &&
  fields.length * 6 > packetLimit &&
  Buffer.byteLength(fields) * 2 + 4096 > packetLimit;

/** @returns the id of a new send, or the earlier send with the same key */
async function createOrFind(
  database: Database,
  send: NewSend,
  deps: ImportDeps,
): Promise<number | Queued> {
  for (;;) {
    const id = await createImport(database, send, deps.workspace.actor);
    if (id !== undefined) return id;
    const earlier = await findEarlier(send.key as string, deps);
    if (earlier) return earlier;
  }
}

const asView = (send: QueuedSend, alreadyQueued: boolean, reader?: ListReader): Queued => ({
  id: send.id,
  name: send.name,
  status: send.status,
  total: send.total,
  rejected: send.rejected,
  duplicates: send.duplicates,
  blank: send.blank,
  filtered: send.filtered,
  declined: send.declined,
  suppressed: send.suppressed,
  missing: send.missing,
  alreadyQueued,
  idnConverted: reader?.international.idnConverted ?? null,
  needSmtpUtf8: reader?.international.needSmtpUtf8 ?? null,
  encoding: reader?.encoding ?? null,
  headerLine: reader?.headerLine ?? null,
  looksEncodedTwice: reader?.encodedTwice ?? null,
});

/**
 * The send that has the key, once its import has ended; undefined when there is none, or its import failed.
 * @throws CampaignError WRONG_STATE when its import does not move: it was killed
 */
export async function findEarlier(key: string, deps: ImportDeps): Promise<Queued | undefined> {
  const database = await openDatabase(deps.workspace);
  let lastSeq = -1;
  let movedAt = deps.now();
  for (;;) {
    const send = await findQueuedByKey(database, key);
    if (!send) return undefined;
    if (send.status !== 'importing') return asView(send, true);
    if (send.lastSeq !== lastSeq) {
      if (lastSeq === -1) {
        deps.onFinding({ kind: 'waiting-for-import', id: send.id });
      }
      lastSeq = send.lastSeq;
      movedAt = deps.now();
    } else if (deps.now() - movedAt > STALLED_MS) {
      throw new CampaignError(
        'WRONG_STATE',
        `send ${send.id} has the key "${key}" and is still importing, but has not moved for ${STALLED_MS / 1000} seconds`,
        `its \`queue\` may be waiting for an answer; if nothing imports it any more, \`campaign cancel ${send.id}\` puts it away and frees the key; then queue again`,
      );
    }
    await sleep(POLL_MS, undefined, { signal: deps.signal });
  }
}

/**
 * What to do with an import that did not come to its end: an interrupted one is cancelled and kept, one that failed or
 * was declined is removed. When only the answer of the last commit was lost, it is what was committed that counts.
 */
async function abandon(
  database: Database,
  id: number,
  error: unknown,
  reader: ListReader,
  deps: ImportDeps,
): Promise<Queued> {
  const declined = error instanceof CampaignError && error.code === 'CONFIRMATION_NEEDED';
  try {
    const send = await findQueued(database, id);
    if (!send || send.status === 'cancelled') throw error;
    if (send.status !== 'importing') return asView(send, false, reader);
    if (declined || !deps.signal.aborted) {
      if (send.total > LONG_LIST) deps.onFinding({ kind: 'removing' });
      await deleteImport(database, id);
      throw error;
    }
    const { reason } = deps.signal;
    const by = typeof reason === 'string' ? ` by ${reason}` : '';
    await cancel(database, id, deps.workspace.actor, `import interrupted${by}`);
    const cancelled = (await findQueued(database, id)) ?? send;
    const { rejected, filtered, blank } = reader;
    return { ...asView(cancelled, false, reader), rejected, filtered, blank };
  } catch (failure) {
    if (failure === error) throw error;
    const reason = explainDatabaseError(declined ? failure : error, database);
    throw new CampaignError(
      reason instanceof CampaignError ? reason.code : 'INTERNAL',
      `${(reason as Error).message}; what was imported could not be removed: send ${id} stays as importing and is never sent`,
      `\`campaign cancel ${id}\` puts it away and frees its key`,
      { cause: declined ? failure : error },
    );
  }
}
