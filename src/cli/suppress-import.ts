import type { SuppressionResult } from '../domain/suppression.js';
import { plural } from '../domain/text.js';
import { importSuppressions } from '../operations/import-suppressions.js';
import { othersOf, rejectionError } from '../operations/suppressions.js';
import type { Context } from './context.js';
import { Ending } from './results.js';

interface Input {
  list: string;
  topic: string | undefined;
  reason: string | undefined;
  source: string | undefined;
  emailColumn: string | undefined;
  encoding: string | undefined;
  everybody: boolean;
  rejects: string | undefined;
}

/** Imports a list as `suppress import` does, with a bar where there is a terminal. */
export async function importSuppressed(
  { list, rejects, ...input }: Input,
  context: Context,
): Promise<Ending<SuppressionResult>> {
  const barred = context.stderr.isTTY && !context.dumb && !context.json;
  const bar = barred ? (await import('./import-bar.js')).createImportBar(context) : null;
  const signal = context.heedSignals();
  try {
    const { result, ownSource } = await importSuppressions(
      context.workspace,
      {
        ...input,
        list: list === '-' ? { name: 'standard input', chunks: context.stdin } : { path: list },
        takesProviders: context.yes,
        rejects: rejects === undefined ? null : { path: rejects, inputs: [list] },
      },
      {
        signal,
        now: () => performance.now(),
        onProgress: (progress) => bar?.update(progress),
      },
    );
    bar?.stop();
    if (signal.aborted) {
      context.notice('Interrupted: what had been read is suppressed; run it again for the rest.');
    }
    if (result.leftOut > 0) {
      context.notice(
        `${plural(result.leftOut, 'row says', 'rows say')} in their columns that they may be mailed, and ${result.leftOut === 1 ? 'was' : 'were'} left out; --everybody takes them too`,
      );
    }
    if (result.changed > 0 && ownSource !== null) {
      context.notice(`\`campaign suppress remove --source ${ownSource}\` takes it back`);
    }
    return new Ending(result, {
      failure: signal.aborted
        ? undefined
        : rejectionError(result, othersOf(result), 'the others are suppressed'),
      ...(signal.aborted ? { signal: signal.reason } : {}),
    });
  } finally {
    bar?.stop();
  }
}
