import { BlockList, isIPv6 } from 'node:net';
import type { LintFinding } from '../domain/lint.js';
import { type DnsRule, excerpt, found } from './findings.js';
import type { Lookups } from './lookups.js';
import { expandMacros } from './spf-macros.js';
import { type Directive, isSpf, parseSpf, type SpfRecord } from './spf-record.js';

/** Lookups that receivers make for one record (RFC 7208 §4.6.4). */
export const MAX_SPF_LOOKUPS = 10;
/** Hosts of an MX that they look up. */
const MAX_MX_HOSTS = 10;
/** The largest networks that anybody was given have longer ones. */
const LEAST_PREFIX_4 = 8;
const LEAST_PREFIX_6 = 16;
/** Lookups up to which includes are followed, to tell people how many there are. */
const FOLLOWED = 30;

/** A term of the record itself, and the lookups that it takes with all behind it. */
export interface Cost {
  term: string;
  lookups: number;
}

/** Where a record is: it, or one whose includes and redirects lead there. */
interface Place {
  domain: string;
  /** The domains from the first record to this one. */
  path: readonly string[];
  /** By redirects alone: it is what the domain itself says, as far as that goes. */
  isOwn: boolean;
  /** By includes of `+` alone: who passes there passes here. */
  lets: boolean;
}

/** Reads an SPF record as a receiver would for a host that none of its terms names, so that all of them are looked at. */
export class SpfWalk {
  readonly findings: LintFinding[] = [];
  readonly costs: Cost[] = [];
  /** Hosts behind which there is nothing. */
  readonly voids = new Set<string>();
  /** Lookups that came to nothing; of one host there may be several. */
  voidLookups = 0;
  lookups = 0;
  /** Whether some host passes, as far as is known. */
  letsSome = false;
  /** Whether everything was looked at: no answer failed, and no limit was met. */
  isWhole = true;
  /** Whether `hosts` are all that it lets send, and all of them of the domain itself. */
  isClosed = true;
  readonly hosts = new BlockList();
  /** Qualifier of `all`; null where there is none. */
  end: Directive['qualifier'] | null = null;

  constructor(
    private readonly sender: string,
    private readonly domain: string,
    private readonly asks: Lookups,
  ) {}

  async read(record: SpfRecord): Promise<void> {
    const place = { domain: this.domain, path: [this.domain], isOwn: true, lets: true };
    await this.#walk(record, place);
  }

  async #walk(record: SpfRecord, place: Place): Promise<void> {
    for (const directive of record.directives) {
      await this.#costing(directive.text, place, () => this.#directive(directive, place));
    }
    const { redirect } = record;
    if (redirect !== undefined) {
      await this.#costing(`redirect=${redirect}`, place, () =>
        this.#follow(redirect, 'redirect', place, place),
      );
    }
  }

  async #costing(term: string, place: Place, read: () => Promise<void>): Promise<void> {
    const before = this.lookups;
    await read();
    if (place.path.length === 1 && this.lookups > before) {
      this.costs.push({ term: excerpt(term), lookups: this.lookups - before });
    }
  }

  async #directive(directive: Directive, place: Place): Promise<void> {
    const { mechanism, qualifier } = directive;
    if (qualifier === '+' && place.lets && mechanism !== 'include') this.letsSome = true;
    if (mechanism === 'all') return this.#all(qualifier, place);
    if (qualifier !== '+') this.isClosed = false;
    this.#size(directive, place);
    if ('network' in directive) {
      this.hosts.addSubnet(
        directive.network,
        directive.prefix,
        mechanism === 'ip4' ? 'ipv4' : 'ipv6',
      );
      return;
    }
    if (mechanism === 'include') {
      const inner = { ...place, isOwn: false, lets: place.lets && qualifier === '+' };
      return this.#follow(directive.domain ?? '', 'include', inner, place);
    }
    this.lookups += 1;
    if (mechanism === 'ptr' && place.isOwn) this.#ptr(place.domain);
    if (mechanism === 'ptr' || mechanism === 'exists') {
      this.isClosed = false;
      return;
    }
    const name = this.#nameOf(directive.domain, place);
    // What comes behind the last lookup that receivers make need not be known.
    if (name === undefined || this.lookups > MAX_SPF_LOOKUPS) {
      this.isClosed = false;
      return;
    }
    const hosts = mechanism === 'a' ? [name] : await this.#exchangers(name);
    for (const host of hosts) await this.#addAddresses(host, directive);
  }

  #all(qualifier: Directive['qualifier'], place: Place): void {
    if (place.isOwn) this.end = qualifier;
    if (qualifier !== '+' || !place.lets) return;
    this.#found(
      'spf-everybody',
      place,
      'ends in +all, which lets every host of the world send as it',
      'end the record in ~all or -all',
    );
  }

  /** Networks so large that nobody has one. */
  #size(directive: Directive, place: Place): void {
    const isLarge =
      'network' in directive
        ? directive.prefix < (directive.mechanism === 'ip4' ? LEAST_PREFIX_4 : LEAST_PREFIX_6)
        : 'prefix4' in directive &&
          (directive.prefix4 < LEAST_PREFIX_4 || directive.prefix6 < LEAST_PREFIX_6);
    if (!isLarge || directive.qualifier !== '+' || !place.lets) return;
    this.#found(
      'spf-everybody',
      place,
      `has "${excerpt(directive.text)}", which lets a large part of the world send as it`,
      'name the hosts alone that send, or their network',
    );
  }

  #ptr(domain: string): void {
    this.findings.push(
      found(
        'spf-ptr',
        domain,
        `the SPF record of ${domain} has the mechanism ptr, which is slow, and which some receivers pass over`,
        'name the hosts by ip4:, ip6: or a: instead',
      ),
    );
  }

  /** The name that a term is about; undefined where it depends on who sends. */
  #nameOf(spec: string | undefined, place: Place): string | undefined {
    return spec === undefined ? place.domain : expandMacros(spec, this.sender, place.domain);
  }

  async #exchangers(name: string): Promise<string[]> {
    const answer = await this.asks.mx(name);
    if (answer.is === 'no-answer') this.#leaveOpen();
    else if (answer.is !== 'found') this.#nothingAt(name);
    if (answer.is !== 'found') return [];
    const hosts = answer.records.map(({ exchange }) => exchange).filter((host) => host !== '');
    if (hosts.length > MAX_MX_HOSTS) {
      this.findings.push(
        found(
          'spf-lookups',
          name,
          `the mechanism mx of SPF looks up the hosts of ${name}, which has ${hosts.length}: receivers give up at more than ${MAX_MX_HOSTS}, and the record fails`,
          'name the hosts by ip4: and ip6: instead of mx',
        ),
      );
    }
    return hosts.slice(0, MAX_MX_HOSTS);
  }

  #nothingAt(host: string): void {
    this.voids.add(host);
    this.voidLookups += 1;
  }

  async #addAddresses(
    host: string,
    { prefix4, prefix6 }: { prefix4: number; prefix6: number },
  ): Promise<void> {
    const answer = await this.asks.addresses(host);
    if (answer.is === 'no-answer') this.#leaveOpen();
    else if (answer.is !== 'found') this.#nothingAt(host);
    if (answer.is !== 'found') return;
    for (const address of answer.records) {
      if (isIPv6(address)) this.hosts.addSubnet(address, prefix6, 'ipv6');
      else this.hosts.addSubnet(address, prefix4, 'ipv4');
    }
  }

  /** Goes on in the record of another domain. */
  async #follow(
    spec: string,
    by: 'include' | 'redirect',
    inner: Omit<Place, 'domain' | 'path'>,
    from: Place,
  ): Promise<void> {
    this.lookups += 1;
    const name = this.#nameOf(spec, from)?.toLowerCase().replace(/\.$/, '');
    if (this.lookups > FOLLOWED) this.isWhole = false;
    if (name === undefined || this.lookups > FOLLOWED) {
      this.isClosed = false;
      this.letsSome ||= inner.lets;
      return;
    }
    const place = { ...inner, domain: name, path: [...from.path, name] };
    if (from.path.includes(name)) {
      this.#found(
        'spf-invalid',
        place,
        `comes back to itself by the record of ${from.domain}, and fails`,
        `take the ${by} of ${name} out of the record of ${from.domain}`,
      );
      return;
    }
    if (!isWithin(name, this.domain)) this.isClosed = false;
    const record = await this.#recordOf(place, by, from);
    if (record) await this.#walk(record, place);
  }

  async #recordOf(
    place: Place,
    by: 'include' | 'redirect',
    from: Place,
  ): Promise<SpfRecord | undefined> {
    const { domain } = place;
    const answer = await this.asks.txt(domain);
    if (answer.is === 'no-answer') {
      this.#leaveOpen();
      return undefined;
    }
    const texts = answer.is === 'found' ? answer.records.filter(isSpf) : [];
    const [text] = texts;
    if (text === undefined) {
      this.#found(
        'spf-invalid',
        place,
        `does not exist, and for receivers the record with the ${by} fails`,
        `correct or take out the ${by} in the record of ${from.domain}`,
      );
      return undefined;
    }
    if (texts.length > 1) {
      this.#found(
        'spf-invalid',
        place,
        `is there ${texts.length} times, and for receivers all of them fail`,
        'whoever keeps that domain has to make one record of them',
      );
      return undefined;
    }
    const record = parseSpf(text);
    if (!('why' in record)) return record;
    this.#found(
      'spf-invalid',
      place,
      `cannot be read at "${excerpt(record.term)}": ${record.why}`,
      'whoever keeps that domain has to correct the record',
    );
    return undefined;
  }

  #leaveOpen(): void {
    this.isClosed = false;
    this.isWhole = false;
    this.letsSome = true;
  }

  /** Once a rule and a domain, however often it is included. */
  #found(rule: DnsRule, { domain, path }: Place, what: string, remedy: string): void {
    const isOther = path.length > 1 && domain !== this.domain;
    const behind = isOther ? `, which that of ${this.domain} leads to,` : '';
    const finding = found(
      rule,
      excerpt(domain),
      `the SPF record of ${excerpt(domain)}${behind} ${what}`,
      remedy,
    );
    const isKnown = this.findings.some(
      (other) => other.rule === rule && other.where === finding.where,
    );
    if (!isKnown) this.findings.push(finding);
  }
}

/** Whether one of two domains is within the other, and so of the same owner as far as their names tell. */
export const isWithin = (name: string, domain: string): boolean =>
  `.${name}`.endsWith(`.${domain}`) || `.${domain}`.endsWith(`.${name}`);
