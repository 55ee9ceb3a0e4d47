-- Files of messages, each once, however many sends have it.
CREATE TABLE IF NOT EXISTS CAMPAIGN_FILES (
  ID BIGINT NOT NULL AUTO_INCREMENT,
  -- SHA-256 of what it holds; null while that is being written, and once it is being removed.
  CONTENT_HASH BINARY(32) NULL,
  BYTES BIGINT NOT NULL,
  -- Grows whenever a send takes it or leaves it, so that its removal and its use exclude each other.
  USES BIGINT NOT NULL DEFAULT 0,
  -- From when on it may be removed, unless a send takes it; null while one has it.
  DOOMED_AT DATETIME(3) NULL,
  PRIMARY KEY (ID),
  UNIQUE KEY CONTENT_ONCE (CONTENT_HASH),
  KEY DOOMED (DOOMED_AT)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
