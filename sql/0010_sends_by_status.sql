-- NEXT_DUE (0009) has taken the place of the index on (STATUS, LAST_BATCH_AT), which every batch had to write.
ALTER TABLE CAMPAIGN_SENDS
  ADD KEY BY_STATUS (STATUS),
  DROP KEY STATUS_LAST_BATCH;
