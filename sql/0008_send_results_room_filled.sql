-- Apart from 0007, for MariaDB leaves out of all rows what was a column's default when it was added.
ALTER TABLE CAMPAIGN_SEND_RESULTS
  ALTER COLUMN ROOM SET DEFAULT '................................................................................';
