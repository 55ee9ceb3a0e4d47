import { isConnectionLimit, isSessionLimit, judge } from '../domain/judge.js';
import type { Reply, Stage } from '../domain/reply.js';
import { formatReply } from '../domain/reply.js';
import type { DeliveryResult } from '../domain/verdict.js';
import type { NoReply } from './reader.js';
import type { Transmission } from './transmission.js';

/**
 * What a result says of the connection and the server, for whoever is to use them next. What it means for the recipient is
 * the domain's to say, whose verdict is told with it.
 */

export const NOT_STARTED: DeliveryResult = { kind: 'not-started' };

/**
 * Tells what came of a message, and what it means by the domain's rules.
 * @param login who logs in where, for the words of a login that is refused
 */
export const tell = (transmission: Transmission, result: DeliveryResult, login?: string): void =>
  transmission.done(judge(result, login), result);

/** An answer that says yes. */
export const isPositive = ({ code }: Reply): boolean => code >= 200 && code < 300;
/** One that says no, for now or for good. */
export const isNegative = ({ code }: Reply): boolean => code >= 400 && code < 600;

/** "2.1.0 Originator <x> ok" says nothing of a message (RFC 3463 §3.2: X.1.X is about addresses). */
export const isReplyToMail = ({ code, enhanced }: Reply): boolean =>
  code === 250 && enhanced === '2.1.0';

export const BEFORE_BODY: ReadonlySet<Stage> = new Set(['mail', 'rcpt', 'data']);

/**
 * An old connection that the server ended before a body was begun, or that leaves without a reply, or without the right
 * one, what it was sent behind a dot: routine, and no news of the server.
 * @param lost how the line ended, if it did
 */
export const isRoutineEnd = (
  result: DeliveryResult,
  lost: NoReply['lost'] | null,
  behindDot: boolean,
): boolean =>
  (behindDot && isOutOfStep(result)) ||
  ((result.kind === 'broken' || (result.kind === 'reply' && result.reply.code === 421)) &&
    BEFORE_BODY.has(result.stage) &&
    (lost === 'closed' || (behindDot && lost === 'timeout')));

/**
 * A reply that cannot be the one to this command: to one that a server lost a part of, or to another. Of a message whose
 * commands went behind a dot it says that this server can't take them there.
 */
export const isOutOfStep = (result: DeliveryResult): boolean =>
  result.kind === 'reply' &&
  BEFORE_BODY.has(result.stage) &&
  (!isNegative(result.reply) || [500, 502, 503].includes(result.reply.code));

/** A line that gave no reply until its deadline, before a body was begun. */
export const isSilent = (result: DeliveryResult, lost: NoReply['lost'] | null): boolean =>
  lost === 'timeout' && result.kind === 'broken' && BEFORE_BODY.has(result.stage);

export const isAccepted = (result: DeliveryResult): boolean =>
  result.kind === 'reply' && result.stage === 'dot' && isPositive(result.reply);

export const isAtDot = (result: DeliveryResult): boolean =>
  'stage' in result && result.stage === 'dot';

/** Whether the line and the server are well after a message, whatever became of it. */
export const isAnswered = (result: DeliveryResult): boolean =>
  result.kind === 'reply' &&
  result.stage === 'dot' &&
  result.reply.code !== 421 &&
  (isPositive(result.reply) || isNegative(result.reply));

/** Whether the server says that there are more connections than it takes. */
export const saysTooMany = (result: DeliveryResult): boolean =>
  result.kind === 'reply' && isConnectionLimit(result.stage, result.reply);

/** Whether the server says that a connection has carried as much as it takes over one. */
export const endsSession = (result: DeliveryResult): boolean =>
  result.kind === 'reply' && isSessionLimit(result.stage, result.reply);

/** Whether the server may have failed to open one more connection because it takes no more of them. */
export const isConnectionRefused = (failure: DeliveryResult): boolean =>
  saysTooMany(failure) ||
  (failure.kind === 'reply' && failure.stage === 'connect') ||
  (failure.kind === 'broken' && failure.stage === 'connect' && !failure.certificate);

/** What a result says, on one line. */
export const wordsOf = (result: DeliveryResult): string =>
  result.kind === 'reply' ? formatReply(result.reply) : 'error' in result ? result.error : '';

const WAITING_FOR: Record<Stage, string> = {
  connect: 'while connecting',
  auth: 'at AUTH',
  mail: 'after MAIL',
  rcpt: 'after RCPT',
  data: 'after DATA',
  body: 'in the message',
  dot: 'after the end of the message, before its answer',
};

/** A line that broke in a transaction. */
export const brokenAt = (stage: Stage, error: string): DeliveryResult => ({
  kind: 'broken',
  stage,
  error: `${error} (${WAITING_FOR[stage]})`,
});
