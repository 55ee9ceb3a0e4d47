-- What is sent may be changed while a send is paused: each version is a row, and FROM_CLAIM_NUMBER the number of the last claim
-- that had the one before. A row of the ledger got the version of its claim.
ALTER TABLE CAMPAIGN_MESSAGES
  ADD COLUMN VERSION INT NOT NULL DEFAULT 1,
  ADD COLUMN FROM_CLAIM_NUMBER INT NOT NULL DEFAULT 0,
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (SEND_ID, VERSION);
