import type { Settings } from '../config/settings.js';
import { isGrave, type Linted, type LintRule } from '../domain/lint.js';
import { plural } from '../domain/text.js';
import { CampaignError } from '../errors.js';
import { lintList, lintSend } from '../operations/lint.js';
import type { DnsSettings } from '../operations/lint-dns.js';
import type { Given } from './command.js';
import type { messageOptions } from './commands/message-options.js';
import type { Context } from './context.js';
import { requireNone } from './given.js';
import { requestOf, told } from './preview.js';
import { Ending } from './results.js';

/** Whose message is looked at, and for what. */
interface LintInput {
  readonly id: number | undefined;
  readonly strict: boolean;
  readonly dns: boolean;
  readonly ignore: readonly LintRule[] | undefined;
}

/** What a finding tells better, for it has seen the message with the values of rows. */
const FOUND_BY_RULES: ReadonlySet<string> = new Set(['images-left', 'no-text', 'foreign-tags']);

/**
 * Says what is wrong with a message.
 * @throws CampaignError USAGE, and as `lintList` and `lintSend`; LINT_FOUND behind the findings
 */
export async function lintMail(
  { id, strict, dns, ignore = [] }: LintInput,
  given: Given<typeof messageOptions>,
  context: Context,
): Promise<Ending<Linted>> {
  const settings = context.settings();
  const how = {
    ignore: [...new Set([...settings.lintIgnore(), ...ignore])],
    relay: relayHost(settings),
  };
  const asking = (signal: AbortSignal): DnsSettings => ({
    servers: settings.dnsServers(),
    keys: settings.dkim().keys,
    signal,
  });
  let linted: Linted;
  if (id === undefined) {
    const { signal, onFinding } = told(context);
    linted = await lintList(
      await requestOf(given, context),
      { ...how, dns: dns ? asking(signal) : undefined },
      {
        signal,
        onFinding: (finding) => FOUND_BY_RULES.has(finding.kind) || onFinding(finding),
      },
    );
  } else {
    requireNone(id, given);
    const asked = dns ? asking(context.heedSignals()) : undefined;
    linted = await lintSend(context.workspace, id, { ...how, dns: asked });
  }
  return new Ending(linted, { failure: strict ? failureOf(linted) : undefined });
}

/** The relay that messages go out by, where there is one: a sandbox only captures. */
export const relayHost = (settings: Settings): string | undefined =>
  settings.source === 'urls' ? settings.smtp?.host : undefined;

function failureOf({ findings }: Linted): CampaignError | undefined {
  const grave = findings.filter(isGrave);
  if (grave.length === 0) return undefined;
  const rules = [...new Set(grave.map(({ rule }) => rule))];
  return new CampaignError(
    'LINT_FOUND',
    `${plural(grave.length, 'finding')} that ${grave.length === 1 ? 'is an error or a warning' : 'are errors or warnings'}`,
    `mend them, or leave out what is meant so: --ignore ${rules.join(',')}`,
  );
}
