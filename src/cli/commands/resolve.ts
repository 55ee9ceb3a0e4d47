import type { Progress } from '../../domain/progress.js';
import { willBeSkipped } from '../../domain/settled.js';
import { count, plural } from '../../domain/text.js';
import { CampaignError } from '../../errors.js';
import { defineCommand } from '../command.js';
import type { Context } from '../context.js';
import { anyText, choice, sendId } from '../readers.js';

export default defineCommand({
  name: 'resolve',
  summary: 'settle recipients of whom it is unknown whether the server accepted their message',
  arguments: { id: sendId },
  options: {
    as: choice(['sent', 'pending', 'failed'], {
      help: 'what they are to be',
      conflicts: ['fromMaillog', 'absent'],
    }),
    email: anyText({ placeholder: 'address', help: 'only this one', conflicts: ['fromMaillog'] }),
    fromMaillog: anyText({
      placeholder: 'file',
      completion: 'file',
      help: "those that the relay's log (Postfix, Exim; - for stdin) shows as accepted",
    }),
    absent: choice(['pending'], {
      help: 'with a log: also those that it covers and does not name',
    }),
  },
  prints: 'progress',
  json: 'print the progress after the change as JSON',
  asks: true,
  errors: [
    'NO_SUCH_SEND',
    'NO_SUCH_RECIPIENT',
    'WRONG_STATE',
    'BAD_ADDRESS',
    'BAD_FILE',
    'CONFIRMATION_NEEDED',
  ],
  examples: [
    ['campaign resolve 42 --from-maillog /var/log/mail.log', "by the relay's own log"],
    ['campaign resolve 42 --as sent --email ann@example.org', 'she says that she has got it'],
  ],
  run: async ({ id, as, email, fromMaillog, absent }, context) => {
    if (fromMaillog && !as) return resolveFromLog(context, id, fromMaillog, absent);
    if (as) return resolveAs(context, id, as, email);
    throw new CampaignError(
      'USAGE',
      'resolve needs to know what the recipients are to be',
      'give --as sent, --as pending, --as failed, or --from-maillog <file>',
    );
  },
});

async function resolveAs(
  context: Context,
  id: number,
  as: 'sent' | 'pending' | 'failed',
  email: string | undefined,
): Promise<Progress> {
  const { resolve } = await import('../../operations/resolve.js');
  const { recipients, suppressed, reopened, progress } = await resolve(context.workspace, {
    id,
    as,
    email,
    confirm: (recipients) => {
      const whom = email ?? `${plural(recipients, 'recipient')} of send ${id}`;
      return context.confirm(`${whom} may have got the message already, and may get a second copy`);
    },
  });
  const running = reopened ? '; the send is running again' : '';
  context.notice(
    `${plural(recipients, 'recipient is', 'recipients are')} ${as} now${willBeSkipped(suppressed)}${running}`,
  );
  return progress;
}

async function resolveFromLog(
  context: Context,
  id: number,
  file: string,
  absent: 'pending' | undefined,
): Promise<Progress> {
  const [operation, { openLog }] = await Promise.all([
    import('../../operations/resolve-from-log.js'),
    import('../open-log.js'),
  ]);
  const { sent, pending, unknown, progress } = await operation.resolveFromLog(context.workspace, {
    id,
    log: openLog(file, context.stdin),
    name: file === '-' ? 'what stdin brought' : file,
    absent,
    confirm: (recipients) =>
      context.confirm(
        `${plural(recipients, 'recipient')} of send ${id} ${recipients === 1 ? 'is' : 'are'} not in the log and will be tried again; should the log be incomplete, they may get a second copy`,
      ),
  });
  context.notice(
    `${plural(sent, 'recipient is', 'recipients are')} sent now, ${count(pending)} pending again, ${count(unknown)} still unknown`,
  );
  return progress;
}
