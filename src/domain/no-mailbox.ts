import { formatReply, type Reply } from './reply.js';
import { tellsOfNoMailbox } from './subjects.js';
import { EVERYTHING, type NewSuppression, SMTP_SOURCE } from './suppression.js';

/** SMTP_SOURCE of an entry that a server's refusal made. */

/** The entry for an address whose server says that there is no such mailbox; null for any other refusal. */
export const suppressionOf = (emailNorm: string, reply: Reply): NewSuppression | null =>
  tellsOfNoMailbox(reply)
    ? { emailNorm, topic: EVERYTHING, reason: formatReply(reply), source: SMTP_SOURCE }
    : null;
