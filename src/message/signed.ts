import { type DkimKey, type DkimMode, type DkimSettings, keysFor } from '../domain/dkim.js';
import type { FilledMessage, MessageSource } from '../domain/message.js';
import type { Recipient } from '../domain/recipient.js';
import { CampaignError } from '../errors.js';
import { type Compiled, compileMessage } from './compile.js';
import type { FileContents } from './content.js';
import { DkimSigner } from './dkim.js';
import { parseSender } from './sender.js';

/** A send's message, compiled once. */
export interface CompiledToSend extends Compiled {
  /** The message with its signatures; left out where there are none. Rejects as `fill` throws. */
  make?(recipient: Recipient, now: Date, contents?: FileContents): Promise<FilledMessage>;
}

/** What signs a send's messages. */
export interface Signing {
  /** Of From, as A-labels. */
  domain: string;
  keys: readonly DkimKey[];
}

/**
 * Compiles a message that is signed by every key of its From domain, or of the nearest parent of that.
 * @throws CampaignError as `compileMessage`, and WRONG_STATE where a signature is required and there is no key for it
 */
export function compileSigned(
  source: MessageSource,
  mode: DkimMode,
  dkim: Pick<DkimSettings, 'keys' | 'skip'>,
): { message: CompiledToSend; signing: Signing } {
  const { domain } = parseSender(source.from);
  const keys = mode === 'off' ? [] : keysFor(dkim.keys, domain);
  const isCounted = keys.length > 0 && !dkim.skip.includes('feedback-id');
  const compiled = compileMessage(source, undefined, isCounted);
  const signing = { domain, keys };
  if (keys.length === 0) {
    if (mode !== 'required') return { message: compiled, signing };
    throw new CampaignError(
      'WRONG_STATE',
      `a DKIM signature is required, and there is no key for ${domain}`,
      'give the scheduler a key of that domain',
    );
  }
  const signer = new DkimSigner(keys, dkim.skip);
  return {
    message: {
      ...compiled,
      make: async (recipient, now, contents) =>
        signer.sign(compiled.fill(recipient, now, contents), now),
    },
    signing,
  };
}
