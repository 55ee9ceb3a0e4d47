import { expect, test } from 'vitest';
import { isConnectionLoss, isRetryable, isUnavailable } from '../../../src/store/mysql/errors.ts';

const serverError = (errno: number, message: string): Error =>
  Object.assign(new Error(message), { errno });

test('after an error during COMMIT, as a Galera node without its cluster gives, the session is dropped and the database counts as away', () => {
  const error = serverError(
    1180,
    'Error while appending streaming replication fragment(provider status: Not connected to Primary Component)',
  );
  expect(isUnavailable(error)).toBe(true);
  expect(isConnectionLoss(error)).toBe(true);
  expect(isRetryable(error)).toBe(false);
});
