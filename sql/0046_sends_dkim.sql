-- Whether a send's messages are to be signed with DKIM, and of which domain they come. A scheduler looks for work that needs
-- a signature among that of its keys' domains alone, by a prefix of DKIM_KEY: of sends that it may not claim it reads none.
ALTER TABLE CAMPAIGN_SENDS
  -- required: by nobody but a scheduler that has a key for FROM_DOMAIN, or for a parent of it.
  ADD COLUMN DKIM ENUM('auto', 'required', 'off') NOT NULL DEFAULT 'auto',
  -- As lower-case A-labels; empty for sends from before.
  ADD COLUMN FROM_DOMAIN VARCHAR(255) NOT NULL DEFAULT '',
  -- FROM_DOMAIN read backwards and a dot, so that subdomains stand behind their parent; empty where no key is needed.
  ADD COLUMN DKIM_KEY VARCHAR(256) GENERATED ALWAYS AS (
    IF(DKIM = 'required', CONCAT(REVERSE(FROM_DOMAIN), '.'), '')
  ) STORED,
  ADD KEY NEXT_DUE_BY_KEY (DUE, DKIM_KEY, DUE_AT);
