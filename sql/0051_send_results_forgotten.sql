-- When what the row holds of its recipient, beside the address and the outcome, was blanked; null for all others, and for those
-- from before.
ALTER TABLE CAMPAIGN_SEND_RESULTS
  ADD COLUMN FORGOTTEN_AT DATETIME(3) NULL;
