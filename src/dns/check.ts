import { domainOf } from '../domain/address.js';
import { type DkimKey, type DkimMode, keysFor } from '../domain/dkim.js';
import { type LintFinding, lintFinding } from '../domain/lint.js';
import { plural } from '../domain/text.js';
import { type CheckedKey, checkDkimKey } from './check-dkim.js';
import { checkDmarc } from './check-dmarc.js';
import { checkSpf } from './check-spf.js';
import type { Policy } from './dmarc-record.js';
import { excerpt } from './findings.js';
import type { Lookups } from './lookups.js';
import { checkMailDomain } from './mail-domain.js';
import { walkTree } from './tree-walk.js';

/** What a send is sent as. */
export interface SentAs {
  /** The domain of From, as A-labels in lower case, as are the others. */
  from: string;
  /** That of Reply-To. */
  replyTo: string | undefined;
  /** The address of MAIL FROM. */
  envelopeFrom: string;
  keys: readonly DkimKey[];
  dkim: DkimMode;
  /** The host that messages are handed to, where it is known. */
  relay: string | undefined;
}

/** What DNS says against a send: whether its domains take mail, and whether receivers can tell that it is theirs. */
export async function checkInDns(sent: SentAs, lookups: Lookups): Promise<LintFinding[]> {
  const { from, envelopeFrom } = sent;
  const envelope = domainOf(envelopeFrom).toLowerCase();
  const keys = sent.dkim === 'off' ? [] : keysFor(sent.keys, from);
  const [mail, spf, checked, walked] = await Promise.all([
    checkMailDomains(sent, envelope, lookups),
    checkSpf(envelopeFrom, sent.relay, lookups),
    Promise.all(keys.map((key) => checkDkimKey(key, lookups))),
    walkTree(from, lookups),
  ]);
  const dmarc = await checkDmarc(
    {
      from,
      exists: await existenceOf(from, lookups),
      keys: checked,
      envelope,
      spfCanPass: spf.canPass,
    },
    walked,
    lookups,
  );
  return [
    ...mail,
    ...spf.findings,
    ...checked.flatMap(({ findings }: CheckedKey) => findings),
    ...(keys.length === 0 ? [unsigned(sent, dmarc.policy)] : []),
    ...dmarc.findings,
    ...unanswered(lookups),
  ];
}

async function checkMailDomains(
  { from, replyTo }: SentAs,
  envelope: string,
  lookups: Lookups,
): Promise<LintFinding[]> {
  const uses = new Map<string, string[]>();
  const use = (domain: string, as: string): void => {
    uses.set(domain, [...(uses.get(domain) ?? []), as]);
  };
  use(from, 'From');
  if (replyTo !== undefined) use(replyTo, 'Reply-To');
  if (envelope !== from) use(envelope, 'the envelope sender');
  const findings = [...uses].map(([domain, as]) => checkMailDomain(domain, as, lookups));
  return (await Promise.all(findings)).flat();
}

async function existenceOf(domain: string, lookups: Lookups): Promise<boolean | undefined> {
  const { is } = await lookups.mx(domain);
  return is === 'no-answer' ? undefined : is !== 'no-name';
}

function unsigned({ from, dkim }: SentAs, policy: Policy | undefined): LintFinding {
  const where = 'the header From';
  if (dkim === 'required') {
    return lintFinding('dkim-unsigned', {
      message: `no DKIM key is set here for ${from}: the send, which must be signed, waits for a scheduler that has one, and nothing is said of its record in DNS`,
      remedy: 'run lint with the settings of that scheduler (CAMPAIGN_DKIM_…)',
      where,
    });
  }
  const why = dkim === 'off' ? 'the send is not to be signed' : `no DKIM key is set for ${from}`;
  const consequence =
    policy === 'reject' || policy === 'quarantine'
      ? `where they are forwarded DMARC then fails, and receivers are asked to ${policy === 'reject' ? 'refuse' : 'distrust'} them`
      : 'and Gmail and Yahoo ask everybody who writes to many for a signature';
  return lintFinding('dkim-unsigned', {
    message: `${why}: unless the relay signs them by itself, messages go out unsigned, ${consequence}`,
    remedy: `set a key of ${from} (\`campaign help dkim\`), or have the relay sign for ${from}`,
    where,
  });
}

/** One finding for each reason, or one for all where nothing was answered. */
function unanswered(lookups: Lookups): LintFinding[] {
  const names = new Map<string, string[]>();
  for (const { name, why } of lookups.unanswered) names.set(why, [...(names.get(why) ?? []), name]);
  if (names.size > 0 && !lookups.hasAnswered) {
    const finding = {
      message: `DNS could not be asked: ${[...names.keys()].join('; ')}`,
      remedy:
        'see whether this host reaches a DNS server that answers for all domains (CAMPAIGN_DNS_SERVERS names others than /etc/resolv.conf)',
      where: 'DNS',
    };
    return [lintFinding('dns-unanswered', finding)];
  }
  return [...names].map(([why, of]) => {
    const [first = '', ...others] = of;
    return lintFinding('dns-unanswered', {
      message: `nothing is known of ${shown(of)} in DNS: ${why}`,
      remedy:
        'try again; where it stays so, whoever keeps the domain has to look at its DNS servers',
      where: others.length === 0 ? `DNS of ${excerpt(first)}` : 'DNS',
    });
  });
}

const SHOWN = 3;

const shown = (names: readonly string[]): string => {
  const some = names.slice(0, SHOWN).map(excerpt).join(', ');
  const rest = names.length - SHOWN;
  return rest > 0 ? `${some} and ${plural(rest, 'other name')}` : some;
};
