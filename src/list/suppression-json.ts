import { consentKind } from '../domain/consent-columns.js';
import { CampaignError } from '../errors.js';
import { type FoundObject, ObjectScanner } from './json-objects.js';
import { isSuppressionAddress, suppressionColumns } from './suppression-columns.js';
import { findConsentToImport, type ReadConsent } from './suppression-consent.js';
import { listed, type ReadListed, type SuppressionBatch, sorted } from './suppression-listed.js';

/** An object whose keys name an address; what holds others is none. */
const isRecord = (value: FoundObject['value']): boolean =>
  Object.entries(value).some(([key, of]) => typeof of === 'string' && isSuppressionAddress(key));

/**
 * Reads objects of a JSON text, wherever they lie in it.
 * @param sampleSize so many tell what a status is about
 * @throws CampaignError BAD_LIST where no object has an address
 */
export async function* readJson(
  pieces: AsyncIterable<string>,
  { name, everybody }: { name: string; everybody: boolean },
  sampleSize: number,
): AsyncGenerator<SuppressionBatch> {
  const scanner = new ObjectScanner(isRecord);
  let read: ReadListed<FoundObject> | undefined;
  let records: FoundObject[] = [];
  for await (const piece of pieces) {
    records.push(...scanner.feed(piece));
    if (records.length < (read ? 1 : sampleSize)) continue;
    read ??= objectReader(records, name, everybody);
    yield sorted(records, read);
    records = [];
  }
  records.push(...scanner.end());
  if (!read && records.length === 0) {
    throw new CampaignError(
      'BAD_LIST',
      `${name} is JSON in which no object has an address`,
      'give objects with a key such as email or EmailAddress',
    );
  }
  yield sorted(records, read ?? objectReader(records, name, everybody));
}

/**
 * How objects are read.
 * @param first so many as tell what a status is about
 */
function objectReader(
  first: readonly FoundObject[],
  name: string,
  everybody: boolean,
): ReadListed<FoundObject> {
  const consent = everybody ? null : new ObjectConsent(first, name);
  return ({ line, value }) => {
    const entries = Object.entries(value);
    const columns = suppressionColumns(Object.keys(value));
    const cellOf = (index: number): string => textOf(entries[index]?.[1]);
    const { own } = columns;
    const cells = [JSON.stringify(value)];
    const said = own ? undefined : consent?.read(value);
    if (said === 'may be mailed') return null;
    if (said !== undefined && said !== 'no') return { line, reason: said.unclear, cells };
    return listed(line, cells, {
      addresses: columns.email.map(cellOf),
      reasons: columns.reasons.map(cellOf),
      dates: columns.dates.map(cellOf),
      own: own && { topic: cellOf(own.topic), source: cellOf(own.source) },
      mayBeDomain: own !== null,
    });
  };
}

/** What objects say of being mailed. What has no value many leave out: so the keys of all count as a table's columns. */
class ObjectConsent {
  private readonly keys: string[];
  private readonly known: Set<string>;
  private consent: ReadConsent | null;

  constructor(
    private readonly first: readonly FoundObject[],
    private readonly name: string,
  ) {
    this.known = new Set(first.flatMap(({ value }) => Object.keys(value)));
    this.keys = [...this.known];
    this.consent = this.find(first);
  }

  read(value: FoundObject['value']): ReturnType<ReadConsent> | undefined {
    const added = Object.keys(value).filter(
      (key) => !this.known.has(key) && consentKind(key) !== undefined,
    );
    if (added.length > 0) {
      for (const key of added) this.known.add(key);
      this.keys.push(...added);
      this.consent = this.find([...this.first, { line: 0, value }]);
    }
    return this.consent?.(this.cellsOf(value));
  }

  private find(records: readonly FoundObject[]): ReadConsent | null {
    return findConsentToImport({
      name: this.name,
      headers: this.keys,
      email: suppressionColumns(this.keys).email,
      sample: records.map(({ value }) => this.cellsOf(value)),
    });
  }

  private cellsOf(value: FoundObject['value']): string[] {
    return this.keys.map((key) => textOf(value[key]));
  }
}

/** A value as a cell would have it; of an object, such as Brevo's reason, its message. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const message: unknown = Object(value).message;
  return typeof message === 'string' ? message : '';
}
