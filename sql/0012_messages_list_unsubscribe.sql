-- A Liquid template whose values are percent-encoded: the URL of List-Unsubscribe (RFC 2369, RFC 8058).
ALTER TABLE CAMPAIGN_MESSAGES
  ADD COLUMN LIST_UNSUBSCRIBE TEXT NULL;
