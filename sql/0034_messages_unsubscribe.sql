-- Where a recipient's no is taken: a URL that a token is put behind, and an address for mails with a token in the subject.
ALTER TABLE CAMPAIGN_MESSAGES
  ADD COLUMN UNSUBSCRIBE_URL TEXT NULL,
  ADD COLUMN UNSUBSCRIBE_MAILTO TEXT NULL;
