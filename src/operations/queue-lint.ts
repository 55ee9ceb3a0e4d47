import { type LintFinding, type LintRule, sortFindings } from '../domain/lint.js';
import type { NewMessage } from '../domain/message.js';
import type { QueueFinding } from '../domain/queued.js';
import type { Recipient } from '../domain/recipient.js';
import type { PlacedTag } from '../message/foreign-tags.js';
import { lintMessage } from '../message/lint/lint.js';
import type { LintedMessage } from '../message/lint/linted.js';
import { namedAs } from './compose-bodies.js';
import { toRow } from './listed-row.js';
import type { ReadFile } from './queue-files.js';
import type { ListReader } from './queue-reader.js';
import type { QueueRequest } from './queue-request.js';
import type { RowFiles } from './queue-row-files.js';

/** What is asked for, and what of it has been read. */
export interface ReadMessage {
  /** As it was asked for, its bodies as their author wrote them. */
  request: QueueRequest;
  message: NewMessage;
  files: readonly ReadFile[];
  rowFiles: RowFiles | null;
  tags: readonly PlacedTag[];
  relay: string | undefined;
}

/** Looks at a message as rows of a list get it. */
export function lintRows(
  { request, message, files, rowFiles, tags, relay }: ReadMessage,
  rows: readonly Recipient[],
): LintFinding[] {
  return lintMessage(
    {
      message,
      ...authoredOf(request),
      files: files.map(({ file }) => file),
      hasRowFiles: rowFiles !== null,
      tags,
      relay,
    },
    rows.map((row) => (rowFiles ? { ...row, fileNames: [rowFiles.nameIn(row.fields)] } : row)),
    new Date(),
  );
}

function authoredOf(request: QueueRequest): Pick<LintedMessage, 'html' | 'text'> {
  const [html, text, markdown] = (['html', 'text', 'markdown'] as const).map((key) =>
    namedAs(key, request[key]),
  );
  const written = markdown ?? html;
  const isMadeOf = Boolean(markdown) || request.inlineCss === true;
  return {
    html: written ? { name: written.name, origin: isMadeOf ? written.source : null } : null,
    text: text ? { name: text.name, origin: null } : null,
  };
}

/** The same of what is being queued; never fails, for nobody is to be kept from queueing by what only looks. */
function lintQueued(
  read: Omit<ReadMessage, 'tags'>,
  rows: readonly Recipient[],
  ignore: readonly LintRule[],
): LintFinding[] {
  try {
    // Merge tags of other tools were told of, or refused, before.
    return sortFindings(lintRows({ ...read, tags: [] }, rows), ignore);
  } catch {
    return [];
  }
}

/**
 * Looks at the message as the first rows that were read get it, and tells of what was not told before.
 * @param how `toldOfText`: whether it was told that the text part is empty
 */
export function lintRead(
  read: Omit<ReadMessage, 'tags'>,
  reader: ListReader,
  { ignore, toldOfText }: { ignore: readonly LintRule[]; toldOfText: boolean },
  onFinding: (finding: QueueFinding) => void,
): void {
  const rows = reader.sample.map((recipient, index) => toRow(index + 1, recipient));
  const findings = lintQueued(read, rows, ignore).filter(
    ({ rule }) => !(toldOfText && rule === 'empty-text'),
  );
  if (findings.length > 0) onFinding({ kind: 'lint', findings });
}
