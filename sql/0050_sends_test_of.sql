-- Of test mails: the send whose message they show, or 0 where that was never queued; null for a send of a list. Tests that are due
-- are found at once, however many sends are.
ALTER TABLE CAMPAIGN_SENDS
  ADD COLUMN TEST_OF BIGINT NULL,
  ADD KEY TESTS_DUE (DUE, TEST_OF);
