import type { Command } from 'commander';
import { CampaignError, EXIT } from '../../errors.js';
import type { Database } from '../../store/mysql/database.js';
import type { Contradiction } from '../../store/verify.js';
import { printable } from '../../view/printable.js';
import { sendId } from '../arguments.js';
import type { Context } from '../context.js';
import { jsonLine, write } from '../output.js';
import { noSuchSend } from '../refusals.js';

interface Options {
  all?: boolean;
  json?: boolean;
}

interface Verdict {
  id: number;
  ok: boolean;
  contradictions: Contradiction[];
}

const PAGE = 1000;

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
  const verdict = await verify(await context.database(), id);
  if (!verdict) throw noSuchSend(id);
  if (!verdict.ok) context.setExitCode(EXIT.internal);
  await write(context.stdout, json ? jsonLine(verdict) : lines(verdict));
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
  const { listSendIds } = await import('../../store/sends/row.js');
  const database = await context.database();
  let separator = '[';
  for (let after = 0; ; ) {
    const ids = await listSendIds(database, after, PAGE);
    for (const next of ids) {
      const verdict = await verify(database, next);
      if (!verdict) continue;
      if (!verdict.ok) context.setExitCode(EXIT.internal);
      await write(context.stdout, json ? separator + JSON.stringify(verdict) : lines(verdict));
      separator = ',\n';
    }
    if (ids.length < PAGE) break;
    after = ids.at(-1) ?? after;
  }
  const none = separator === '[';
  if (json) await write(context.stdout, none ? '[]\n' : ']\n');
  else if (none) context.stderr.write('no sends\n');
}

async function verify(database: Database, id: number): Promise<Verdict | undefined> {
  const { verifySend } = await import('../../store/verify.js');
  const contradictions = await verifySend(database, id);
  return contradictions && { id, ok: contradictions.length === 0, contradictions };
}

const lines = ({ id, ok, contradictions }: Verdict): string =>
  ok
    ? `send ${id}: the books balance\n`
    : contradictions
        .map(({ what, expected, found }) =>
          printable(`send ${id}: ${what}: expected ${expected}, found ${found}`).concat('\n'),
        )
        .join('');
