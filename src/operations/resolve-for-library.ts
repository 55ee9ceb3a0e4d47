import type { ResolvedFromLog, Settled } from '../domain/settled.js';
import type { ResolveFromLogOptions, ResolveOptions } from './library-types.js';
import { options as read } from './options.js';
import { readPieces } from './pieces.js';
import { resolve } from './resolve.js';
import { resolveFromLog } from './resolve-from-log.js';
import type { Workspace } from './workspace.js';

/** By what a program decides, or by the relay's log that it reads. */
export async function resolveForLibrary(
  workspace: Workspace,
  send: { id: number },
  options: ResolveOptions | ResolveFromLogOptions,
  signal: AbortSignal,
): Promise<Settled | ResolvedFromLog> {
  if (!('mailLog' in Object(options))) {
    return resolve(workspace, { ...send, ...read.resolve(options) });
  }
  const { mailLog, absent } = read.resolveFromLog(options);
  const log = readPieces(mailLog, { name: 'mailLog', code: 'BAD_FILE', signal });
  return resolveFromLog(workspace, { ...send, log, name: 'mailLog', absent });
}
