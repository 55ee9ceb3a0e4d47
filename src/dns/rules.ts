/** How much a finding weighs. */
export type Severity = 'error' | 'warning' | 'info';

/** What one of the rules found. */
export interface LintFinding {
  rule: DnsRule;
  severity: Severity;
  message: string;
  remedy: string;
  where: string;
}

interface Rule {
  severity: Severity;
  /** What it finds, in one line. */
  finds: string;
  source: string;
  url: string;
  asksDns: true;
}

/** A section of an RFC, as what a rule follows from. */
const rfc = (number: number, section: string) =>
  ({
    source: `RFC ${number}, section ${section}`,
    url: `https://www.rfc-editor.org/rfc/rfc${number}#section-${section}`,
    asksDns: true,
  }) as const;

const GOOGLE = {
  source: 'Google, sender guidelines',
  url: 'https://support.google.com/a/answer/81126',
  asksDns: true,
} as const;

/** What `lint --dns` looks for. */
export const DNS_RULES = {
  'dns-unanswered': {
    severity: 'warning',
    finds: 'DNS could not be asked, or gave no answer for a name',
    ...rfc(2308, '7'),
  },
  'domain-unknown': {
    severity: 'error',
    finds: 'a domain of From, Reply-To or the envelope that does not exist in DNS',
    ...rfc(5321, '2.3.5'),
  },
  'domain-without-mx': {
    severity: 'error',
    finds:
      'such a domain that takes no mail: neither MX nor address records, or MX hosts without addresses',
    ...rfc(5321, '5.1'),
  },
  'domain-null-mx': {
    severity: 'error',
    finds: 'such a domain that says that it takes no mail (a null MX)',
    ...rfc(7505, '3'),
  },
  'spf-missing': {
    severity: 'warning',
    finds: 'an envelope sender whose domain has no SPF record',
    ...GOOGLE,
  },
  'spf-several': {
    severity: 'error',
    finds: 'several SPF records of a domain, which count as none',
    ...rfc(7208, '3.2'),
  },
  'spf-syntax': {
    severity: 'error',
    finds: 'an SPF record, or one that it includes, that receivers cannot read',
    ...rfc(7208, '4.6'),
  },
  'spf-include': {
    severity: 'error',
    finds: 'an include or redirect of SPF to a domain without an SPF record, or back to itself',
    ...rfc(7208, '5.2'),
  },
  'spf-lookups': {
    severity: 'error',
    finds: 'an SPF record that takes more than 10 lookups, or has an MX of more than 10 hosts',
    ...rfc(7208, '4.6.4'),
  },
  'spf-void-lookups': {
    severity: 'warning',
    finds: 'an SPF record that names more than two hosts that do not exist',
    ...rfc(7208, '4.6.4'),
  },
  'spf-everybody': {
    severity: 'error',
    finds: 'an SPF record that lets every host of the world send (+all)',
    ...rfc(7208, '5.1'),
  },
  'spf-open-end': {
    severity: 'info',
    finds: 'an SPF record that says nothing of hosts it does not name (?all, or no all)',
    ...rfc(7208, '4.7'),
  },
  'spf-ptr': {
    severity: 'info',
    finds: 'the mechanism ptr in an SPF record',
    ...rfc(7208, '5.5'),
  },
  'spf-relay': {
    severity: 'info',
    finds: 'an SPF record of hosts of your own alone, of which the relay is none',
    ...rfc(7208, '2.1'),
  },
  'dkim-unsigned': {
    severity: 'info',
    finds: 'a From for which no DKIM key is set',
    ...GOOGLE,
  },
  'dkim-record-missing': {
    severity: 'error',
    finds: 'a DKIM key of ours that has no record in DNS',
    ...rfc(6376, '3.6.2'),
  },
  'dkim-record-several': {
    severity: 'error',
    finds: 'several records in the place of a DKIM key',
    ...rfc(6376, '3.6.2.2'),
  },
  'dkim-record-invalid': {
    severity: 'error',
    finds: 'a DKIM record that receivers cannot read, or that forbids what we do with the key',
    ...rfc(6376, '3.6.1'),
  },
  'dkim-revoked': {
    severity: 'error',
    finds: 'a DKIM record that withdraws the key (an empty p=)',
    ...rfc(6376, '3.6.1'),
  },
  'dkim-key-differs': {
    severity: 'error',
    finds: 'a DKIM record whose key is not the one that we sign with',
    ...rfc(6376, '3.6.1'),
  },
  'dkim-testing': {
    severity: 'info',
    finds: 'a DKIM record that says that its domain is testing (t=y)',
    ...rfc(6376, '3.6.1'),
  },
  'dmarc-missing': {
    severity: 'warning',
    finds: 'a From domain without a DMARC record, its own or one above it',
    ...GOOGLE,
  },
  'dmarc-several': {
    severity: 'warning',
    finds: 'several DMARC records in one place, which count as none',
    ...rfc(9989, '4.10'),
  },
  'dmarc-invalid': {
    severity: 'warning',
    finds: 'a DMARC record that receivers cannot read, or read as p=none',
    ...rfc(9989, '4.7'),
  },
  'dmarc-no-reports': {
    severity: 'info',
    finds: 'a DMARC record that asks for nothing (p=none), reports included',
    ...rfc(9989, '5.1'),
  },
  'dmarc-unaligned': {
    severity: 'warning',
    finds:
      'neither our signature nor the envelope sender is aligned with From, where DMARC asks for nothing (p=none)',
    ...GOOGLE,
  },
  'dmarc-fails': {
    severity: 'error',
    finds: 'the same where DMARC asks receivers to refuse or set aside what is not aligned',
    ...rfc(9989, '4.4'),
  },
} as const satisfies Record<string, Rule>;

export type DnsRule = keyof typeof DNS_RULES;

/** A finding of a rule, at a place in DNS. */
export const found = (
  rule: DnsRule,
  name: string,
  message: string,
  remedy: string,
): LintFinding => ({
  rule,
  severity: DNS_RULES[rule].severity,
  message,
  remedy,
  where: `DNS of ${name}`,
});

/** Text of a record, of which a finding shows no more than this. */
export const excerpt = (text: string): string =>
  text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text;
const EXCERPT = 120;
