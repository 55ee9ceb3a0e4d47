-- Of imports from before there were columns for it, their event tells.
UPDATE CAMPAIGN_SENDS s
  JOIN CAMPAIGN_SEND_EVENTS e ON e.SEND_ID = s.ID AND e.EVENT = 'imported'
   SET s.REJECTED_COUNT = JSON_EXTRACT(e.DETAILS, '$.rejected'),
       s.DUPLICATE_COUNT = JSON_EXTRACT(e.DETAILS, '$.duplicates')
 WHERE s.REJECTED_COUNT IS NULL;
