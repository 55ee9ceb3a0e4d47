import { parseCodeFilter } from '../../domain/code-filter.js';
import { willBeSkipped } from '../../domain/settled.js';
import { plural } from '../../domain/text.js';
import { defineCommand } from '../command.js';
import { custom, flag, mustBe, sendIn } from '../readers.js';

export default defineCommand({
  name: 'retry',
  summary: 'put failed (or unknown) recipients back to pending, to be tried anew',
  arguments: { id: sendIn('running', 'paused', 'completed') },
  options: {
    failed: flag('failed recipients (the default)', { conflicts: ['unknown'] }),
    unknown: flag('unknown recipients: some may get a second copy'),
    code: custom(
      {
        placeholder: 'code',
        help: 'only those answered with 4xx, 5xx, a code (550) or an enhanced one (5.1.1)',
      },
      (text) => {
        const code = parseCodeFilter(text);
        if (code) return code;
        throw mustBe('4xx, 5xx, a code such as 550 or one such as 5.1.1');
      },
    ),
  },
  prints: 'progress',
  json: 'print the progress after the change as JSON',
  asks: true,
  errors: ['NO_SUCH_SEND', 'WRONG_STATE', 'CONFIRMATION_NEEDED'],
  examples: [
    ['campaign retry 42 --code 4xx', 'whom the server had only put off too often'],
    ['campaign retry 42 --unknown', 'asks first: some may get a second copy'],
  ],
  run: async ({ id, unknown, code }, context) => {
    const { retry } = await import('../../operations/retry.js');
    const { recipients, suppressed, reopened, progress } = await retry(context.workspace, {
      id,
      from: unknown ? 'unknown' : 'failed',
      code,
      confirm: (count) =>
        context.confirm(
          `${plural(count, 'recipient')} of send ${id} may have got the message already, and may get a second copy`,
        ),
    });
    const running = reopened ? '; the send is running again' : '';
    context.notice(
      `${plural(recipients, 'recipient is', 'recipients are')} pending again${willBeSkipped(suppressed)}${running}`,
    );
    return progress;
  },
});
