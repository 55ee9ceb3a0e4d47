import { CampaignError } from '../errors.js';
import { parseSender, type Sender } from '../message/sender.js';

/**
 * @param name what errors call it
 * @returns the sender, without the spaces around it
 * @throws CampaignError BAD_ADDRESS for anything but exactly one mailbox
 */
export function checkSender(name: string, text: string): string {
  parseNamed(name, text);
  return text.trim();
}

/**
 * The address of MAIL FROM, its domain as A-labels.
 * @param name what errors call it
 * @throws CampaignError BAD_ADDRESS for anything but one address
 */
export function checkEnvelopeFrom(name: string, text: string): string {
  const sender = parseNamed(name, text);
  if (sender.name === '') return sender.envelope;
  throw new CampaignError(
    'BAD_ADDRESS',
    `${name}: ${JSON.stringify(text)} has a name, and an envelope has none`,
    `write the address alone: ${sender.address}`,
  );
}

function parseNamed(name: string, text: string): Sender {
  try {
    return parseSender(text);
  } catch (error) {
    if (!(error instanceof CampaignError)) throw error;
    throw new CampaignError(error.code, `${name}: ${error.message}`, error.remedy, {
      cause: error,
    });
  }
}
