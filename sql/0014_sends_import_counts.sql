-- What an import left out: lines that were no recipients, and lines whose address an earlier line had. Null until it has ended.
ALTER TABLE CAMPAIGN_SENDS
  ADD COLUMN REJECTED_COUNT INT NULL,
  ADD COLUMN DUPLICATE_COUNT INT NULL;
