import { DeclinedCount } from '../domain/declined.js';
import type { HeaderField } from '../domain/header-fields.js';
import type { NewMessage } from '../domain/message.js';
import {
  type ForTemplates,
  type MessageValues,
  TEMPLATE_KEYS,
  VALUE_KEYS,
} from '../domain/message-values.js';
import { type MissingCells, MissingCount } from '../domain/missing.js';
import type { ImportProgress, Queued, QueuePlan } from '../domain/queued.js';
import { hasUnsubscribeWay, UNSUBSCRIBE_FIELD, usableFields } from '../domain/unsubscribe-link.js';
import type { Columns } from '../list/columns.js';
import { openRecipients, type RecipientList } from '../list/recipient-list.js';
import { createRejects, type RejectsFile } from '../list/rejects.js';
import type { ListRecipient } from '../list/row-check.js';
import { counted, type ListSource, openSource } from '../list/source.js';
import { checkForeignTags } from '../message/foreign-tags.js';
import { missingCheck } from '../message/missing-cells.js';
import { parseOwnHeaders } from '../message/own-headers.js';
import { hasNoText } from '../message/plain-text.js';
import { parseSender } from '../message/sender.js';
import { type NamedTemplate, parseTemplates, parseText } from '../message/template.js';
import { type BodySources, composeHtml, namedAs } from './compose-bodies.js';
import { type ReadFile, readFiles } from './queue-files.js';
import { findEarlier, type ImportDeps, type ImportedSend, importList } from './queue-import.js';
import { tellOfMissing } from './queue-missing.js';
import { ListReader } from './queue-reader.js';
import type { MessageRequest, QueueQuestions, QueueRequest } from './queue-request.js';
import { RowFiles } from './queue-row-files.js';
import { tellOfSize } from './queue-size.js';
import { rowsWhere } from './queue-where.js';

export type { MessageRequest, QueueQuestions, QueueRequest } from './queue-request.js';

/** The outside of `queue`. */
export interface QueueDeps extends Omit<ImportDeps, 'confirm'> {
  randomBytes(size: number): Buffer;
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
  const importDeps: ImportDeps = { ...deps, confirm: questions?.confirm };
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
    tellOfEmptyText(request, deps);
    const reader = new ListReader(list, source.name, progress, deps);
    const rejects = await openRejects(request.rejects);
    const whole = { ...request, html };
    try {
      return dryRun
        ? await countList(whole, reader, rejects, { files, rowFiles }, deps)
        : await importList(
            { ...sendOf(whole, list, deps), files, rowFiles },
            reader,
            rejects,
            importDeps,
          );
    } finally {
      reader.showFindings();
      await rejects?.close();
    }
  } finally {
    await list.close();
  }
}

/** Who is told, and asked, while a list is opened. */
export type OpeningDeps = Pick<QueueDeps, 'signal' | 'onFinding'> & {
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

export const templatesOf = (request: MessageRequest): ForTemplates<NamedTemplate> =>
  Object.fromEntries(
    TEMPLATE_KEYS.map((key) => [key, namedAs(key, request[key])]),
  ) as ForTemplates<NamedTemplate>;

export const valuesOf = (request: MessageRequest): MessageValues =>
  Object.fromEntries(
    VALUE_KEYS.map((key) => {
      const value = request[key] ?? null;
      return [key, value !== null && typeof value === 'object' ? value.source : value];
    }),
  ) as MessageValues;

/** @throws CampaignError BAD_TEMPLATE for one that the columns of the list cannot fill */
export function checkMessage(
  request: QueueRequest,
  source: ListSource,
  list: RecipientList,
  { onFinding }: OpeningDeps,
): void {
  const { headerLine, above } = list;
  if (above.length > 0) {
    onFinding({ kind: 'above-header', list: source.name, headerLine, above });
  }
  const { twins } = list.columns;
  checkTemplates(request, sourcesOf(request, list.columns), onFinding);
  if (twins.size > 0) onFinding({ kind: 'ambiguous-fields', fields: twins });
  const own = list.columns.fields.find(({ name }) => name === UNSUBSCRIBE_FIELD);
  if (own && hasUnsubscribeWay(valuesOf(request))) onFinding({ kind: 'link-field-taken' });
}

/**
 * @param sources templates and headers of what is asked for, and what they may use
 * @throws CampaignError BAD_TEMPLATE for one that these fields cannot fill
 */
export function checkTemplates(
  request: MessageRequest & BodySources,
  sources: Parameters<typeof parseTemplates>[0] & { headers: readonly HeaderField[] },
  onFinding: OpeningDeps['onFinding'],
): void {
  const markdown = namedAs('markdown', request.markdown);
  const written = { ...templatesOf(request), ...(markdown && { html: markdown }) };
  const tags = checkForeignTags(
    [
      ...TEMPLATE_KEYS.flatMap((key) => written[key] ?? []),
      ...sources.headers.map(({ name, value }) => ({ name: `the header ${name}`, source: value })),
    ],
    sources.fieldNames,
  );
  if (tags.length > 0) onFinding({ kind: 'foreign-tags', tags });
  // By itself first, for errors to name the place where its author wrote it.
  if (markdown) parseText(markdown, sources);
  parseTemplates(sources);
  parseOwnHeaders(sources.headers, sources);
}

function tellOfEmptyText(request: QueueRequest, { onFinding }: QueueDeps): void {
  const { html, text } = templatesOf(request);
  if (html === null || text !== null || !hasNoText(html.source)) return;
  onFinding({ kind: 'no-text', html: html.name });
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
  { onFinding, smtp }: QueueDeps,
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
