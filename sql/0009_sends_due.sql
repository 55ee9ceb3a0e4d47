-- A scheduler looks for work in one index, in the order of its rows, however many sends there are. Between the claim and
-- the end of a batch neither column changes.
ALTER TABLE CAMPAIGN_SENDS
  -- Of a send that nobody holds. 1: its next batch is due at DUE_AT. 2: nothing is left of it but rows deferred or given
  -- back, so not before the first of them is due either. 3: rows are in flight under no claim. Null: nothing is to be done.
  ADD COLUMN DUE TINYINT GENERATED ALWAYS AS (
    CASE
      WHEN CLAIMED_BY IS NOT NULL OR STATUS NOT IN ('running', 'paused') THEN NULL
      WHEN SENDING_COUNT <> 0 THEN 3
      WHEN STATUS = 'paused' THEN NULL
      WHEN CURSOR_SEQ < LAST_SEQ OR SENT_COUNT + FAILED_COUNT + UNKNOWN_COUNT + SKIPPED_COUNT = TOTAL_COUNT THEN 1
      ELSE 2
    END
  ) STORED,
  -- When its start and its cooldown have both come.
  ADD COLUMN DUE_AT DATETIME(3) GENERATED ALWAYS AS (
    GREATEST(
      COALESCE(START_AT, TIMESTAMP'1970-01-01 00:00:00.000'),
      COALESCE(LAST_BATCH_AT + INTERVAL COOLDOWN_SECONDS SECOND, TIMESTAMP'1970-01-01 00:00:00.000')
    )
  ) STORED,
  ADD KEY NEXT_DUE (DUE, DUE_AT);
