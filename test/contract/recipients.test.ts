import { expect, test } from 'vitest';
import { RECIPIENT_KEYS, recipientJson } from '../../src/contract/recipients.ts';

test('a CSV of recipients has the keys of their JSON for its columns, in the same order', () => {
  const row = recipientJson({
    email: 'ann@example.org',
    status: 'pending',
    attempts: 0,
    smtpCode: null,
    enhancedCode: null,
    response: null,
    messageId: null,
    sentAt: null,
    version: null,
  });
  expect(Object.keys(row)).toEqual(RECIPIENT_KEYS);
});
