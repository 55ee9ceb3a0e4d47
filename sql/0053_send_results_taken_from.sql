-- The number of the claim that was taken from its holder while this row was in flight, which made it unknown. A row that its
-- own worker recorded as unknown has none of its CLAIM_NUMBER.
ALTER TABLE CAMPAIGN_SEND_RESULTS
  ADD COLUMN TAKEN_FROM INT NULL;
