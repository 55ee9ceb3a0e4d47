-- Headers of the sender's own choice, and the address that the envelope names instead of From's.
ALTER TABLE CAMPAIGN_MESSAGES
  ADD COLUMN HEADERS JSON NULL,
  ADD COLUMN ENVELOPE_FROM VARCHAR(998) NULL;
