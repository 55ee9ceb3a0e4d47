-- A row's outcome goes where its ROOM was. Rows that grew in a full page would make InnoDB rebuild the page for every
-- second one of them, and in the end split it; so an untouched row is as large as one that was sent, its CLAIM_NUMBER
-- included: 0, or null in rows from before, is nobody's. ROOM is null once it is taken, and in rows from before.
ALTER TABLE CAMPAIGN_SEND_RESULTS
  ADD COLUMN ROOM VARBINARY(80) NULL,
  ALTER COLUMN CLAIM_NUMBER SET DEFAULT 0;
