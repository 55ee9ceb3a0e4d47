-- What is handed out of a relay's limits, each kind written by one guarded statement apart from everything else.
CREATE TABLE IF NOT EXISTS CAMPAIGN_RELAY_STATES (
  NAME VARCHAR(64) NOT NULL,
  KIND ENUM('rates', 'connections') NOT NULL,
  VERSION BIGINT NOT NULL DEFAULT 0,
  STATE TEXT NOT NULL,
  PRIMARY KEY (NAME, KIND)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
