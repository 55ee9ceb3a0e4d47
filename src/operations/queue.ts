import { DeclinedCount } from '../domain/declined.js';
import type { LintRule } from '../domain/lint.js';
import type { NewMessage } from '../domain/message.js';
import { type MissingCells, MissingCount } from '../domain/missing.js';
import type { ImportProgress, Queued, QueuePlan } from '../domain/queued.js';
import { hasUnsubscribeWay, UNSUBSCRIBE_FIELD, usableFields } from '../domain/unsubscribe-link.js';
import type { Columns } from '../list/columns.js';
import { openRecipients, type RecipientList } from '../list/recipient-list.js';
import { createRejects, type RejectsFile } from '../list/rejects.js';
import type { ListRecipient } from '../list/row-check.js';
import { counted, type ListSource, openSource } from '../list/source.js';
import { missingCheck } from '../message/missing-cells.js';
import { hasNoText } from '../message/plain-text.js';
import { parseSender } from '../message/sender.js';
import type { NamedTemplate } from '../message/template.js';
import { composeHtml } from './compose-bodies.js';
import { type ReadFile, readFiles } from './queue-files.js';
import { findEarlier, type ImportDeps, type ImportedSend, importList } from './queue-import.js';
import { lintRead } from './queue-lint.js';
import { tellOfMissing } from './queue-missing.js';
import { ListReader } from './queue-reader.js';
import type { QueueQuestions, QueueRequest } from './queue-request.js';
import { RowFiles } from './queue-row-files.js';
import { tellOfSize } from './queue-size.js';
import { checkTemplates, type TemplateListener, templatesOf, valuesOf } from './queue-templates.js';
import { rowsWhere } from './queue-where.js';

export type { MessageRequest, QueueQuestions, QueueRequest } from './queue-request.js';

/** The outside of `queue`. */
export interface QueueDeps extends Omit<ImportDeps, 'confirm' | 'lint'> {
  randomBytes(size: number): Buffer;
  /** Rules that the message is not looked at for; left out where it is not looked at. */
  lintIgnore?: readonly LintRule[] | undefined;
  /** Left out where all is decided. */
  questions?: QueueQuestions | undefined;
}

/** Distinct addresses a dry run remembers, to count duplicates in bounded memory. */
const DRY_RUN_ADDRESSES = 1_000_000;

/**
 * Queues a list: checks message and header, then reads the list once, into the ledger or, in a dry run, to count it.
 * See `importList` for what a failure leaves. With a key that another send has, that send is given back.
 * @throws CampaignError BAD_LIST, BAD_FILE, BAD_TEMPLATE, CONFIRMATION_NEEDED, WRONG_STATE, or one of the database
 */
export async function queue(given: QueueRequest, deps: QueueDeps): Promise<Queued> {
  const { dryRun, key } = given;
  const questions = dryRun ? undefined : deps.questions;
  const importDeps = { ...deps, confirm: questions?.confirm };
  if (key !== null && !dryRun) {
    const earlier = await findEarlier(key, importDeps);
    if (earlier) return earlier;
  }
  questions?.begin();
  const { request, source, list, progress } = await openList(given, deps);
  try {
    checkMessage(request, source, list, deps);
    const { files, rowFiles, html } = await filesOf(request, source, list, deps);
    await questions?.announce(planOf(request, source, list, files));
    const toldOfText = tellOfEmptyText(request, deps);
    const reader = new ListReader(list, source.name, progress, deps);
    const rejects = await openRejects(request.rejects);
    const whole = { ...request, html };
    const send = { ...sendOf(whole, list, deps), files, rowFiles };
    const { lintIgnore, onFinding } = deps;
    const lint =
      lintIgnore &&
      (() => {
        const read = { ...send, request: given, relay: deps.smtp?.host };
        lintRead(read, reader, { ignore: lintIgnore, toldOfText }, onFinding);
      });
    try {
      return dryRun
        ? await countList(whole, reader, rejects, { files, rowFiles }, { ...deps, lint })
        : await importList(send, reader, rejects, { ...importDeps, lint });
    } finally {
      reader.showFindings();
      await rejects?.close();
    }
  } finally {
    await list.close();
  }
}

/** Who is told, and asked, while a list is opened. */
export type OpeningDeps = Pick<QueueDeps, 'signal'> &
  TemplateListener & {
    questions?: Pick<QueueQuestions, 'chooseColumn'> | undefined;
  };

/** What is asked for, its HTML as it is stored, and its list, of which the header was read. */
interface Opened {
  request: QueueRequest;
  source: ListSource;
  list: RecipientList;
  progress: ImportProgress;
}

/**
 * Makes the HTML that is asked for, opens the list, and reads its header.
 * @throws CampaignError BAD_LIST, BAD_FILE, BAD_TEMPLATE
 */
export async function openList(given: QueueRequest, deps: OpeningDeps): Promise<Opened> {
  const request = { ...given, html: await composeHtml(given, deps.onFinding) };
  const source = await openSource(request.list, deps.signal);
  const progress: ImportProgress = { bytes: 0, totalBytes: source.size, lines: 0 };
  const chunks = counted(source.chunks, (bytes) => {
    progress.bytes += bytes;
  });
  const list = await openRecipients(chunks, {
    name: source.name,
    emailColumn: request.emailColumn,
    encoding: request.encoding,
    onEncoding: (found) => deps.onFinding({ kind: 'encoding', list: source.name, ...found }),
    chooseColumn: deps.questions?.chooseColumn,
    ignoreDeclined: request.ignoreDeclined,
    where: request.where && rowsWhere(request.where, source.name, request.timezone),
    missing: (columns) => missingCheck(sourcesOf(request, columns), new Date()),
  });
  return { request, source, list, progress };
}

const fieldNamesOf = ({ fields }: Columns): string[] => fields.map((field) => field.name);

/** The templates, and what they may use. */
const sourcesOf = (request: QueueRequest, columns: Columns) => ({
  ...templatesOf(request),
  headers: request.headers ?? [],
  fieldNames: usableFields({ ...valuesOf(request), fieldNames: fieldNamesOf(columns) }),
  twins: columns.twins,
  timezone: request.timezone,
});

/** @throws CampaignError BAD_TEMPLATE for one that the columns of the list cannot fill */
export function checkMessage(
  request: QueueRequest,
  source: ListSource,
  list: RecipientList,
  deps: OpeningDeps,
): void {
  const { onFinding } = deps;
  const { headerLine, above } = list;
  if (above.length > 0) {
    onFinding({ kind: 'above-header', list: source.name, headerLine, above });
  }
  const { twins } = list.columns;
  checkTemplates(request, sourcesOf(request, list.columns), deps);
  if (twins.size > 0) onFinding({ kind: 'ambiguous-fields', fields: twins });
  const own = list.columns.fields.find(({ name }) => name === UNSUBSCRIBE_FIELD);
  if (own && hasUnsubscribeWay(valuesOf(request))) onFinding({ kind: 'link-field-taken' });
}

/** @returns whether there is something to tell */
function tellOfEmptyText(request: QueueRequest, { onFinding }: QueueDeps): boolean {
  const { html, text } = templatesOf(request);
  if (html === null || text !== null || !hasNoText(html.source)) return false;
  onFinding({ kind: 'no-text', html: html.name });
  return true;
}

const planOf = (
  request: QueueRequest,
  source: ListSource,
  list: RecipientList,
  files: readonly ReadFile[],
): QueuePlan => ({
  ...valuesOf(request),
  headers: request.headers ?? [],
  name: request.name,
  list: source.name,
  listBytes: source.size,
  fieldNames: fieldNamesOf(list.columns),
  batchSize: request.batchSize,
  delayMs: request.delayMs,
  cooldownSeconds: request.cooldownSeconds,
  maxAttempts: request.maxAttempts,
  startAt: request.startAt,
  topic: request.topic,
  dkim: request.dkim,
  paused: request.paused,
  files: files.map(({ file }) => file),
  rowFiles: request.rowFiles?.column ?? null,
});

/**
 * Reads the files of a message, its HTML's pictures among them, and finds where those of its rows are.
 * @returns those, and the HTML that names the pictures
 * @throws CampaignError BAD_FILE, BAD_LIST
 */
export async function filesOf(
  request: QueueRequest,
  source: ListSource,
  list: RecipientList,
  { onFinding }: Pick<QueueDeps, 'onFinding'>,
): Promise<Pick<ImportedSend, 'files' | 'rowFiles'> & { html: NamedTemplate | null }> {
  const { from, rowFiles } = request;
  return {
    ...(await readFiles(request, templatesOf(request).html, from, onFinding)),
    rowFiles: rowFiles === undefined ? null : await RowFiles.open(rowFiles, list, source.name),
  };
}

const openRejects = async (rejects: QueueRequest['rejects']): Promise<RejectsFile | null> =>
  rejects && 'path' in rejects ? createRejects(rejects.path, rejects.inputs) : rejects;

function sendOf(
  request: QueueRequest,
  list: RecipientList,
  deps: QueueDeps,
): Omit<ImportedSend, 'files' | 'rowFiles'> {
  const { html, text } = templatesOf(request);
  return {
    ...request,
    missing: request.missing ?? 'blank',
    fromDomain: parseSender(request.from).domain,
    bodyNames: { html: html?.name ?? null, text: text?.name ?? null },
    message: messageOf(request, list, deps),
  };
}

/** What is kept of what is asked for. */
export const messageOf = (
  request: QueueRequest,
  list: RecipientList,
  { randomBytes }: Pick<QueueDeps, 'randomBytes'>,
): NewMessage => ({
  ...valuesOf(request),
  fieldNames: fieldNamesOf(list.columns),
  headers: request.headers ?? [],
  secret: randomBytes(32),
});

/** What a dry run comes to. */
async function countList(
  request: QueueRequest,
  reader: ListReader,
  rejects: RejectsFile | null,
  { files, rowFiles }: Pick<ImportedSend, 'files' | 'rowFiles'>,
  { onFinding, smtp, lint }: QueueDeps & Pick<ImportDeps, 'lint'>,
): Promise<Queued> {
  const { name, missing: mode = 'blank' } = request;
  const seen = new Set<string>();
  const lacking = new Map<string, MissingCells>();
  let uncounted = 0;
  await reader.read(rejects, async (recipients) => {
    const first: ListRecipient[] = [];
    for (const recipient of recipients) {
      const { norm, line, missing } = recipient;
      if (seen.has(norm)) continue;
      first.push(recipient);
      if (seen.size >= DRY_RUN_ADDRESSES) uncounted++;
      else {
        seen.add(norm);
        if (missing) lacking.set(norm, { line, fields: missing });
      }
    }
    await rowFiles?.look(first);
    return [];
  });
  const duplicates = uncounted === 0 ? reader.accepted - seen.size : null;
  reader.showFindings();
  const declined = new DeclinedCount();
  for await (const page of reader.declines()) {
    for (const decline of page) {
      rowFiles?.forgive(decline.norm);
      if (!seen.delete(decline.norm)) continue;
      declined.add(decline);
      lacking.delete(decline.norm);
    }
  }
  if (mode === 'skip') for (const norm of lacking.keys()) rowFiles?.forgive(norm);
  rowFiles?.requireNone();
  if (declined.total > 0) onFinding({ kind: 'declined', total: declined.total, by: declined.by });
  const missing = new MissingCount();
  for (const row of lacking.values()) missing.add(row);
  tellOfMissing(missing, mode, reader.name, onFinding);
  const { html, text } = valuesOf(request);
  await tellOfSize({ html, text, files, largest: rowFiles?.largest ?? null }, smtp, onFinding);
  lint?.();
  return {
    id: null,
    name,
    status: 'dry-run',
    total: reader.accepted - (duplicates ?? 0),
    rejected: reader.rejected,
    duplicates,
    blank: reader.blank,
    filtered: reader.filtered,
    declined: uncounted === 0 ? declined.total : null,
    suppressed: null,
    missing: uncounted === 0 ? missing.total : null,
    alreadyQueued: false,
    ...reader.international,
    encoding: reader.encoding,
    headerLine: reader.headerLine,
    looksEncodedTwice: reader.encodedTwice,
  };
}
