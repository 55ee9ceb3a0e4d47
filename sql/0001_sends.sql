-- One row a send: the row that claims, fences and the books go through, kept small because every tick reads it.
-- Signed integers throughout: unsigned arithmetic overflows instead of going below zero.
CREATE TABLE IF NOT EXISTS CAMPAIGN_SENDS (
  ID BIGINT NOT NULL AUTO_INCREMENT,
  NAME VARCHAR(255) NOT NULL,
  -- Queueing twice with the same key gives the first send back.
  SEND_KEY VARCHAR(191) NULL,
  STATUS ENUM('importing', 'running', 'paused', 'completed', 'cancelled') NOT NULL DEFAULT 'importing',
  STATUS_REASON VARCHAR(500) NULL,
  BATCH_SIZE INT NOT NULL,
  DELAY_MS INT NOT NULL,
  COOLDOWN_SECONDS INT NOT NULL,
  MAX_ATTEMPTS INT NOT NULL,
  -- The books: TOTAL = SENT + FAILED + UNKNOWN + SKIPPED + SENDING + pending, at every commit.
  TOTAL_COUNT BIGINT NOT NULL DEFAULT 0,
  SENT_COUNT BIGINT NOT NULL DEFAULT 0,
  FAILED_COUNT BIGINT NOT NULL DEFAULT 0,
  UNKNOWN_COUNT BIGINT NOT NULL DEFAULT 0,
  SKIPPED_COUNT BIGINT NOT NULL DEFAULT 0,
  SENDING_COUNT BIGINT NOT NULL DEFAULT 0,
  LAST_BATCH_AT DATETIME(3) NULL,
  START_AT DATETIME(3) NULL,
  -- The claim. CLAIM_NUMBER grows with each claim, and when its holder lost a reply; ledger rows carry the number that took them.
  CLAIMED_BY VARCHAR(191) NULL,
  CLAIMED_AT DATETIME(3) NULL,
  CLAIM_NUMBER INT NOT NULL DEFAULT 0,
  -- Every ledger row with SEQ above CURSOR_SEQ has never been touched; a pending row at or below it has NEXT_ATTEMPT_AT.
  CURSOR_SEQ BIGINT NOT NULL DEFAULT 0,
  -- No row at or below SETTLED_SEQ is `sending`, but for those with NEXT_ATTEMPT_AT.
  SETTLED_SEQ BIGINT NOT NULL DEFAULT 0,
  LAST_SEQ BIGINT NOT NULL DEFAULT 0,
  CREATED_AT DATETIME(3) NOT NULL,
  STARTED_AT DATETIME(3) NULL,
  FINISHED_AT DATETIME(3) NULL,
  PRIMARY KEY (ID),
  UNIQUE KEY SEND_KEY_UNIQUE (SEND_KEY),
  KEY STATUS_LAST_BATCH (STATUS, LAST_BATCH_AT),
  KEY CLAIMED (CLAIMED_BY)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
