-- The ledger: one row a recipient, clustered so that a window of a send is one sequential read.
CREATE TABLE IF NOT EXISTS CAMPAIGN_SEND_RESULTS (
  SEND_ID BIGINT NOT NULL,
  SEQ BIGINT NOT NULL,
  EMAIL VARCHAR(320) NOT NULL,
  EMAIL_NORM VARCHAR(320) NOT NULL,
  FIELDS JSON NULL,
  STATUS ENUM('pending', 'sending', 'sent', 'failed', 'unknown', 'skipped') NOT NULL DEFAULT 'pending',
  ATTEMPTS INT NOT NULL DEFAULT 0,
  -- Set on rows given back or deferred, and kept while such a row is `sending`.
  NEXT_ATTEMPT_AT DATETIME(3) NULL,
  -- CAMPAIGN_SENDS.CLAIM_NUMBER of the claim that last took the row.
  CLAIM_NUMBER INT NULL,
  SMTP_CODE SMALLINT NULL,
  ENHANCED_CODE VARCHAR(11) NULL,
  RESPONSE VARCHAR(500) NULL,
  SENT_AT DATETIME(3) NULL,
  -- Null for untouched, sending and sent rows, so the hot path never writes its index; finds all the others.
  ATTENTION TINYINT GENERATED ALWAYS AS (
    CASE STATUS
      WHEN 'failed' THEN 1
      WHEN 'unknown' THEN 2
      WHEN 'skipped' THEN 3
      WHEN 'pending' THEN IF(NEXT_ATTEMPT_AT IS NULL, NULL, 4)
      WHEN 'sending' THEN IF(NEXT_ATTEMPT_AT IS NULL, NULL, 5)
    END
  ) STORED,
  PRIMARY KEY (SEND_ID, SEQ),
  UNIQUE KEY EMAIL_ONCE (SEND_ID, EMAIL_NORM),
  KEY ATTENTION_DUE (SEND_ID, ATTENTION, NEXT_ATTEMPT_AT)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
