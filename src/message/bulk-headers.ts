import { createHash } from 'node:crypto';
import type { MessageSource } from '../domain/message.js';
import { parseSender } from './sender.js';

/** RFC 2919 §3: what stands in the brackets may have so many octets. */
const MAX_LIST_ID = 255;
/** Google asks for 5 to 15 characters. */
const SENDER_ID_LENGTH = 12;

/**
 * The identifier of a topic's list (RFC 2919 §2), the same for all sends of it from one domain. Dots that no label may have,
 * at an end or in a row, become a sign that no topic has.
 * @returns null where it would be too long
 */
function listIdOf(topic: string, domain: string): string | null {
  const label = topic.replace(/\.(?=\.|$)|(?<=\.)\./g, '_');
  const id = `${label}.${domain}`;
  return id.length > MAX_LIST_ID ? null : id;
}

/**
 * What Gmail counts complaints by, `a:b:SenderId` (https://support.google.com/mail/answer/6254652): send, topic, and who sends,
 * which is the same for all mail from a domain. None of them tells of a person, and none has the value of another.
 */
function feedbackIdOf({ sendId, topic }: MessageSource, domain: string): string {
  const senderId = createHash('sha256').update(domain).digest('hex').slice(0, SENDER_ID_LENGTH);
  return [`send-${sendId}`, ...(topic === '' ? [] : [`topic-${topic}`]), senderId].join(':');
}

/**
 * The headers, with their CRLFs, that tell programs what a message is that many get: not to answer it by themselves
 * (RFC 3834 §5, and the older Precedence), which list it is of, and by what complaints are counted. The sender's own of the
 * same name stand in their place.
 * @param isCounted whether complaints may be: only where a signature covers the header that says by what
 */
export function bulkHeaders(source: MessageSource, isCounted: boolean): string {
  const { domain } = parseSender(source.from);
  const listId = source.topic === '' ? null : listIdOf(source.topic, domain);
  const own = new Set(source.headers.map(({ name }) => name.toLowerCase()));
  return Object.entries({
    'Auto-Submitted': 'auto-generated',
    Precedence: 'bulk',
    'List-Id': listId && `<${listId}>`,
    'Feedback-ID': isCounted ? feedbackIdOf(source, domain) : null,
  })
    .map(([name, value]) =>
      value === null || own.has(name.toLowerCase()) ? '' : `${name}: ${value}\r\n`,
    )
    .join('');
}
