import type { SuppressionCheck, SuppressionResult } from '../domain/suppression.js';
import { CampaignError } from '../errors.js';
import { importSuppressions } from './import-suppressions.js';
import { inOptionNames } from './option-words.js';
import { readPieces } from './pieces.js';
import { removeSuppressions } from './remove-suppressions.js';
import { suppressionOptions as read } from './suppression-options.js';
import { addSuppressions, checkSuppressions, rejectionError } from './suppressions.js';
import type { Workspace } from './workspace.js';

const unasked = (domains: readonly string[]): CampaignError =>
  new CampaignError(
    'CONFIRMATION_NEEDED',
    `${domains.join(', ')}: so many people have their mailbox there that a large part of every list will not be mailed`,
    'give wholeProviders: true if that is what you want',
  );

export function suppressForLibrary(
  workspace: Workspace,
  addresses: unknown,
  options: unknown,
): Promise<SuppressionResult> {
  const { wholeProviders, ...addition } = read.suppress(addresses, options);
  return addSuppressions(workspace, {
    ...addition,
    confirm: async (domains) => {
      if (!wholeProviders) throw unasked(domains);
    },
  });
}

export async function unsuppressForLibrary(
  workspace: Workspace,
  options: unknown,
): Promise<SuppressionResult> {
  const { result } = await removeSuppressions(workspace, {
    ...read.unsuppress(options),
    save: null,
    confirm: async () => undefined,
  });
  return result;
}

/** @throws CampaignError BAD_ADDRESS where one of them is none */
export async function checkForLibrary(
  workspace: Workspace,
  addresses: unknown,
  options: unknown,
): Promise<SuppressionCheck[]> {
  const asked = read.check(addresses, options);
  const { checks, rejected } = await checkSuppressions(workspace, asked.addresses, asked.topic);
  const error = rejectionError(
    { rejected: rejected.length, rejections: rejected },
    checks.length,
    'none was looked up',
  );
  if (error) throw error;
  return checks;
}

export async function importForLibrary(
  workspace: Workspace,
  options: unknown,
  stop: AbortSignal,
): Promise<SuppressionResult> {
  const { list, wholeProviders, everybody, onProgress, signal: _, ...given } = read.import(options);
  stop.throwIfAborted();
  const { result } = await importSuppressions(
    workspace,
    {
      ...given,
      list:
        typeof list === 'string'
          ? { path: list }
          : {
              name: 'list',
              chunks: readPieces(list, { name: 'list', code: 'BAD_LIST', signal: stop }),
            },
      everybody: everybody ?? false,
      takesProviders: wholeProviders ?? false,
      rejects: null,
    },
    { signal: stop, now: () => performance.now(), onProgress: onProgress ?? (() => undefined) },
  );
  // What was read till then is suppressed; that it was not all is for the caller to know.
  stop.throwIfAborted();
  const { rejections } = result;
  return {
    ...result,
    rejections: rejections.map((one) => ({ ...one, reason: inOptionNames(one.reason) })),
  };
}
