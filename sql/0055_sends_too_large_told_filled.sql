-- Of sends that said so before there was a column for it, and are not over, their events tell.
UPDATE CAMPAIGN_SENDS s
  JOIN CAMPAIGN_SEND_EVENTS e ON e.SEND_ID = s.ID AND e.EVENT = 'paused'
       AND e.REASON LIKE 'too large for the SMTP server: the message with %'
   SET s.TOO_LARGE_TOLD_AT = e.AT
 WHERE s.TOO_LARGE_TOLD_AT IS NULL AND s.STATUS IN ('running', 'paused');
