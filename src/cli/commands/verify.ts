import type { Command } from 'commander';
import { verdictJson } from '../../contract/verify.js';
import type { Verification } from '../../domain/verification.js';
import { CampaignError, EXIT } from '../../errors.js';
import { printable } from '../../view/printable.js';
import { sendId } from '../arguments.js';
import type { Context } from '../context.js';
import { jsonLine, write } from '../output.js';

interface Options {
  all?: boolean;
  json?: boolean;
}

/** `campaign verify <id>` and `campaign verify --all`. */
export function register(program: Command, context: Context): void {
  program
    .command('verify')
    .description('recompute every figure from the ledger; exit 1 when something contradicts it')
    .argument('[id]', 'number of the send', sendId)
    .option('--all', 'every send')
    .option('--json', 'print {"id","ok","contradictions"}; an array of those with --all')
    .action((id: number | undefined, options: Options) =>
      options.all ? verifyAll(context, id, options) : verifyOne(context, id, options),
    );
}

async function verifyOne(
  context: Context,
  id: number | undefined,
  { json }: Options,
): Promise<void> {
  if (id === undefined) {
    throw new CampaignError('USAGE', 'verify needs a send', 'give its number, or --all');
  }
  const { verify } = await import('../../operations/verify.js');
  const verdict = await verify(context.workspace, { id });
  if (!verdict.ok) context.setExitCode(EXIT.internal);
  await write(context.stdout, json ? jsonLine(verdictJson(verdict)) : lines(verdict));
}

async function verifyAll(
  context: Context,
  id: number | undefined,
  { json }: Options,
): Promise<void> {
  if (id !== undefined) {
    throw new CampaignError(
      'USAGE',
      'verify takes a send or --all, not both',
      'leave out one of them',
    );
  }
  const { verifyAll: verifications } = await import('../../operations/verify.js');
  let separator = '[';
  for await (const verdict of verifications(context.workspace)) {
    if (!verdict.ok) context.setExitCode(EXIT.internal);
    await write(
      context.stdout,
      json ? separator + JSON.stringify(verdictJson(verdict)) : lines(verdict),
    );
    separator = ',\n';
  }
  const none = separator === '[';
  if (json) await write(context.stdout, none ? '[]\n' : ']\n');
  else if (none) context.stderr.write('no sends\n');
}

const lines = ({ id, ok, contradictions }: Verification): string =>
  ok
    ? `send ${id}: the books balance\n`
    : contradictions
        .map(({ what, expected, found }) =>
          printable(`send ${id}: ${what}: expected ${expected}, found ${found}`).concat('\n'),
        )
        .join('');
