import { randomBytes } from 'node:crypto';
import {
  LINTED_ROWS,
  type Linted,
  type LintFinding,
  type LintRule,
  sortFindings,
} from '../domain/lint.js';
import { CampaignError } from '../errors.js';
import { type PlacedTag, placeForeignTags } from '../message/foreign-tags.js';
import { lintMessage, lintTagsAlone } from '../message/lint/lint.js';
import { readFiles } from '../store/files/send-files.js';
import type { DnsSettings, SentBy } from './lint-dns.js';
import type { OpeningDeps, QueueRequest } from './queue.js';
import { lintRows } from './queue-lint.js';
import { writtenTemplates } from './queue-templates.js';
import { chosenBy, type Sample, sampleList, sampleSend } from './sample.js';
import type { Workspace } from './workspace.js';

/** How a message is looked at. */
export interface LintSettings {
  ignore: readonly LintRule[];
  /** Host of the relay that it goes out by, where that is known. */
  relay: string | undefined;
  /** Left out: DNS is not asked. */
  dns?: DnsSettings | undefined;
}

/**
 * Looks at a message as the first rows of its list get it; needs no database.
 * @throws CampaignError as `queue` for list and message, but for merge tags of other tools, which are findings
 */
export async function lintList(
  request: QueueRequest,
  settings: LintSettings,
  deps: OpeningDeps,
): Promise<Linted> {
  let tags: readonly PlacedTag[] = [];
  const onForeignTags = (found: readonly PlacedTag[]): void => {
    tags = found;
  };
  let sample: Sample;
  try {
    sample = await sampleList(request, chosenBy({}, LINTED_ROWS), {
      ...deps,
      randomBytes,
      onForeignTags,
    });
  } catch (error) {
    // Tags of some tools are such that Liquid cannot read the template: they are why, and its words are about braces.
    const isWhy = error instanceof CampaignError && error.code === 'BAD_TEMPLATE';
    if (!isWhy || !tags.some(({ isCertain }) => isCertain)) throw error;
    return lintedOf(lintTagsAlone(tags), 0, request, settings);
  }
  const { message, rows, files, rowFiles } = sample;
  const { relay } = settings;
  const findings = lintRows({ request, message, files, rowFiles, tags, relay }, rows);
  return lintedOf(findings, rows.length, request, settings);
}

/** What was found in a message, and what DNS says against who it is from. */
async function lintedOf(
  findings: readonly LintFinding[],
  rows: number,
  sentBy: SentBy,
  { ignore, relay, dns }: LintSettings,
): Promise<Linted> {
  const inDns = dns ? await (await import('./lint-dns.js')).lintInDns(sentBy, relay, dns) : [];
  return { findings: sortFindings([...findings, ...inDns], ignore), rows, ignored: ignore };
}

/**
 * Looks at the message of a send, as it is now, as the first rows of its ledger get it.
 * @throws CampaignError NO_SUCH_SEND, NO_SUCH_RECIPIENT
 */
export async function lintSend(
  workspace: Workspace,
  id: number,
  settings: LintSettings,
): Promise<Linted> {
  const database = await workspace.database();
  const { send, message, rows } = await sampleSend(database, id, chosenBy({}, LINTED_ROWS));
  const hasRowFiles = message.rowFilesBytes > 0;
  const seqs = rows.map(({ seq }) => seq);
  const own = hasRowFiles ? await readFiles(database, id, seqs) : new Map<number, never>();
  const names = { html: `the HTML of send ${id}`, text: `the text of send ${id}` };
  const { html, text } = message;
  const named = {
    ...message,
    html: html === null ? null : { name: names.html, source: html },
    text: text === null ? null : { name: names.text, source: text },
  };
  const findings = lintMessage(
    {
      message,
      html: html === null ? null : { name: names.html, origin: null },
      text: text === null ? null : { name: names.text, origin: null },
      files: message.files,
      hasRowFiles,
      tags: placeForeignTags(writtenTemplates(named), message.fieldNames),
      relay: settings.relay,
    },
    rows.map((row) => ({ ...row, fileNames: own.get(row.seq)?.map(({ name }) => name) ?? [] })),
    new Date(),
  );
  return lintedOf(findings, rows.length, { ...message, dkim: send.dkim }, settings);
}
