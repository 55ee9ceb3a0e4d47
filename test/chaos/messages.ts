import { randomUUID } from 'node:crypto';
import { parseMessageId } from '../../src/domain/message-id.ts';
import { type MessageVersion, versionOf } from '../../src/domain/message-version.ts';
import type { Database } from '../../src/store/mysql/database.ts';
import { aSend, command, type Scene } from './faults.ts';
import { holds } from './processes.ts';
import type { Accepted, TruthEntry } from './truth.ts';

/** Changes the message of a send that is paused for it. */
export async function editMessage(scene: Scene): Promise<void> {
  const id = aSend(scene);
  await command(scene, 'pause', id, '--reason', 'a mistake in the subject');
  const code = await command(scene, 'edit', id, '--subject', `edit ${randomUUID()} {{ name }}`);
  if (code === 0) scene.counts['operator-edit'] += 1;
  await command(scene, 'resume', id);
}

/** Sends test mails of a send, to addresses that nobody else has, for what is accepted is told by its address. */
export async function sendTest(scene: Scene): Promise<void> {
  const testers = [1, 2, 3].flatMap(() => ['--to', `${randomUUID()}@calm.testers.example`]);
  const code = await command(scene, 'test', aSend(scene), ...testers, '--no-wait');
  if (code === 0) scene.counts['operator-test'] += 1;
}

/** The test mails of some sends, those too whose command never learned that they are queued. */
export async function testsOf(db: Database, sendIds: readonly number[]): Promise<number[]> {
  let found: { id: number }[] = [];
  await holds(async () => {
    try {
      found = await db.rows<{ id: number }>(
        'SELECT ID AS id FROM CAMPAIGN_SENDS WHERE TEST_OF IN (?)',
        [sendIds],
      );
      return true;
    } catch {
      // The database may still be coming back.
      return false;
    }
  }, 30_000);
  return found.map(({ id }) => id);
}

interface Row {
  sendId: number;
  email: string;
  status: string;
  claimNumber: number | null;
}

/** What each was sent is the version of the message that their row's claim had, and comes from their own send. */
export async function wrongMessages(
  db: Database,
  entries: readonly TruthEntry[],
  sendIds: readonly number[],
): Promise<string[]> {
  const rows = await db.rows<Row>(
    `SELECT SEND_ID AS sendId, EMAIL AS email, STATUS AS status, CLAIM_NUMBER AS claimNumber
       FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID IN (?)`,
    [sendIds],
  );
  const messages = await db.rows<MessageVersion & { sendId: number; subject: string }>(
    `SELECT SEND_ID AS sendId, VERSION AS version, FROM_CLAIM_NUMBER AS fromClaimNumber, SUBJECT AS subject
       FROM CAMPAIGN_MESSAGES WHERE SEND_ID IN (?) ORDER BY SEND_ID, VERSION`,
    [sendIds],
  );
  const accepted = new Map<string, Accepted[]>();
  for (const entry of entries) {
    if (entry.kind !== 'accepted') continue;
    accepted.set(entry.recipient, [...(accepted.get(entry.recipient) ?? []), entry]);
  }
  return rows.flatMap(({ sendId, email, status, claimNumber }) => {
    const copies = accepted.get(email) ?? [];
    const found = copies
      .filter(({ messageId }) => parseMessageId(messageId)?.sendId !== sendId)
      .map(({ messageId }) => `send ${sendId}: ${email} got ${messageId}, which is another send's`);
    const versions = messages.filter((message) => message.sendId === sendId);
    const version = versionOf(versions, claimNumber);
    const message = versions.find((one) => one.version === version);
    // Of one who got several, by the operator's word, not every copy is the last attempt's.
    if (status !== 'sent' || copies.length !== 1 || !message) return found;
    const [start = ''] = message.subject.split('{{');
    const [{ subject }] = copies as [Accepted];
    if (!subject.startsWith(start.trim())) {
      found.push(
        `send ${sendId}: ${email} was sent "${subject}", and version ${version} is "${message.subject}"`,
      );
    }
    return found;
  });
}
