-- Of an event that took a claim from its holder: the claim's name, and the number that its rows carry. Null for all other
-- events, and for those from before.
ALTER TABLE CAMPAIGN_SEND_EVENTS
  ADD COLUMN CLAIM VARCHAR(191) NULL,
  ADD COLUMN CLAIM_NUMBER INT NULL;
