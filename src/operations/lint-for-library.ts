import { type Linted, type LintRule, readLintRules } from '../domain/lint.js';
import { CampaignError } from '../errors.js';
import type { LintOptions, QueueOptions } from './library-types.js';
import { lintList, lintSend } from './lint.js';
import type { Opened } from './open-workspace.js';
import { type Reader, readOptions, refuse, required, sendId } from './option-readers.js';
import { requestForLibrary } from './queue-for-library.js';

/** @throws CampaignError BAD_SETTING for one that is no rule */
const rules: Reader<readonly LintRule[]> = (value, name) => {
  if (!Array.isArray(value) || value.some((one) => typeof one !== 'string')) {
    throw refuse(name, value, 'an array of names of rules');
  }
  const read = readLintRules(value.join(','));
  if ('rules' in read) return read.rules;
  throw new CampaignError('BAD_SETTING', `${name}: ${read.what}`, read.remedy);
};

/**
 * Looks at a program's message.
 * @param of a send's number, or what `queue` is given
 * @throws CampaignError BAD_SETTING naming the option, and whatever `lintList` and `lintSend` throw
 */
export async function lintForLibrary(
  { workspace, smtp }: Pick<Opened, 'workspace' | 'smtp'>,
  of: number | { id: number } | QueueOptions,
  options: LintOptions,
  signal: AbortSignal,
): Promise<Linted> {
  const { ignore = [] } = readOptions('lint', options, { ignore: rules });
  const settings = { ignore, relay: smtp?.host };
  if (typeof of !== 'object') return lintSend(workspace, sendId(of, 'id'), settings);
  if (of !== null && 'id' in of) {
    const { id } = readOptions('lint', of, { id: sendId });
    return lintSend(workspace, required('lint', 'id', id), settings);
  }
  const request = requestForLibrary('lint', of, signal);
  return lintList(request, settings, { signal, onFinding: of.onFinding ?? (() => undefined) });
}
