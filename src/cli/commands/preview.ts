import { defineCommand } from '../command.js';
import { anyText, choice, flag, optionalSendId, wholeNumber } from '../readers.js';
import { messageOptions } from './message-options.js';

export default defineCommand({
  name: 'preview',
  summary:
    'show one recipient’s message as it would arrive: of a list before it is queued, or of a send',
  arguments: { id: optionalSendId },
  options: {
    row: wholeNumber({
      min: 1,
      max: 1_000_000_000,
      help: 'whose: the recipient in this place of the list (default: the first)',
      conflicts: ['email'],
    }),
    email: anyText({ placeholder: 'address', help: 'whose: the recipient of this address' }),
    as: choice(['text', 'eml', 'html'], {
      placeholder: 'form',
      help: 'headers and text, the whole message, or its HTML',
      fallback: 'text',
    }),
    open: flag('open it in a browser (its text where it has no HTML); only on a terminal', {
      conflicts: ['as', 'json'],
    }),
    ...messageOptions,
  },
  prints: 'preview',
  json: 'print {"row", "envelope", "headers", "text", "html", "attachments"}',
  tellsUnfit: 'as-remedy',
  errors: [
    'NO_SUCH_SEND',
    'NO_SUCH_RECIPIENT',
    'BAD_LIST',
    'BAD_TEMPLATE',
    'BAD_ADDRESS',
    'BAD_FILE',
  ],
  examples: [
    [
      'campaign preview --list people.csv --from news@example.org --subject "Hello {{ name }}" --html news.html --row 3',
      'before it is queued; no database is needed',
    ],
    ['campaign preview 42 --email ada@example.org', 'what Ada gets, or got last'],
    ['campaign preview 42 --as eml > mail.eml', 'for a mail program'],
  ],
  run: async ({ id, row, email, as, open, ...given }, context) => {
    const { previewMail } = await import('../preview.js');
    return previewMail({ id, row, email, as, open }, given, context);
  },
});
