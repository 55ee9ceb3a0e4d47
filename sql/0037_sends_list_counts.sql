-- What else became of a list's lines: those with nothing in them, those that a condition left out, and of the recipients those
-- whom the list itself says not to write to. Null until the import has ended, and for imports from before.
ALTER TABLE CAMPAIGN_SENDS
  ADD COLUMN BLANK_COUNT INT NULL,
  ADD COLUMN FILTERED_COUNT INT NULL,
  ADD COLUMN DECLINED_COUNT INT NULL;
