import { CampaignError } from '../errors.js';
import { parseSender } from '../message/sender.js';

/**
 * @param name what errors call it
 * @returns the sender, without the spaces around it
 * @throws CampaignError BAD_ADDRESS for anything but exactly one mailbox
 */
export function checkSender(name: string, text: string): string {
  try {
    parseSender(text);
    return text.trim();
  } catch (error) {
    if (!(error instanceof CampaignError)) throw error;
    throw new CampaignError(error.code, `${name}: ${error.message}`, error.remedy, {
      cause: error,
    });
  }
}
