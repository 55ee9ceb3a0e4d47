import { setTimeout as sleep } from 'node:timers/promises';
import type { RejectedLine } from '../domain/list-findings.js';
import type { ImportProgress } from '../domain/queued.js';
import { EVERYTHING, NAMED_REJECTIONS, type SuppressionResult } from '../domain/suppression.js';
import { createRejects, type RejectsFile } from '../list/rejects.js';
import { counted, type ListInput, openSource } from '../list/source.js';
import { readSuppressions } from '../list/suppression-list.js';
import type { ListedSuppression } from '../list/suppression-listed.js';
import type { Database } from '../store/mysql/database.js';
import { readPacketLimit } from '../store/recipients/import.js';
import { isAnyClaimed } from '../store/sends/claim.js';
import {
  chooseSuppressionInsert,
  type ImportedSuppression,
  readNow,
  SuppressionImport,
} from '../store/suppressions/import.js';
import { isWholeProvider, noResult, SUPPRESSION_SESSIONS } from './suppressions.js';
import type { Workspace } from './workspace.js';

/** A list of people who must not be mailed. What it says itself wins over what is given here. */
export interface SuppressionImportRequest {
  list: ListInput;
  encoding: string | undefined;
  emailColumn: string | undefined;
  topic: string | undefined;
  reason: string | undefined;
  /** What wrote the entries; left out, `import-` and when it began. */
  source: string | undefined;
  /** Whether those are taken too whose columns say that they may be mailed. */
  everybody: boolean;
  /** Whether the whole domain of a large provider is taken; else its line is rejected. */
  takesProviders: boolean;
  /** Where rejected lines go. */
  rejects: { path: string; inputs: readonly (string | null)[] } | null;
}

export interface SuppressionImportDeps {
  /** Ends the reading; what was read till then stays. */
  signal: AbortSignal;
  onProgress(progress: ImportProgress): void;
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** Resolves after so many milliseconds, or once it is aborted; a timer of Node's where left out. */
  pause?: (ms: number) => Promise<void>;
}

/** What an import came to. */
export interface ImportedSuppressions {
  result: SuppressionResult;
  /** The source that all of its entries have, and no others; null where the list or the request names one. */
  ownSource: string | null;
}

const SHOWN_CHARACTERS = 200;

/**
 * Imports a list as it is read, in blocks. When it returns, all of it is heeded; run again, an import that was cut short
 * writes what is missing. What is no address is named in the result, the others are done.
 * @throws CampaignError BAD_LIST, BAD_FILE, or one of the database; what came before is suppressed then
 */
export async function importSuppressions(
  workspace: Workspace,
  request: SuppressionImportRequest,
  deps: SuppressionImportDeps,
): Promise<ImportedSuppressions> {
  const { signal, onProgress, now } = deps;
  const input = await openSource(request.list, signal);
  const rejects =
    request.rejects && (await createRejects(request.rejects.path, request.rejects.inputs));
  try {
    const database = await workspace.database({
      ...SUPPRESSION_SESSIONS,
      connections: 2,
      countChangedRows: true,
    });
    const startedAt = await readNow(database);
    const source = request.source ?? sourceOf(startedAt);
    const bulk = await chooseSuppressionInsert(database, await readPacketLimit(database));
    const writer = new SuppressionImport(database, bulk, startedAt, now);
    const progress: ImportProgress = { bytes: 0, totalBytes: input.size, lines: 0 };
    const chunks = counted(input.chunks, (bytes) => {
      progress.bytes += bytes;
    });
    const reading = new Reading(request, input.name, source, rejects);
    const courtesy = new Courtesy(database, deps);
    const { encoding, emailColumn, everybody } = request;
    const options = { name: input.name, encoding, emailColumn, everybody };
    try {
      for await (const batch of readSuppressions(chunks, options)) {
        await writer.add(await reading.take(batch));
        progress.lines += batch.listed.length + batch.rejected.length + batch.leftOut;
        onProgress(progress);
        await courtesy.give();
      }
      await writer.finish();
    } catch (error) {
      if (!signal.aborted) {
        await writer.abandon();
        throw error;
      }
      await writer.finish();
    }
    const { changed } = writer;
    const isOwn = request.source === undefined && !reading.namesSources;
    return { result: reading.result(changed), ownSource: isOwn ? source : null };
  } finally {
    await rejects?.close();
  }
}

/** Whether a send is under way is looked at so often, and then it has eight times as long to itself. */
const WORK_MS = 200;
const COURTESY = 8;

/** Leaves a database that sends work on to them for most of the time. */
class Courtesy {
  private since: number;

  constructor(
    private readonly database: Database,
    private readonly deps: SuppressionImportDeps,
  ) {
    this.since = deps.now();
  }

  async give(): Promise<void> {
    const { now, signal } = this.deps;
    const { pause = (ms) => sleep(ms, undefined, { signal }).catch(() => undefined) } = this.deps;
    const workedMs = now() - this.since;
    if (workedMs < WORK_MS) return;
    if (await isAnyClaimed(this.database)) await pause(workedMs * COURTESY);
    this.since = now();
  }
}

/** When it began, so that one import can be undone by its source alone. */
const sourceOf = (startedAt: Date): string =>
  `import-${startedAt.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;

type Batch = ReturnType<typeof readSuppressions> extends AsyncGenerator<infer B> ? B : never;

/** What was read of a list so far, and what is made of it. */
class Reading {
  /** Whether the list says itself what wrote one of its entries. */
  namesSources = false;
  private taken = 0;
  private leftOut = 0;
  private rejected = 0;
  private readonly first: RejectedLine[] = [];

  constructor(
    private readonly request: SuppressionImportRequest,
    private readonly name: string,
    private readonly source: string,
    private readonly rejects: RejectsFile | null,
  ) {}

  async take({ listed, rejected, leftOut }: Batch): Promise<ImportedSuppression[]> {
    const whole = this.request.takesProviders
      ? []
      : listed.filter(({ norm }) => isWholeProvider(norm));
    const refused = whole.map(({ line, norm }) => ({
      line,
      reason: 'the whole domain of a large provider: --yes takes it',
      cells: [norm],
    }));
    const all = [...rejected, ...refused];
    this.rejected += all.length;
    this.first.push(...all.slice(0, NAMED_REJECTIONS - this.first.length));
    await this.rejects?.write(all);
    this.leftOut += leftOut;
    const kept = whole.length === 0 ? listed : listed.filter((one) => !whole.includes(one));
    this.taken += kept.length;
    return kept.map((one) => this.entryOf(one));
  }

  result(changed: number): SuppressionResult {
    return {
      ...noResult([]),
      changed,
      unchanged: this.taken - changed,
      rejected: this.rejected,
      rejections: this.first.map(({ line, reason, cells }) => ({
        line,
        reason,
        value: cells.join(' | ').slice(0, SHOWN_CHARACTERS),
      })),
      leftOut: this.leftOut,
    };
  }

  private entryOf({ norm, topic, reason, source, since }: ListedSuppression): ImportedSuppression {
    const { request } = this;
    this.namesSources ||= source !== undefined;
    return {
      emailNorm: norm,
      topic: topic ?? request.topic ?? EVERYTHING,
      reason: reason ?? request.reason ?? `on the list ${this.name}`,
      source: source ?? this.source,
      since,
    };
  }
}
