import { isUtf8 } from 'node:buffer';
import { basename, dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { fileError } from '../domain/file-error.js';
import type { AddressColumn, RejectedLine } from '../domain/list-findings.js';
import { OPTIONAL_HEADER_TEMPLATES } from '../domain/message-values.js';
import {
  type Imported,
  type ImportProgress,
  MAX_BODY_BYTES,
  type Queued,
  type QueueFinding,
  type QueuePlan,
} from '../domain/queued.js';
import { CampaignError } from '../errors.js';
import { readNamed, readRegular } from '../named-file.js';
import * as operation from '../operations/queue.js';
import { named } from '../operations/queue-request.js';
import type { Workspace } from '../operations/workspace.js';
import { findingText } from '../view/queue.js';
import { flagOf } from './flags.js';
import type { QueueOptions } from './queue-options.js';

/** The outside of the command `queue`. */
export interface QueueDeps
  extends Omit<operation.QueueDeps, 'onFinding' | 'questions' | 'workspace'> {
  database: Workspace['database'];
  actor: string;
  stdin: Readable;
  onProgress(progress: ImportProgress): void;
  /** Told once, when the list has been read or reading it has failed, if any line was rejected. */
  onRejected(first: readonly RejectedLine[], total: number): void;
  onNotice(text: string): void;
  /** Told what its result has no place for, and its caller should know. */
  onWarning(text: string): void;
  /**
   * Told what is going to be imported, where that is to be confirmed afterwards.
   * @throws CampaignError CONFIRMATION_NEEDED when there is nobody to ask
   */
  announce(plan: QueuePlan): Promise<void>;
  /** Resolves when the list, which is in the ledger now, may be sent; throws when not. */
  confirm(imported: Imported): Promise<void>;
  /** Asks which of several columns holds the address, and gives its index; left out where nobody is to be asked. */
  chooseColumn?: ((columns: readonly AddressColumn[]) => Promise<number>) | undefined;
}

/**
 * Queues what the flags name: reads the files of the body, and asks unless `--yes` says so.
 * @throws CampaignError as the operation does, and BAD_FILE and BAD_TEMPLATE for the files of the body
 */
export async function queue(options: QueueOptions, { stdin, ...deps }: QueueDeps): Promise<Queued> {
  const request = await queueRequest(options, stdin);
  return queueAsked(request, options.yes, options.list === '-', deps);
}

/**
 * Queues what is asked for, once it is confirmed.
 * @param takesStdin whether standard input is the list: then nobody can answer
 * @throws CampaignError as the operation does
 */
export function queueAsked(
  request: operation.QueueRequest,
  yes: boolean,
  takesStdin: boolean,
  deps: Omit<QueueDeps, 'stdin'>,
): Promise<Queued> {
  const { database, actor, announce, confirm, chooseColumn } = deps;
  return operation.queue(request, {
    ...deps,
    workspace: { database, actor },
    onFinding: (finding) => tell(finding, deps),
    questions: yes
      ? undefined
      : {
          begin: () => {
            if (takesStdin) throw nobodyToAsk();
          },
          announce,
          confirm,
          chooseColumn,
        },
  });
}

/**
 * What the flags name: reads the files of the body.
 * @throws CampaignError BAD_FILE and BAD_TEMPLATE
 */
export async function queueRequest(
  options: QueueOptions,
  stdin: Readable,
): Promise<operation.QueueRequest> {
  const { mail, attachments, bodies } = options.source;
  const html = await readTemplate('--html', options.html, bodies);
  const text = await readTemplate('--text', options.text, bodies);
  const markdown = await readTemplate('--markdown', options.markdown, bodies);
  return {
    ...options,
    list: options.list === '-' ? { name: 'standard input', chunks: stdin } : { path: options.list },
    headers: options.header,
    html: mail?.html ?? named(options.html as string, html),
    text: mail?.text ?? named(options.text as string, text),
    attachments: [
      ...options.attach.map((path) => attached(path, `${flagOf('attach')} ${path}`)),
      ...attachments.map(({ path, folder, within }) => ({
        ...attached(path, path),
        content: { path: within, folder },
      })),
      ...(mail?.files.attachments ?? []),
    ],
    inline: mail?.files.inline,
    imageFolder: folderOf(options.html ?? options.markdown),
    rowFiles:
      options.attachColumn === undefined || options.attachDir === undefined
        ? undefined
        : { column: options.attachColumn, folder: options.attachDir },
    markdown: named(options.markdown as string, markdown),
    where:
      options.where === undefined
        ? undefined
        : { name: flagOf('where'), source: options.where, now: new Date() },
    ...Object.fromEntries(
      OPTIONAL_HEADER_TEMPLATES.map((key) => [key, named(flagOf(key), options[key] ?? null)]),
    ),
    rejects:
      options.rejects === null
        ? null
        : {
            path: options.rejects,
            inputs: [
              options.list,
              options.html,
              options.text,
              options.markdown,
              options.eml ?? null,
            ],
          },
  };
}

export const folderOf = (path: string | null): string | undefined =>
  path === null ? undefined : dirname(path);

export const attached = (path: string, called: string) => ({
  called,
  name: basename(path),
  content: { path },
});

/** Findings that no key of the JSON tells. */
const WARNINGS: ReadonlySet<QueueFinding['kind']> = new Set([
  'ambiguous-fields',
  'link-field-taken',
  'no-text',
  'foreign-tags',
  'linked-style-sheets',
  'images-left',
  'too-large',
  'consent-doubts',
]);

export function tell(
  finding: QueueFinding,
  { onRejected, onNotice, onWarning }: Pick<QueueDeps, 'onRejected' | 'onNotice' | 'onWarning'>,
): void {
  if (finding.kind === 'rejected') onRejected(finding.first, finding.total);
  else if (WARNINGS.has(finding.kind)) onWarning(findingText(finding));
  else onNotice(findingText(finding));
}

export const nobodyToAsk = (): CampaignError =>
  new CampaignError(
    'CONFIRMATION_NEEDED',
    'queue asks before it sends, and there is nobody to ask',
    'add --yes to go ahead, or --dry-run to check the list only',
  );

/**
 * Reads the file of a body; null where none is named.
 * @param folder whose files alone are taken, where it is one of those
 * @throws CampaignError BAD_FILE, BAD_TEMPLATE
 */
export async function readTemplate(
  flag: string,
  path: string | null,
  folder: ReadonlySet<string>,
): Promise<string | null> {
  if (path === null) return null;
  const remedy = `give a readable file in UTF-8 with ${flag}`;
  const read = folder.has(path) ? readRegular : readNamed;
  const bytes = await read(path, MAX_BODY_BYTES).catch((error) => {
    throw fileError(path, error, remedy);
  });
  if (!isUtf8(bytes) || bytes.includes(0)) {
    throw new CampaignError('BAD_TEMPLATE', `${path} is not text in UTF-8`, remedy);
  }
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  if (text.trim() === '') {
    throw new CampaignError('BAD_TEMPLATE', `${path} is empty`, `give the body with ${flag}`);
  }
  return text;
}
