import type { NewMessage } from '../../domain/message.js';
import type { Recipient } from '../../domain/recipient.js';
import type { PlacedTag } from '../foreign-tags.js';

/** How the author knows a body. */
export interface Authored {
  /** What messages call it: its file. */
  name: string;
  /** What was written, where what is sent was made of that; null where it is sent as it was written. */
  origin: string | null;
}

/** A message that is looked at. */
export interface LintedMessage {
  message: NewMessage;
  html: Authored | null;
  text: Authored | null;
  /** Of files that go with every message. */
  files: readonly { name: string; cid: string | null }[];
  /** Whether a file goes with each row; its name is then among the files of a row. */
  hasRowFiles: boolean;
  /** Merge tags of other tools in its templates. */
  tags: readonly PlacedTag[];
  /** Host of the relay that it goes out by, where that is known. */
  relay: string | undefined;
}

/** A recipient, with the names of the files that go to them alone. */
export type LintedRow = Pick<Recipient, 'seq' | 'email' | 'emailNorm' | 'fields'> & {
  fileNames?: readonly string[];
};
