-- How often in a row a relay told of its limit for this row, with others accepted between: the third time it is the row's.
ALTER TABLE CAMPAIGN_SEND_RESULTS
  ADD COLUMN LIMITED TINYINT NULL;
