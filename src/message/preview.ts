import type { MessageSource } from '../domain/message.js';
import type { Preview } from '../domain/preview.js';
import type { Recipient } from '../domain/recipient.js';
import { compileMessage, type MadeForRows } from './compile.js';
import type { FileContents } from './content.js';
import { received, takeApart } from './read-mime.js';
import { parseSender } from './sender.js';

/** Stands in links to unsubscribe. */
export const PLACEHOLDER_TOKEN = 'TOKEN-MADE-WHEN-IT-IS-SENT';

/** What the moment of sending makes is not made before it: a link that works would unsubscribe whom it is about. */
export const placeholders = ({ from }: MessageSource): MadeForRows => {
  const messageId = `<made-when-it-is-sent@${parseSender(from).domain}>`;
  return {
    messageIdOf: () => messageId,
    tokenOf: () => PLACEHOLDER_TOKEN,
    dateHeader: () => 'Date: (made when it is sent)\r\n',
  };
};

/**
 * One recipient's message, by what makes those that are sent, and taken apart again.
 * @param contents what its files hold
 * @throws CampaignError as `compileMessage`, and Error as its `fill`
 */
export function previewMessage(
  source: MessageSource,
  recipient: Recipient,
  now: Date,
  contents: FileContents,
): Preview {
  const filled = compileMessage(source, placeholders(source)).fill(recipient, now, contents);
  const eml = received(filled);
  const { headers, text, html, files } = takeApart(eml);
  return {
    row: recipient.seq,
    envelope: filled.envelope,
    headers,
    text,
    html,
    attachments: files.map(({ name, type, cid, content }) => ({
      name,
      type,
      bytes: content.length,
      cid,
      content,
    })),
    eml,
  };
}
