import { checkAddress } from '../domain/address.js';
import { EMAIL_FIELD } from '../domain/fields.js';
import { FORGOTTEN, type Forgotten, type HeldRow } from '../domain/forgotten.js';
import { CampaignError } from '../errors.js';
import { takeFromRow } from '../store/files/remove.js';
import { readFiles } from '../store/files/send-files.js';
import {
  blankRow,
  type FoundRow,
  findEventsNaming,
  findRowsOf,
  findTestRows,
  rewordEvent,
  rewordSends,
} from '../store/forget.js';
import type { Database } from '../store/mysql/database.js';
import { lookUp } from '../store/suppressions/look-up.js';
import type { Workspace } from './workspace.js';

/**
 * Shows what is held of somebody in every send and, when asked to, blanks it: the fields and the server's words of their
 * rows, and their address in the words of events. Their address stays in the ledger, for else it could not be proved that
 * nobody is mailed twice, and so does what keeps them from being mailed. Rows that are to be mailed yet are left.
 * @throws CampaignError BAD_ADDRESS
 */
export async function forget(
  workspace: Workspace,
  { address, blank }: { address: string; blank: boolean },
): Promise<Forgotten> {
  const check = checkAddress(address);
  if (!check.ok) {
    throw new CampaignError('BAD_ADDRESS', `${address}: ${check.reason}`, 'give one address');
  }
  const { norm } = check;
  const database = await workspace.database();
  const [listed, tests, events, suppressions] = await Promise.all([
    findRowsOf(database, norm),
    findTestRows(database),
    findEventsNaming(database, norm),
    lookUp(database, [norm]),
  ]);
  const rows = [...listed, ...tests.filter((row) => isAbout(row, norm))];
  const reword = rewording(norm);
  const naming = events
    .map(({ id, reason, details }) => ({
      before: { reason, details },
      after: { id, reason: reason && reword(reason), details: details && reword(details) },
    }))
    .filter(
      ({ before, after }) => before.reason !== after.reason || before.details !== after.details,
    );
  const forgotten: Forgotten = {
    email: norm,
    rows: await Promise.all(rows.map((row) => heldRow(database, row))),
    events: naming.length,
    suppressions: suppressions.get(norm) ?? [],
    blanked: 0,
    left: rows.filter(({ isOver }) => !isOver).length,
  };
  if (!blank) return forgotten;
  for (const row of rows) {
    if (!row.isOver) continue;
    if (await blankRow(database, row)) {
      await takeFromRow(database, row.id, row.seq);
      forgotten.blanked++;
    }
    // It was retried meanwhile.
    else forgotten.left++;
  }
  for (const { after } of naming) {
    await rewordEvent(database, after);
    forgotten.blanked++;
  }
  await rewordSends(database, norm, reword);
  return forgotten;
}

/** Whether a test mail went to somebody, or shows what another was to get. */
function isAbout({ email, fields }: FoundRow, norm: string): boolean {
  const { [EMAIL_FIELD]: about } = JSON.parse(fields ?? '{}') as Record<string, string>;
  return [email, about ?? ''].some((address) => {
    const check = checkAddress(address);
    return check.ok && check.norm === norm;
  });
}

async function heldRow(
  database: Database,
  { seq, isOver: _over, fields, ...row }: FoundRow,
): Promise<HeldRow> {
  const files = (await readFiles(database, row.id, [seq])).get(seq) ?? [];
  return {
    ...row,
    fields: fields === null ? null : (JSON.parse(fields) as HeldRow['fields']),
    files: files.map(({ name }) => name),
  };
}

/** By this an address is the end of a longer one … */
const NOT_BEHIND = "(?<![\\p{L}\\p{N}][-._+']?)";
/** … or its beginning. */
const NOT_BEFORE = '(?![\\p{L}\\p{N}]|[-.][\\p{L}\\p{N}])';

/** Puts a word in place of an address, in whatever case it stands; not where it is part of a longer one. */
function rewording(norm: string): (text: string) => string {
  const escaped = norm.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`${NOT_BEHIND}${escaped}${NOT_BEFORE}`, 'giu');
  return (text) => text.replace(pattern, FORGOTTEN);
}
