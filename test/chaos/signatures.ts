import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyOf, pemOf, verifyDkim } from '../support/dkim.ts';
import type { QueuedSeed } from '../support/seed.ts';
import type { Accepted, TruthEntry, TruthServer } from './truth.ts';

const SIGNED = 'example.com';
const UNSIGNED = 'elsewhere.example';

/** Most sends must be signed, some may be, and some cannot. */
export const SENDERS: readonly Pick<QueuedSeed, 'from' | 'dkim'>[] = [
  { from: `Sender <sender@${SIGNED}>`, dkim: 'required' },
  { from: `Sender <sender@${SIGNED}>`, dkim: 'required' },
  { from: `Sender <sender@${SIGNED}>`, dkim: 'auto' },
  { from: `Sender <sender@${UNSIGNED}>`, dkim: 'auto' },
];

const TYPES = ['rsa', 'ed25519'] as const;

/** Settings of a worker that signs twice; the keys lie in the folder. */
export function signingSettings(directory: string): Record<string, string> {
  return Object.fromEntries(
    TYPES.flatMap((type) => {
      const file = join(directory, `${type}.pem`);
      writeFileSync(file, pemOf(type), { mode: 0o600 });
      const behind = `_${type.toUpperCase()}`;
      return [
        [`CAMPAIGN_DKIM_KEY_FILE${behind}`, file],
        [`CAMPAIGN_DKIM_DOMAIN${behind}`, SIGNED],
        [`CAMPAIGN_DKIM_SELECTOR${behind}`, type],
      ];
    }),
  );
}

/** Each message that was accepted has both signatures, which hold, or is of a domain without keys. */
export async function wronglySigned(
  truth: TruthServer,
  entries: readonly TruthEntry[],
): Promise<string[]> {
  const accepted = entries.filter((entry): entry is Accepted => entry.kind === 'accepted');
  const mails = accepted.map(({ queueId }) => truth.messageOf(queueId));
  const verified = await verifyDkim(
    mails,
    TYPES.map((type) => keyOf(type, SIGNED)),
  );
  return accepted.flatMap(({ recipient }, index) => {
    const from = /^From:.*@([\w.]+)>/im.exec(mails[index]?.toString('latin1') ?? '')?.[1];
    const wanted = from === SIGNED ? TYPES : [];
    const signatures = verified[index] ?? [];
    const good = signatures.filter(({ ok }) => ok).map(({ selector }) => selector);
    if (signatures.length === wanted.length && wanted.every((type) => good.includes(type))) {
      return [];
    }
    return [
      `${recipient} was mailed from ${from} with ${signatures.length} signatures, of which ${good.length} hold, of ${wanted.length}`,
    ];
  });
}
