-- Which version of its message a send goes out with from its next claim on.
ALTER TABLE CAMPAIGN_SENDS
  ADD COLUMN MESSAGE_VERSION INT NOT NULL DEFAULT 1;
