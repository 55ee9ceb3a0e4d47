-- What is sent, read once per session.
CREATE TABLE IF NOT EXISTS CAMPAIGN_MESSAGES (
  SEND_ID BIGINT NOT NULL,
  SENDER VARCHAR(998) NOT NULL,
  REPLY_TO VARCHAR(998) NULL,
  SUBJECT TEXT NOT NULL,
  HTML MEDIUMTEXT NULL,
  BODY_TEXT MEDIUMTEXT NULL,
  -- Names of the merge fields the list brought, as a JSON array.
  FIELD_NAMES JSON NOT NULL,
  -- Keys the Message-IDs of this send, so that nobody else can compute them.
  MESSAGE_SECRET BINARY(32) NOT NULL,
  PRIMARY KEY (SEND_ID)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
