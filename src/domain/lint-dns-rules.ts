/** A section of an RFC that a rule follows from. */
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

/** The rules of `lint --dns`, which are found in `dns/`. */
export const DNS_LINT_RULES = {
  'dns-unanswered': {
    severity: 'warning',
    finds: 'DNS could not be asked, or gave no answer for a name',
    ...rfc(2308, '7'),
  },
  'domain-unknown': {
    severity: 'error',
    finds: 'a domain of From, Reply-To or the envelope sender that does not exist in DNS',
    ...rfc(5321, '2.3.5'),
  },
  'domain-takes-no-mail': {
    severity: 'error',
    finds:
      'such a domain to which no mail can be sent: without MX and address, with MX hosts that have none, or with a null MX (RFC 7505)',
    ...rfc(5321, '5.1'),
  },
  'spf-missing': {
    severity: 'warning',
    finds: 'an envelope sender whose domain has no SPF record',
    ...GOOGLE,
  },
  'spf-invalid': {
    severity: 'error',
    finds:
      'SPF that receivers take for an error: two records, one that they cannot read, an include or redirect of nothing or in a circle',
    ...rfc(7208, '4.6'),
  },
  'spf-lookups': {
    severity: 'error',
    finds: 'an SPF record that takes more than 10 lookups, or looks up an MX of more than 10 hosts',
    ...rfc(7208, '4.6.4'),
  },
  'spf-void-lookups': {
    severity: 'warning',
    finds: 'an SPF record that more than twice looks up a host that does not exist',
    ...rfc(7208, '4.6.4'),
  },
  'spf-everybody': {
    severity: 'error',
    finds:
      'an SPF record that lets every host of the world send (+all), or networks larger than anybody has',
    ...rfc(7208, '5.1'),
  },
  'spf-nobody': {
    severity: 'error',
    finds: 'an SPF record that lets no host send, as domains have it that send no mail',
    ...rfc(7208, '10.1.2'),
  },
  'spf-open-end': {
    severity: 'info',
    finds: 'an SPF record that says nothing of hosts that it does not name (?all, or no all)',
    ...rfc(7208, '4.7'),
  },
  'spf-ptr': {
    severity: 'info',
    finds: 'the mechanism ptr in an SPF record',
    ...rfc(7208, '5.5'),
  },
  'spf-relay': {
    severity: 'info',
    finds: 'an SPF record that names hosts of its domain alone, of which the relay is none',
    ...rfc(7208, '2.4'),
  },
  'dkim-unsigned': {
    severity: 'info',
    finds: 'a From that no DKIM key signs',
    ...GOOGLE,
  },
  'dkim-record-missing': {
    severity: 'error',
    finds: 'a DKIM key that signs, and has no record in DNS',
    ...rfc(6376, '3.6.2'),
  },
  'dkim-record-invalid': {
    severity: 'error',
    finds:
      'a DKIM record that receivers cannot use: several of them, one that cannot be read, or one that forbids SHA-256 or mail',
    ...rfc(6376, '3.6.1'),
  },
  'dkim-revoked': {
    severity: 'error',
    finds: 'a DKIM record that withdraws the key (an empty p=)',
    ...rfc(6376, '3.6.1'),
  },
  'dkim-key-differs': {
    severity: 'error',
    finds: 'a DKIM record whose key is not the one that signs',
    ...rfc(6376, '6.1.3'),
  },
  'dkim-testing': {
    severity: 'info',
    finds: 'a DKIM record that says that its domain is testing (t=y)',
    ...rfc(6376, '3.6.1'),
  },
  'dmarc-missing': {
    severity: 'warning',
    finds: 'a From without a DMARC record of its domain, or of one above it',
    ...GOOGLE,
  },
  'dmarc-invalid': {
    severity: 'warning',
    finds: 'a DMARC record that receivers pass over, or read as p=none; several of them',
    ...rfc(9989, '4.10'),
  },
  'dmarc-no-reports': {
    severity: 'info',
    finds: 'a DMARC record that asks for nothing (p=none), reports included',
    ...rfc(9989, '5.1'),
  },
  'dmarc-unaligned': {
    severity: 'warning',
    finds: 'neither signature nor envelope sender aligned with From, where DMARC asks for nothing',
    ...GOOGLE,
  },
  'dmarc-fails': {
    severity: 'error',
    finds: 'the same where DMARC has receivers refuse such mail, or put it into the spam folder',
    ...rfc(9989, '4.4'),
  },
} as const;
