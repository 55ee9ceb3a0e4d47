-- Bytes of the largest file that goes with one row alone; null where rows have none.
ALTER TABLE CAMPAIGN_MESSAGES
  ADD COLUMN ROW_FILE_BYTES BIGINT NULL;
