-- Sends that were queued before there was a version may name people who were suppressed since: all that there is counts as new.
UPDATE CAMPAIGN_SUPPRESSION_VERSION SET BULK = V + 1, V = V + 1
 WHERE EXISTS (SELECT 1 FROM CAMPAIGN_SUPPRESSIONS);
