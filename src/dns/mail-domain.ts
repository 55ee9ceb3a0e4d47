import type { LintFinding } from '../domain/lint.js';
import { excerpt, found } from './findings.js';
import type { Answer, Lookups } from './lookups.js';

/** Hosts of an MX that are looked up, the most preferred first. */
const MAX_HOSTS = 5;

/**
 * Whether a domain takes mail: by MX records or, where there are none, at its own address (RFC 5321 §5.1).
 * @param uses what the message has it for, such as `From`
 */
export async function checkMailDomain(
  domain: string,
  uses: readonly string[],
  lookups: Lookups,
): Promise<LintFinding[]> {
  const what = `${domain}, the domain of ${uses.join(' and ')},`;
  const answer = await lookups.mx(domain);
  if (answer.is === 'no-answer') return [];
  if (answer.is === 'no-name') {
    return [
      found(
        'domain-unknown',
        domain,
        `${what} does not exist in DNS: ${lossOf(uses)}`,
        'look for a typing error; else register the domain, or publish its zone',
      ),
    ];
  }
  if (answer.is === 'no-data') return withoutMx(domain, what, lookups);
  const hosts = [...answer.records]
    .sort((a, b) => a.priority - b.priority)
    .map(({ exchange }) => exchange.replace(/\.$/, ''));
  const named = hosts.filter((host) => host !== '');
  if (named.length === 0) {
    return [
      found(
        'domain-takes-no-mail',
        domain,
        `${what} says that it takes no mail (MX 0 .): ${lossOf(uses)}`,
        'take an address of a domain that takes mail, or give this one an MX record of a mail server',
      ),
    ];
  }
  return deadHosts(domain, what, named, lookups);
}

async function withoutMx(domain: string, what: string, lookups: Lookups): Promise<LintFinding[]> {
  if (isAlive(await lookups.addresses(domain))) return [];
  return [
    found(
      'domain-takes-no-mail',
      domain,
      `${what} takes no mail: it has neither an MX record nor an address of its own`,
      `publish an MX record of ${domain} with the name of a mail server`,
    ),
  ];
}

/** MX records of which none leads anywhere. */
async function deadHosts(
  domain: string,
  what: string,
  hosts: readonly string[],
  lookups: Lookups,
): Promise<LintFinding[]> {
  const looked = hosts.slice(0, MAX_HOSTS);
  const answers = await Promise.all(looked.map((host) => lookups.addresses(host)));
  if (hosts.length > looked.length || answers.some(isAlive)) return [];
  return [
    found(
      'domain-takes-no-mail',
      domain,
      `${what} takes no mail: no host of its MX records (${looked.map(excerpt).join(', ')}) has an address of its own`,
      'correct the MX records, which name hosts, never addresses',
    ),
  ];
}

const lossOf = (uses: readonly string[]): string =>
  uses.every((use) => use === 'Reply-To')
    ? 'answers are lost'
    : 'receivers refuse senders who cannot be answered, and bounces are lost';

/** Addresses that are everybody's own host. */
const LOOPBACK = /^(?:127\.|0\.0\.0\.0$|::1?$)/;

/** Whether mail may be taken there, as far as is known. */
const isAlive = (answer: Answer<string>): boolean =>
  answer.is === 'found'
    ? answer.records.some((address) => !LOOPBACK.test(address))
    : answer.is === 'no-answer';
