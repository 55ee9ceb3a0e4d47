-- IANA name of the time zone in which a message shows `now` and times that have an offset.
ALTER TABLE CAMPAIGN_MESSAGES
  ADD COLUMN TIMEZONE VARCHAR(64) NOT NULL DEFAULT 'UTC';
