import { DNS_SERVER_FORMS, readDnsServer } from '../dns/servers.js';
import { type Linted, type LintRule, readLintRules } from '../domain/lint.js';
import { CampaignError } from '../errors.js';
import { DKIM_READERS, dkimSettings } from './dkim-options.js';
import type { LintOptions, QueueOptions } from './library-types.js';
import { lintList, lintSend } from './lint.js';
import type { DnsSettings } from './lint-dns.js';
import type { Opened } from './open-workspace.js';
import {
  flag,
  type Read,
  type Reader,
  readOptions,
  refuse,
  required,
  sendId,
} from './option-readers.js';
import { inOptionNames } from './option-words.js';
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

const servers: Reader<readonly string[]> = (value, name) => {
  if (!Array.isArray(value)) throw refuse(name, value, `an array of ${DNS_SERVER_FORMS}`);
  return value.map((one: unknown, i) => {
    const server = typeof one === 'string' ? readDnsServer(one) : undefined;
    if (server === undefined) throw refuse(`${name}[${i}]`, one, DNS_SERVER_FORMS);
    return server;
  });
};

const READERS = { ignore: rules, dns: flag, dnsServers: servers, dkim: DKIM_READERS.dkim };

/** @throws CampaignError BAD_SETTING for what goes with `dns` alone, and two keys that would have one place in DNS */
function dnsSettings(
  { dns, dnsServers, dkim }: Omit<Read<typeof READERS>, 'ignore'>,
  signal: AbortSignal,
): DnsSettings | undefined {
  if (dns) {
    const { keys } = dkimSettings({ dkim, dkimSkipHeaders: undefined });
    return { servers: dnsServers ?? [], keys, signal };
  }
  const alone = Object.entries({ dnsServers, dkim }).find(([, value]) => value !== undefined);
  if (!alone) return undefined;
  throw new CampaignError(
    'BAD_SETTING',
    `${alone[0]} goes with dns`,
    'give lint dns: true too, or leave it out',
  );
}

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
  const read = readOptions('lint', options, READERS);
  const settings = {
    ignore: read.ignore ?? [],
    relay: smtp?.host,
    dns: dnsSettings(read, signal),
  };
  if (typeof of !== 'object') return worded(lintSend(workspace, sendId(of, 'id'), settings));
  if (of !== null && 'id' in of) {
    const { id } = readOptions('lint', of, { id: sendId });
    return worded(lintSend(workspace, required('lint', 'id', id), settings));
  }
  const request = requestForLibrary('lint', of, signal);
  const onFinding = of.onFinding ?? (() => undefined);
  return worded(lintList(request, settings, { signal, onFinding }));
}

/** What the command line has flags for is told by the names of options. */
async function worded(linting: Promise<Linted>): Promise<Linted> {
  const { findings, ...linted } = await linting;
  return {
    findings: findings.map((finding) => ({ ...finding, remedy: inOptionNames(finding.remedy) })),
    ...linted,
  };
}
