import { setTimeout as sleep } from 'node:timers/promises';
import { identifiedBy } from '../domain/message.js';
import { messageIdsOf } from '../domain/message-id.js';
import type { Progress } from '../domain/progress.js';
import { DEFAULT_RELAY } from '../domain/relay.js';
import { relayLimitOf } from '../domain/relay-limits.js';
import { formatReply } from '../domain/reply.js';
import type { SchedulerResult } from '../domain/scheduler-events.js';
import type { TestMail, TestTrouble } from '../domain/tested.js';
import { holdText, usedUp } from '../domain/waiting.js';
import { parseSender } from '../message/sender.js';
import { readMessage } from '../store/messages.js';
import type { Database } from '../store/mysql/database.js';
import { readRelay } from '../store/relays/relays.js';
import { cancel } from '../store/sends/lifecycle.js';
import { readTest, type TestOutcome } from '../store/sends/test-mails.js';
import { readProgress } from './progress.js';
import type { Workspace } from './workspace.js';

const LOOK_EVERY_MS = 250;
/** How long replies are waited for, unless somebody says otherwise. */
export const USUAL_WAIT_SECONDS = 60;

/** How test mails are sent and waited for. */
export interface WaitDeps {
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  signal: AbortSignal;
  /** Runs a scheduler for that send alone until it has tried all, or the signal comes; left out where others run one. */
  run?: ((sendId: number, signal: AbortSignal) => Promise<SchedulerResult>) | undefined;
}

/** What became of them, as far as it is waited for. */
export async function outcome(
  workspace: Workspace,
  database: Database,
  id: number,
  waitSeconds: number | null,
  deps: WaitDeps,
): Promise<TestTrouble | null> {
  const { run, now } = deps;
  const until = now() + (waitSeconds ?? USUAL_WAIT_SECONDS) * 1000;
  if (run) return outcomeHere(workspace, database, id, until, run, deps);
  if (waitSeconds === null) return null;
  for (;;) {
    const { isOver, trouble } = await look(database, id, until - now());
    if (isOver || !(await goesOn(until, deps))) return trouble;
  }
}

/** What became of them where a scheduler of our own sends them. */
async function outcomeHere(
  workspace: Workspace,
  database: Database,
  id: number,
  until: number,
  run: NonNullable<WaitDeps['run']>,
  deps: WaitDeps,
): Promise<TestTrouble | null> {
  let serverTrouble: string | null = null;
  let paused: TestTrouble | null = null;
  try {
    const late = AbortSignal.timeout(Math.max(0, Math.ceil(until - deps.now())));
    ({ serverTrouble } = await run(id, AbortSignal.any([deps.signal, late])));
    await untilLetGo(database, id, until, deps);
    const { trouble } = await look(database, id, 0);
    if (trouble?.kind === 'paused') paused = trouble;
  } finally {
    // Nobody is to send later what was asked for now.
    await cancel(database, id, workspace.actor, 'the scheduler of this test has ended');
  }
  await untilLetGo(database, id, until, deps);
  const { trouble } = await look(database, id, 0);
  if (trouble?.kind !== 'cancelled' && trouble?.kind !== 'late') return trouble;
  return paused ?? whyNotNow(database, id, serverTrouble);
}

/** Another scheduler may have been first to take them, and have some on the wire. */
async function untilLetGo(
  database: Database,
  id: number,
  until: number,
  deps: WaitDeps,
): Promise<void> {
  for (;;) {
    const { send } = await readProgress(database, id);
    if (send.claimedBy === null || !(await goesOn(until, deps))) return;
  }
}

/** Waits a moment, unless the time is over, or nobody waits any more. */
async function goesOn(until: number, { now, signal }: WaitDeps): Promise<boolean> {
  if (signal.aborted || now() >= until) return false;
  await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  return true;
}

/** Why a scheduler of our own left some untried. */
async function whyNotNow(
  database: Database,
  id: number,
  serverTrouble: string | null,
): Promise<TestTrouble> {
  const [relay, { now }] = await Promise.all([
    readRelay(database, DEFAULT_RELAY),
    readProgress(database, id),
  ]);
  if (relay?.hold) return { kind: 'held', reason: holdText(relay.hold, now) };
  const limited = relay && usedUp(relay, now);
  return limited ? { kind: 'held', reason: limited.text } : { kind: 'late', reason: serverTrouble };
}

/**
 * @param leftMs how long is waited still
 * @returns whether nothing more is to be waited for, and what kept one from being accepted till now
 */
async function look(
  database: Database,
  id: number,
  leftMs: number,
): Promise<{ isOver: boolean; trouble: TestTrouble | null }> {
  const [mails, progress] = await Promise.all([readTest(database, id), readProgress(database, id)]);
  if (mails.every(({ status }) => status === 'sent')) return { isOver: true, trouble: null };
  const open = mails.filter(({ status }) => status === 'pending' || status === 'sending');
  const untold = open.filter((mail) => !wasTold(mail));
  if (untold.length === 0) return { isOver: true, trouble: whyNone(mails) };
  return waitsFor(progress, leftMs);
}

/** Why not all were accepted that were tried. */
function whyNone(mails: readonly TestOutcome[]): TestTrouble {
  for (const { status, smtpCode: code, enhancedCode: enhanced, response } of mails) {
    if (status !== 'failed' || code === null || response === null) continue;
    const reply = { code, enhanced, text: response };
    if (relayLimitOf('mail', reply) === null) continue;
    return { kind: 'held', reason: `the relay's limit is reached: ${formatReply(reply)}` };
  }
  return { kind: 'refused' };
}

/** Refused for now: what the server has to say is known. */
const wasTold = ({ status, attempts, smtpCode }: TestOutcome): boolean =>
  status === 'pending' && attempts > 0 && smtpCode !== null;

/** Why one is still to come. */
function waitsFor(
  { status, send, waiting, now }: Progress,
  leftMs: number,
): { isOver: boolean; trouble: TestTrouble } {
  if (status === 'cancelled') return { isOver: true, trouble: { kind: 'cancelled' } };
  if (status === 'paused') {
    return { isOver: true, trouble: { kind: 'paused', reason: send.reason ?? 'no reason given' } };
  }
  if (waiting?.for === 'quota' || waiting?.for === 'rate') {
    const untilMs = (waiting.until?.getTime() ?? Number.POSITIVE_INFINITY) - now.getTime();
    return { isOver: untilMs > leftMs, trouble: { kind: 'held', reason: waiting.text } };
  }
  return { isOver: false, trouble: { kind: 'late', reason: waiting?.text ?? null } };
}

/** How each of them stands. @param places of those whom they are about */
export async function readMails(
  database: Database,
  id: number,
  places: readonly number[],
): Promise<TestMail[]> {
  const [rows, message] = await Promise.all([readTest(database, id), readMessage(database, id)]);
  const idOf =
    message && messageIdsOf(id, message.secret, parseSender(identifiedBy(message)).domain);
  return rows.map(({ seq, email, status, attempts, smtpCode, response }, i) => ({
    email,
    row: places[i] ?? 0,
    status,
    smtpCode,
    response,
    messageId: attempts > 0 || status !== 'pending' ? (idOf?.(seq) ?? null) : null,
  }));
}
