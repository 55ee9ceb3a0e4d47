-- For listing the sends of one status. CREATED_AT, which never changes, keeps MariaDB from finding a send by (STATUS, ID)
-- where it is to be found, and locked, by its ID.
ALTER TABLE CAMPAIGN_SENDS
  ADD KEY BY_STATUS (STATUS, CREATED_AT);
