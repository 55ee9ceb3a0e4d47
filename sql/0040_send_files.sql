-- Which files go with which messages.
CREATE TABLE IF NOT EXISTS CAMPAIGN_SEND_FILES (
  SEND_ID BIGINT NOT NULL,
  -- Of the row whose message alone has it; 0: every message of the send has it.
  SEQ BIGINT NOT NULL,
  POSITION INT NOT NULL,
  -- Null once what it held was removed.
  FILE_ID BIGINT NULL,
  NAME VARCHAR(255) NOT NULL,
  TYPE VARCHAR(255) NOT NULL,
  BYTES BIGINT NOT NULL,
  CONTENT_HASH BINARY(32) NOT NULL,
  DISPOSITION ENUM('attachment', 'inline') NOT NULL,
  CID VARCHAR(255) NULL,
  PRIMARY KEY (SEND_ID, SEQ, POSITION),
  KEY BY_FILE (FILE_ID)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
