import { MESSAGE_VALUES, VALUE_KEYS } from '../../domain/message-values.js';
import { defineCommand } from '../command.js';
import { sendIn, someOf } from '../readers.js';
import { messageValueOptions } from './message-options.js';

const kebab = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** What a message can be without, by the names of its flags. */
const REMOVABLE = [
  ...VALUE_KEYS.filter((key) => !('required' in MESSAGE_VALUES[key])).map(kebab),
  'header',
];

export default defineCommand({
  name: 'edit',
  summary: 'change the message of a paused send, for all who have not been sent theirs',
  arguments: { id: sendIn('paused') },
  options: {
    ...messageValueOptions,
    remove: someOf(REMOVABLE, {
      help: 'what the message is to be without, such as reply-to or text (then made from the HTML)',
    }),
  },
  prints: 'progress',
  json: 'print the progress after the change as JSON',
  tellsUnfit: 'as-remedy',
  errors: [
    'NO_SUCH_SEND',
    'WRONG_STATE',
    'BAD_TEMPLATE',
    'BAD_ADDRESS',
    'BAD_FILE',
    'DATABASE_REFUSED',
  ],
  examples: [
    [
      'campaign edit 42 --subject "Hello {{ name }}"',
      'after `campaign pause 42`; `campaign resume 42` goes on with it',
    ],
    ['campaign edit 42 --html news.html --remove text', 'the text is made from the new HTML'],
  ],
  run: async ({ id, remove, ...given }, context) => {
    const { editMessage } = await import('../edit.js');
    return editMessage(id, given, remove ?? [], context);
  },
});
