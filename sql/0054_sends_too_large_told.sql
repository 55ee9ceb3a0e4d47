-- When a send paused because the server does not take the messages of some rows, and said that they fail when it is resumed.
ALTER TABLE CAMPAIGN_SENDS
  ADD COLUMN TOO_LARGE_TOLD_AT DATETIME(3) NULL;
