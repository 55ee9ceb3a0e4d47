-- When an operator settled the row, whose outcome is then no reply's; null for all others.
ALTER TABLE CAMPAIGN_SEND_RESULTS
  ADD COLUMN RESOLVED_AT DATETIME(3) NULL;
