-- Recipients for whom a cell that their message prints is empty, null until the import has ended and for imports from before,
-- and how many rows were skipped because of it.
ALTER TABLE CAMPAIGN_SENDS
  ADD COLUMN MISSING_COUNT INT NULL,
  ADD COLUMN MISSING_SKIPPED_COUNT INT NOT NULL DEFAULT 0;
