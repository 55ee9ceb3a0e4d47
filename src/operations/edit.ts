import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { CHANGEABLE, type Changeable, type Edited } from '../domain/edited.js';
import type { HeaderField } from '../domain/header-fields.js';
import { holderOf } from '../domain/lease.js';
import type { NewMessage, StoredMessage } from '../domain/message.js';
import type { ValueKey } from '../domain/message-values.js';
import type { Send } from '../domain/send.js';
import { plural } from '../domain/text.js';
import { hasUnsubscribeWay, usableFields } from '../domain/unsubscribe-link.js';
import { CampaignError } from '../errors.js';
import { compileMessage } from '../message/compile.js';
import { parseSender } from '../message/sender.js';
import { readMessage } from '../store/messages.js';
import type { Database } from '../store/mysql/database.js';
import { readPacketLimit } from '../store/recipients/import.js';
import { changeMessage } from '../store/sends/edit.js';
import { readHolder } from '../store/sends/release.js';
import { readSend } from '../store/sends/row.js';
import { type BodySources, composeHtml, namedAs } from './compose-bodies.js';
import { readProgress } from './progress.js';
import type { MessageRequest, OpeningDeps } from './queue.js';
import { tellOfPictures } from './queue-files.js';
import { requireRoom } from './queue-import.js';
import { checkTemplates, templatesOf, valuesOf } from './queue-templates.js';
import { noSuchSend } from './send-errors.js';
import type { Workspace } from './workspace.js';

/** What is to be different in a message; null where a value is to go. Headers take the place of those that there are. */
export type MessageEdit = { [K in ValueKey]?: MessageRequest[K] | null } & BodySources & {
    headers?: readonly HeaderField[] | undefined;
  };

/** A scheduler that was told of a pause lets what is on the wire end, and then lets go. */
const WAIT_MS = 10_000;
const LOOK_EVERY_MS = 200;

/** The outside of an edit. */
export interface EditDeps extends Pick<OpeningDeps, 'signal' | 'onFinding'> {
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
}

/**
 * Changes the message of a paused send, for all who have not been sent theirs. Waits for a scheduler that still has
 * messages of it on the wire.
 * @throws CampaignError NO_SUCH_SEND, WRONG_STATE, BAD_TEMPLATE, BAD_ADDRESS, USAGE, DATABASE_REFUSED
 */
export async function edit(
  workspace: Workspace,
  { id, change }: { id: number; change: MessageEdit },
  deps: EditDeps,
): Promise<Edited> {
  const { now, signal } = deps;
  const database = await workspace.database();
  const until = now() + WAIT_MS;
  let made: Made | undefined;
  for (;;) {
    const send = await readSend(database, id);
    const before = send && (await readMessage(database, id, send.version));
    if (!before) throw noSuchSend(id);
    requirePaused(send);
    // Made anew only where another edit came between.
    if (made?.of !== before.version) made = await make(database, id, before, change, deps);
    const { message, values, details } = made;
    const nothing = values.length === 0;
    const done =
      nothing ||
      (await changeMessage(database, id, {
        version: before.version,
        message,
        fromDomain: parseSender(message.from).domain,
        actor: workspace.actor,
        details,
      }));
    if (done) {
      if (values.includes('html')) tellOfPictures(message, deps.onFinding);
      return {
        changed: !nothing,
        values,
        textStays: values.includes('html') && !values.includes('text') && message.text !== null,
        progress: await readProgress(database, id),
      };
    }
    if (now() >= until) throw await stillHeld(database, id);
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** What an edit makes of one version of a message. */
interface Made {
  of: number;
  message: StoredMessage;
  values: Changeable[];
  details: { changed: Record<string, unknown> };
}

/** @throws CampaignError BAD_TEMPLATE, BAD_ADDRESS, USAGE, DATABASE_REFUSED */
async function make(
  database: Database,
  id: number,
  before: StoredMessage,
  change: MessageEdit,
  deps: EditDeps,
): Promise<Made> {
  const message = await changed(id, before, change, deps);
  const values = CHANGEABLE.filter((key) => !isDeepStrictEqual(message[key], before[key]));
  await requireRoomFor(database, message, change);
  const details = Object.fromEntries(values.map((key) => [key, told(key, before, message)]));
  return { of: before.version, message, values, details: { changed: details } };
}

/** @throws CampaignError WRONG_STATE */
function requirePaused({ id, status }: Send): void {
  if (status === 'paused') return;
  const remedies: Record<Exclude<Send['status'], 'paused'>, string> = {
    running: `\`campaign pause ${id}\` first, and \`campaign resume ${id}\` after it`,
    importing: 'its list is still being read: wait until it is queued, and pause it',
    completed: `\`campaign clone ${id}\` queues its message anew, with what you change`,
    cancelled: `\`campaign clone ${id}\` queues its message anew, with what you change`,
  };
  throw new CampaignError(
    'WRONG_STATE',
    `send ${id} is ${status}; only the message of a paused one can be changed`,
    remedies[status],
  );
}

/**
 * The message with what is different in it, checked as `queue` checks one.
 * @throws CampaignError BAD_TEMPLATE, BAD_ADDRESS, USAGE
 */
async function changed(
  id: number,
  before: StoredMessage,
  change: MessageEdit,
  { onFinding }: EditDeps,
): Promise<StoredMessage> {
  const html = change.html === undefined ? before.html : change.html;
  const request = {
    ...before,
    ...change,
    html: await composeHtml({ ...change, html }, onFinding),
  } as MessageRequest & BodySources;
  const { headers = before.headers } = change;
  const message = { ...before, ...valuesOf(request), headers };
  if (message.html === null && message.text === null) {
    throw new CampaignError(
      'USAGE',
      'there would be nothing to send: neither HTML nor text is left',
      'give the other before one is taken away',
    );
  }
  if (message.listUnsubscribe !== null && hasUnsubscribeWay(message)) {
    throw new CampaignError(
      'USAGE',
      'there would be a page of your own to unsubscribe (--list-unsubscribe) beside that of `campaign serve`',
      'take one of them away: --remove list-unsubscribe, or --remove unsubscribe-url,unsubscribe-mailto',
    );
  }
  const { timezone } = message;
  const fieldNames = usableFields(message);
  const sources = { ...templatesOf(request), headers, fieldNames, timezone };
  checkTemplates(request, sources, { onFinding });
  compileMessage({ ...message, sendId: id, topic: '' });
  return message;
}

/** @throws CampaignError DATABASE_REFUSED */
async function requireRoomFor(
  database: Database,
  message: NewMessage,
  change: MessageEdit,
): Promise<void> {
  const nameOf = (body: 'html' | 'text'): string | null =>
    message[body] === null ? null : (namedAs(body, change[body])?.name ?? body);
  const bodyNames = { html: nameOf('html'), text: nameOf('text') };
  const limit = await readPacketLimit(database);
  requireRoom({ message, bodyNames }, limit, database.name, 'nothing was changed');
}

/** From what to what a value was changed, for the event: of a body how long it is, and by what it can be known. */
function told(
  key: Changeable,
  before: NewMessage,
  after: NewMessage,
): Record<'from' | 'to', unknown> {
  const isBody = key === 'html' || key === 'text';
  const word = (value: NewMessage[Changeable]): unknown =>
    isBody && typeof value === 'string'
      ? {
          bytes: Buffer.byteLength(value),
          sha256: createHash('sha256').update(value).digest('hex'),
        }
      : value;
  return { from: word(before[key]), to: word(after[key]) };
}

/** Who holds what, where the send is still paused. */
async function stillHeld(database: Database, id: number): Promise<CampaignError> {
  const holder = await readHolder(database, id);
  if (!holder) return noSuchSend(id);
  const { by, sending, seenSecondsAgo } = holder;
  const flight = plural(sending, 'message');
  const seen =
    seenSecondsAgo === null ? 'is not seen any more' : `was seen ${seenSecondsAgo} s ago`;
  return new CampaignError(
    'WRONG_STATE',
    by === null
      ? `send ${id} is paused, and ${flight} of it under way that no scheduler holds`
      : `send ${id} is paused, but ${holderOf(by)} holds it still, with ${flight} under way, and ${seen}`,
    by === null
      ? 'nothing was changed; the next scheduler that runs settles them: try again then'
      : `nothing was changed; try again when it has let go, or, where you know that it is dead, \`campaign release ${id}\``,
  );
}
