-- Domains whose DKIM keys a scheduler has, separated by commas, so that it can be told which sends nobody can sign.
ALTER TABLE CAMPAIGN_WORKERS
  ADD COLUMN DKIM_DOMAINS TEXT NULL;
