import { trimUnseen } from '../domain/characters.js';
import { EMAIL_FIELD, fieldName } from '../domain/fields.js';
import { CampaignError } from '../errors.js';
import { readAddressCell } from './address-cell.js';
import { addressHeaderRank } from './address-headers.js';
import type { Layout } from './layout.js';

const fold = (header: string): string => trimUnseen(header).normalize('NFC').toLowerCase();

const sameHeader = (a: string, b: string): boolean => fold(a) === fold(b);

/** How a list's columns are used. */
export interface Columns {
  count: number;
  /** Index of the address column. */
  email: number;
  /** The other columns, each with the merge field it fills. */
  fields: { index: number; name: string }[];
  /** Merge fields that more than one column would fill, and which therefore none does, with those columns in words. */
  twins: Map<string, string[]>;
}

/** As many as a table of MySQL may have. */
const MAX_COLUMNS = 4096;

/**
 * @param name of the list
 * @throws CampaignError BAD_LIST when a header is too wide for one
 */
export function checkWidth(headers: readonly string[], line: number, name: string): void {
  if (headers.length <= MAX_COLUMNS) return;
  throw new CampaignError(
    'BAD_LIST',
    `${name}: line ${line}, the header, has ${headers.length} columns; ${MAX_COLUMNS} are allowed`,
    'put a line with the names of the columns first, each recipient in a line of its own',
  );
}

/** `--email-column` may be the position of the column, from 1, where its name does not tell it. */
const asPosition = (emailColumn: string): number | undefined =>
  /^[1-9]\d{0,3}$/.test(emailColumn) ? Number(emailColumn) : undefined;

/** Tells what may be an address column by its header: the given one, or one of the usual names. */
export const addressHeaderTest =
  (emailColumn: string | undefined): ((header: string) => boolean) =>
  (header) =>
    (emailColumn !== undefined && sameHeader(header, emailColumn)) ||
    ((emailColumn === undefined || asPosition(emailColumn) !== undefined) &&
      addressHeaderRank(header) !== undefined);

/** Columns that may hold the address, from 0; only those that are named best. */
export function addressColumns(
  headers: readonly string[],
  emailColumn: string | undefined,
): number[] {
  const indexes = [...headers.keys()];
  if (emailColumn !== undefined) {
    const named = indexes.filter((index) => sameHeader(headers[index] as string, emailColumn));
    const position = asPosition(emailColumn);
    if (named.length > 0 || position === undefined) return named;
    return position <= headers.length ? [position - 1] : [];
  }
  const ranks = headers.map((header) => addressHeaderRank(header) ?? Number.POSITIVE_INFINITY);
  const best = ranks.reduce((least, rank) => Math.min(least, rank), Number.POSITIVE_INFINITY);
  return Number.isFinite(best) ? indexes.filter((index) => ranks[index] === best) : [];
}

/** A column in words: its header, and where it stands. */
const describeColumn = (headers: readonly string[], index: number): string =>
  headers[index] === '' ? `column ${index + 1}` : `"${headers[index]}" (column ${index + 1})`;

const listHeaders = (headers: readonly string[]): string =>
  headers
    .map((header, index) => (header === '' ? `(column ${index + 1} has no name)` : header))
    .join(', ');

/** What `--email-column` is to be given for a column, as a shell takes it. */
function flagFor(headers: readonly string[], index: number): string {
  const header = headers[index] as string;
  const isUnique = headers.filter((other) => sameHeader(other, header)).length === 1;
  const value = header === '' || !isUnique ? String(index + 1) : header;
  return `--email-column ${/^[\w.-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`}`;
}

/** How a header's columns are used, once it is known which holds the address. */
export function readColumns(headers: readonly string[], email: number): Columns {
  const byField = new Map<string, number[]>();
  headers.forEach((header, index) => {
    const name = fieldName(header, index + 1);
    const twins = byField.get(name);
    if (twins) twins.push(index);
    else byField.set(name, [index]);
  });
  const fields: Columns['fields'] = [];
  const twins: Columns['twins'] = new Map();
  for (const [name, indexes] of byField) {
    if (name === EMAIL_FIELD) continue;
    const [index = 0, ...others] = indexes;
    if (others.length > 0) {
      twins.set(
        name,
        indexes.map((twin) => describeColumn(headers, twin)),
      );
    } else if (index !== email) fields.push({ index, name });
  }
  return { count: headers.length, email, fields, twins };
}

/** @param name of the list */
export const severalAddressColumns = (
  headers: readonly string[],
  columns: readonly number[],
  name: string,
): CampaignError =>
  new CampaignError(
    'BAD_LIST',
    `${name} has more than one column that could hold the address: ${columns.map((index) => describeColumn(headers, index)).join(', ')}`,
    `say which: ${columns.map((index) => flagFor(headers, index)).join(' or ')}`,
  );

/**
 * @param name of the list
 * @param layout with the header by its rows, where they tell it
 */
export function noAddressColumn(
  headers: readonly string[],
  name: string,
  emailColumn: string | undefined,
  { probable }: Pick<Layout, 'probable'>,
): CampaignError {
  const known = listHeaders(headers);
  if (probable) {
    const { line, headers: own, column } = probable;
    const holder = describeColumn(own, column);
    const where = line === 1 ? '' : `, on line ${line},`;
    return new CampaignError(
      'BAD_LIST',
      emailColumn === undefined
        ? `${name} has no address column by name; its columns${where} are: ${listHeaders(own)}; ${holder} holds addresses`
        : `${name} has no column "${emailColumn}"; its columns${where} are: ${listHeaders(own)}`,
      `if ${holder} is the one: ${flagFor(own, column)}`,
    );
  }
  if (headers.some((header) => readAddressCell(header).ok)) {
    return new CampaignError(
      'BAD_LIST',
      `${name} has no header: its first line holds an address`,
      'put a line with the names of the columns first, such as: email',
    );
  }
  return new CampaignError(
    'BAD_LIST',
    emailColumn === undefined
      ? `${name} has no address column; its columns are: ${known}`
      : `${name} has no column "${emailColumn}"; its columns are: ${known}`,
    emailColumn === undefined
      ? 'name the address column "email", or say which it is with --email-column'
      : 'give one of these with --email-column',
  );
}

/** @param name of the list */
export const addressAboveHeader = (
  { line, address }: NonNullable<Layout['addressAbove']>,
  headerLine: number,
  name: string,
): CampaignError =>
  new CampaignError(
    'BAD_LIST',
    `${name}: line ${line} holds an address (${address}), but stands above line ${headerLine}, which looks like the header`,
    'put the header first, and delete the lines above it that are no recipients',
  );
