import type { CampaignError } from '../errors.js';

/** An error as it stands on stderr, its last line. */
export const errorJson = ({
  code,
  message,
  remedy = null,
}: Pick<CampaignError, 'code' | 'message'> & { remedy?: string | null | undefined }) => ({
  code,
  message,
  remedy,
});
