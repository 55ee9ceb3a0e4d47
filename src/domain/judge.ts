import { enhancedCodes } from './enhanced-codes.js';
import { relayLimitOf } from './relay-limits.js';
import { cleanReply, formatReply, type Reply, type Stage } from './reply.js';
import { faultOf, MESSAGE_STAGES } from './reply-rules.js';
import type { DeliveryResult, Verdict } from './verdict.js';

const REFUSED: Partial<Record<Stage, string>> = {
  auth: 'login refused',
  mail: 'sender refused',
};

/** Whether the server says that it takes no more connections than there are. */
export const isConnectionLimit = (stage: Stage, reply: Reply): boolean =>
  reply.code >= 400 && faultOf(stage, asRead(reply)) === 'connections';

/** Whether it says that this connection has carried as much as it takes over one; nothing of the message has happened. */
export const isSessionLimit = (stage: Stage, reply: Reply): boolean =>
  reply.code >= 400 && faultOf(stage, asRead(reply)) === 'session';

/** A reply as the rules read it: its words clean and short, and its enhanced code from wherever it stands. */
function asRead({ code, enhanced, text }: Reply): Reply {
  const clean = { code, enhanced, text: cleanReply(text) };
  return { ...clean, enhanced: enhancedCodes(clean)[0] ?? null };
}

function judgeReply(stage: Stage, given: Reply, login?: string): Verdict {
  if (stage === 'dot' && given.code >= 200 && given.code < 300) {
    const text = cleanReply(given.text);
    return { kind: 'sent', reply: text === given.text ? given : { ...given, text } };
  }
  const reply = asRead(given);
  const fault = faultOf(stage, reply);
  const { code, enhanced, text } = reply;
  const words = cleanReply(formatReply(given));
  switch (fault) {
    case 'recipient':
      return { kind: 'failed', code, enhanced, text };
    case 'recipient-for-now':
      return { kind: 'deferred', code, enhanced, text };
    case 'greylisted':
      return { kind: 'deferred', code, enhanced, text, greylisted: true };
    case 'limited': {
      const limit = relayLimitOf(stage, reply) ?? 'quota';
      return { kind: 'limited', limit, stage, code, enhanced, text };
    }
    case 'unknown':
      return { kind: 'unknown', text: words };
    default:
      return {
        kind: 'server',
        text: cleanReply(
          fault === 'sender' && REFUSED[stage]
            ? `${REFUSED[stage]}${login && stage === 'auth' ? ` (${login})` : ''}: ${words}`
            : words,
        ),
        pause: fault === 'sender',
        broke:
          fault === 'server-mid-message' ||
          ((fault === 'connections' || fault === 'session') && MESSAGE_STAGES.includes(stage)),
        code,
        ...(fault === 'connections' && { crowded: true }),
      };
  }
}

/**
 * What a delivery's end means for the ledger: the recipient's fault for good or for now, the server's, or not known.
 * Its texts are clean and short enough to be stored.
 * @param login who logs in where, for the words of a login that is refused
 */
export function judge(result: DeliveryResult, login?: string): Verdict {
  switch (result.kind) {
    case 'reply':
      return judgeReply(result.stage, result.reply, login);
    case 'broken':
      if (result.stage === 'dot') return { kind: 'unknown', text: cleanReply(result.error) };
      return {
        kind: 'server',
        text: cleanReply(result.error),
        pause: result.certificate === true,
        broke: result.stage !== 'connect' && result.stage !== 'auth',
        code: null,
      };
    case 'unsendable':
      return {
        kind: 'failed',
        code: null,
        enhanced: result.enhanced,
        text: cleanReply(result.error),
      };
    case 'not-started':
      return { kind: 'untouched' };
  }
}
