import type { Tested } from '../domain/tested.js';

/** Test mails, and what the server said to each. */
export const testedJson = ({ id, of, recipients }: Tested) => ({
  id,
  of,
  recipients: recipients.map(({ email, row, status, smtpCode, response, messageId }) => ({
    email,
    row,
    status,
    smtpCode,
    response,
    messageId,
  })),
});
