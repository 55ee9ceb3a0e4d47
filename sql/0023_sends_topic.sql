-- What a send is about, for a no to that alone, and up to which version of the suppressions its ledger was checked.
ALTER TABLE CAMPAIGN_SENDS
  ADD COLUMN TOPIC VARCHAR(63) NOT NULL DEFAULT '',
  ADD COLUMN CHECKED_VERSION BIGINT NOT NULL DEFAULT 0;
