-- Raised by every change of the suppressions, in its own transaction: what a worker checks instead of every address.
CREATE TABLE IF NOT EXISTS CAMPAIGN_SUPPRESSION_VERSION (
  ID TINYINT NOT NULL,
  V BIGINT NOT NULL DEFAULT 0,
  BULK BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (ID)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
