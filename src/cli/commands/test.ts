import { MAX_TEST_MAILS } from '../../domain/test-mail.js';
import { defineCommand } from '../command.js';
import { anyText, flag, optionalSendId, testers, wholeNumber } from '../readers.js';
import { messageOptions } from './message-options.js';

export default defineCommand({
  name: 'test',
  summary:
    'send a message to yourself, as some recipient gets it: of a list before it is queued, or of a send',
  arguments: { id: optionalSendId },
  options: {
    to: testers({ help: 'who gets it; may be repeated' }),
    rows: wholeNumber({
      min: 1,
      max: MAX_TEST_MAILS,
      help: 'as so many recipients get it, from the first of the list (default: 1)',
      conflicts: ['email'],
    }),
    email: anyText({ placeholder: 'address', help: 'as the recipient of this address gets it' }),
    plain: flag('leave the subject as it is, without [TEST] before it'),
    maxWait: wholeNumber({
      min: 1,
      max: 3600,
      placeholder: 'seconds',
      help: 'wait so long for the replies',
      fallback: 60,
    }),
    noWait: flag('do not wait for them', { conflicts: ['now'] }),
    now: flag(
      'send it from here, by a scheduler for it alone (needs CAMPAIGN_SMTP_URL); else one must be running',
    ),
    ...messageOptions,
  },
  prints: 'test',
  json: 'print {"id", "of", "recipients"}',
  tellsUnfit: 'as-remedy',
  errors: [
    'NO_SUCH_SEND',
    'NO_SUCH_RECIPIENT',
    'NO_SCHEDULER',
    'WRONG_STATE',
    'BAD_LIST',
    'BAD_TEMPLATE',
    'BAD_ADDRESS',
    'BAD_FILE',
    'DATABASE_REFUSED',
    'RELAY_HELD',
    'SEND_PAUSED_ITSELF',
    'TEST_NOT_ACCEPTED',
  ],
  examples: [
    [
      'campaign test --list people.csv --from news@example.org --subject "Hello {{ name }}" --html news.html --to me@example.net',
      'before it is queued, as the first of the list gets it',
    ],
    ['campaign test 42 --to me@example.net --rows 3', 'as the first three get it'],
    ['campaign test 42 --to me@example.net --now', 'where no scheduler runs'],
  ],
  run: async (input, context) => {
    const { sendTest } = await import('../test-mails.js');
    return sendTest(input, context);
  },
});
