import addressparser from 'nodemailer/lib/addressparser';
import { checkAddress, domainOf } from '../domain/address.js';
import { CampaignError } from '../errors.js';

/** A mailbox that messages come from or are answered to. */
export interface Sender {
  /** Empty when only the address was given. */
  name: string;
  /** As it was given. */
  address: string;
  /** For MAIL FROM: local part as given, domain as A-labels. */
  envelope: string;
  /** The domain as A-labels. */
  domain: string;
}

const bad = (text: string, why: string): CampaignError =>
  new CampaignError(
    'BAD_ADDRESS',
    `${JSON.stringify(text)} is not one sender: ${why}`,
    'write it as news@example.com or Example News <news@example.com>',
  );

/** The address with its domain as A-labels and its local part as given. */
export const envelopeAddress = (email: string, domain: string): string =>
  `${email.slice(0, email.lastIndexOf('@')).normalize('NFC')}@${domain}`;

/**
 * Reads `Name <user@domain>` or a bare address.
 * @throws CampaignError BAD_ADDRESS for anything but exactly one mailbox
 */
export function parseSender(text: string): Sender {
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text))
    throw bad(text, 'it has a control character or line break');
  const [mailbox, ...others] = addressparser(text);
  if (!mailbox) throw bad(text, 'it is empty');
  if (others.length > 0 || mailbox.group) throw bad(text, 'it names more than one');
  const { name, address } = mailbox;
  const check = checkAddress(address);
  if (!check.ok) throw bad(text, check.reason);
  const plain = text.trim();
  if (plain !== address && !plain.endsWith(`<${address}>`)) {
    throw bad(text, 'there is something beside the name and the address');
  }
  const domain = domainOf(check.norm);
  return { name, address: check.email, envelope: envelopeAddress(check.email, domain), domain };
}
