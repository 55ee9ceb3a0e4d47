import { checkAddress } from '../domain/address.js';
import { EMAIL_FIELD, fieldName } from '../domain/fields.js';
import { CampaignError } from '../errors.js';

/** Headers that name the address column, compared without case, spaces, hyphens and underscores. */
const ADDRESS_HEADERS = new Set([
  'email',
  'mail',
  'emailaddress',
  'mailaddress',
  'emailadresse',
  'mailadresse',
  'adressemail',
  'adresseemail',
  'correo',
  'correoelectronico',
  'correoelectrónico',
  'courriel',
]);

/** Headers that name it where none of the others is there. The first is that of Google Contacts. */
const OTHER_ADDRESS_HEADERS = new Set([
  'email1value',
  'emailid',
  'indirizzoemail',
  'epost',
  'epostadress',
  'epostadresse',
]);

const squeeze = (header: string): string =>
  header
    .normalize('NFC')
    .toLowerCase()
    .replace(/[\s_-]+/g, '');

const sameHeader = (a: string, b: string): boolean =>
  a.trim().normalize('NFC').toLowerCase() === b.trim().normalize('NFC').toLowerCase();

/** How a list's columns are used. */
export interface Columns {
  count: number;
  /** Index of the address column. */
  email: number;
  /** The other columns, each with the merge field it fills. */
  fields: { index: number; name: string }[];
}

/** Tells what may be an address column by its header: the given one, or one of the usual names. */
export const addressHeaderTest =
  (emailColumn: string | undefined): ((header: string) => boolean) =>
  (header) =>
    emailColumn === undefined
      ? ADDRESS_HEADERS.has(squeeze(header)) || OTHER_ADDRESS_HEADERS.has(squeeze(header))
      : sameHeader(header, emailColumn);

/** Columns that may hold the address; only by their best names. */
function addressColumns(headers: readonly string[], emailColumn: string | undefined): number[] {
  const isAddress = addressHeaderTest(emailColumn);
  const found = headers.flatMap((header, index) => (isAddress(header) ? [index] : []));
  if (emailColumn !== undefined) return found;
  const best = found.filter((index) => ADDRESS_HEADERS.has(squeeze(headers[index] as string)));
  return best.length > 0 ? best : found;
}

const quote = (headers: readonly string[]): string =>
  headers
    .map((header, index) => (header === '' ? `(column ${index + 1} has no name)` : header))
    .join(', ');

/**
 * Reads a header row.
 * @param name of the list, for messages
 * @param emailColumn header of the address column, where the usual names do not tell it
 * @throws CampaignError BAD_LIST when there is no address column, more than one, or a name twice
 */
export function readColumns(
  headers: readonly string[],
  name: string,
  emailColumn: string | undefined,
): Columns {
  const found = addressColumns(headers, emailColumn);
  const email = found[0];
  if (email === undefined) throw noAddressColumn(headers, name, emailColumn);
  refuseTwins(headers, name);
  if (found.length > 1) {
    throw new CampaignError(
      'BAD_LIST',
      `${name} has more than one column that could hold the address: ${quote(found.map((index) => headers[index] ?? ''))}`,
      'say which with --email-column',
    );
  }
  const fields = headers
    .map((header, index) => ({ index, name: fieldName(header, index + 1) }))
    .filter((field) => field.index !== email && field.name !== EMAIL_FIELD);
  return { count: headers.length, email, fields };
}

function noAddressColumn(
  headers: readonly string[],
  name: string,
  emailColumn: string | undefined,
): CampaignError {
  if (headers.some((header) => checkAddress(header).ok)) {
    return new CampaignError(
      'BAD_LIST',
      `${name} has no header: its first line holds an address`,
      'put a line with the names of the columns first, such as: email',
    );
  }
  return new CampaignError(
    'BAD_LIST',
    emailColumn === undefined
      ? `${name} has no address column; its columns are: ${quote(headers)}`
      : `${name} has no column "${emailColumn}"; its columns are: ${quote(headers)}`,
    emailColumn === undefined
      ? 'name the address column "email", or say which it is with --email-column'
      : 'give one of these with --email-column',
  );
}

/** Two columns that would fill the same merge field leave open which one is meant. */
function refuseTwins(headers: readonly string[], name: string): void {
  const seen = new Map<string, string>();
  headers.forEach((header, index) => {
    const field = fieldName(header, index + 1);
    const twin = seen.get(field);
    if (twin !== undefined) {
      throw new CampaignError(
        'BAD_LIST',
        sameHeader(twin, header)
          ? `${name} has two columns named "${header}"`
          : `${name} has the columns "${twin}" and "${header}", which would both be the merge field "${field}"`,
        'rename or remove one of them',
      );
    }
    seen.set(field, header);
  });
}
