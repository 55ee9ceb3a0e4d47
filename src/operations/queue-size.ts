import { encodedBytesOf } from '../domain/message-file.js';
import { ALWAYS_TAKEN } from '../domain/message-size.js';
import type { QueueFinding } from '../domain/queued.js';
import { askSize } from '../smtp/ask-size.js';
import type { SmtpSettings } from '../smtp/url.js';
import type { ReadFile } from './queue-files.js';
import type { LargestRow } from './queue-row-files.js';

/** What the largest message of a send is made of. */
interface Parts {
  html: string | null;
  text: string | null;
  files: readonly ReadFile[];
  largest: LargestRow | null;
}

/** Says where the relay, if it can be asked, does not take the largest message of a send. */
export async function tellOfSize(
  { html, text, files, largest }: Parts,
  smtp: SmtpSettings | undefined,
  onFinding: (finding: QueueFinding) => void,
): Promise<void> {
  const common =
    encodedBytesOf(files.map(({ file }) => file)) +
    Buffer.byteLength(html ?? '') +
    Buffer.byteLength(text ?? '');
  const bytes = common + (largest?.encoded ?? 0);
  if (!smtp || bytes <= ALWAYS_TAKEN) return;
  const takes = await askSize(smtp);
  if (takes === null || bytes <= takes) return;
  onFinding({
    kind: 'too-large',
    bytes,
    takes,
    relay: smtp.host,
    largest: common > takes ? null : largest,
  });
}
