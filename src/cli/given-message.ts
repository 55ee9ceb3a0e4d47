import { faultOfHeaders } from '../domain/header-fields.js';
import { MAILBOX_KEYS, OPTIONAL_HEADER_TEMPLATES } from '../domain/message-values.js';
import { checkUnsubscribeMailto, checkUnsubscribeUrl } from '../domain/unsubscribe-link.js';
import { CampaignError } from '../errors.js';
import { checkEnvelopeFrom, checkSender } from '../operations/check-sender.js';
import type { MessageEdit } from '../operations/edit.js';
import { named } from '../operations/queue-request.js';
import type { Given } from './command.js';
import type { messageValueOptions } from './commands/message-options.js';
import queue from './commands/queue.js';
import type { Context } from './context.js';
import { flagOf } from './flags.js';
import { type MessageSource, withMessageSource } from './message-source.js';
import { readTemplate } from './queue-run.js';

/** Bodies that are given by the path of their file. */
const BODIES = ['html', 'text', 'markdown'] as const;

/**
 * What of a message is given by options, each checked by itself and files read; what is not given has no key.
 * @throws CampaignError USAGE, BAD_ADDRESS, BAD_FILE, BAD_TEMPLATE
 */
export async function givenMessage(
  typed: Given<typeof messageValueOptions>,
  { given: keys, warn }: Pick<Context, 'given' | 'warn'>,
): Promise<MessageEdit> {
  const { input: given, source } = await withMessageSource(
    typed,
    (key) => keys.has(key),
    queue.options,
    warn,
  );
  const { envelopeFrom, unsubscribeUrl, unsubscribeMailto, header, timezone, inlineCss } = given;
  const fault = faultOfHeaders(header);
  if (fault) throw new CampaignError('USAGE', `--header: ${fault.what}`, fault.remedy);
  const change: Record<string, unknown> = { timezone };
  for (const key of MAILBOX_KEYS) {
    const text = given[key];
    if (text !== undefined) change[key] = checkSender(flagOf(key), text);
  }
  for (const key of ['subject', ...OPTIONAL_HEADER_TEMPLATES] as const) {
    change[key] = named(flagOf(key), given[key] ?? null) ?? undefined;
  }
  for (const key of BODIES) {
    const path = given[key];
    if (path !== undefined)
      change[key] = named(path, await readTemplate(flagOf(key), path, source.bodies));
  }
  Object.assign(change, wholeBodies(given, source));
  if (envelopeFrom !== undefined) {
    change.envelopeFrom = checkEnvelopeFrom(flagOf('envelopeFrom'), envelopeFrom);
  }
  if (unsubscribeUrl !== undefined) {
    change.unsubscribeUrl = /^none$/i.test(unsubscribeUrl)
      ? null
      : checkUnsubscribeUrl(flagOf('unsubscribeUrl'), unsubscribeUrl, 'USAGE');
  }
  if (unsubscribeMailto !== undefined) {
    change.unsubscribeMailto = checkUnsubscribeMailto(
      flagOf('unsubscribeMailto'),
      unsubscribeMailto,
    );
  }
  if (header.length > 0) change.headers = header;
  if (inlineCss) change.inlineCss = true;
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

/**
 * A folder, or a saved message, brings all bodies that there are to be.
 * @throws CampaignError USAGE where it has files, which an edit leaves as they are
 */
function wholeBodies(
  { message, eml, html, markdown, text }: Given<typeof messageValueOptions>,
  { mail, attachments }: MessageSource,
): Pick<MessageEdit, 'html' | 'text'> {
  const path = message ?? eml;
  if (path === undefined) return {};
  const files = mail ? [...mail.files.attachments, ...mail.files.inline] : attachments;
  if (files.length > 0) {
    throw new CampaignError(
      'USAGE',
      `${path} has files, and the files of a message that is queued stay as they are`,
      'leave the files out, or cancel the send and queue the message anew',
    );
  }
  if (mail) return { html: mail.html, text: mail.text };
  return {
    ...(html === undefined && markdown === undefined ? { html: null } : {}),
    ...(text === undefined ? { text: null } : {}),
  };
}
