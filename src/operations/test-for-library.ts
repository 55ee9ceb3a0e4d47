import { randomBytes } from 'node:crypto';
import { MAX_TEST_MAILS } from '../domain/test-mail.js';
import type { Tested } from '../domain/tested.js';
import { CampaignError } from '../errors.js';
import type { QueueOptions, TestOptions } from './library-types.js';
import type { Opened } from './open-workspace.js';
import {
  callback,
  flag,
  type Reader,
  readOptions,
  refuse,
  required,
  sendId,
  signal,
  text,
  wholeNumber,
} from './option-readers.js';
import { requestForLibrary } from './queue-for-library.js';
import { runForLibrary } from './run-for-library.js';
import { testMails } from './test-mails.js';
import { USUAL_WAIT_SECONDS } from './test-outcome.js';

const ADDRESS_LENGTH = 998;

const addresses: Reader<readonly string[]> = (value, name) => {
  const all: unknown[] = typeof value === 'string' ? [value] : Array.isArray(value) ? value : [];
  if (all.length === 0) throw refuse(name, value, 'an address, or an array of addresses');
  return all.map((one, i) => text(ADDRESS_LENGTH)(one, `${name}[${i}]`));
};

const READERS = {
  to: addresses,
  rows: wholeNumber({ min: 1, max: MAX_TEST_MAILS }),
  email: text(ADDRESS_LENGTH),
  plain: flag,
  wait: flag,
  maxWaitSeconds: wholeNumber({ min: 1, max: 3600 }),
  now: flag,
  signal,
  onSuppressed: callback<NonNullable<TestOptions['onSuppressed']>>(),
};

/**
 * Sends a program's test mails.
 * @param of a send's number, or what `queue` is given
 * @throws CampaignError BAD_SETTING naming the option, and whatever `testMails` throws
 */
export async function testForLibrary(
  opened: Opened,
  of: number | QueueOptions,
  options: TestOptions,
  stop: AbortSignal,
): Promise<Tested> {
  const read = readOptions('test', options, READERS);
  const { plain = false, wait = true, now = false, onSuppressed, rows, email } = read;
  if (rows !== undefined && email !== undefined) {
    throw new CampaignError('BAD_SETTING', 'rows is given beside email', 'give one of them');
  }
  if (now && !wait) {
    throw new CampaignError(
      'BAD_SETTING',
      'now is given, and wait is false',
      'leave one of them out: what is sent from here is waited for',
    );
  }
  return testMails(
    opened.workspace,
    {
      of:
        typeof of === 'object'
          ? { request: requestForLibrary('test', of, stop) }
          : { id: sendId(of, 'id') },
      to: required('test', 'to', read.to),
      rows,
      email,
      plain,
      waitSeconds: wait ? (read.maxWaitSeconds ?? USUAL_WAIT_SECONDS) : null,
    },
    {
      signal: stop,
      randomBytes,
      now: () => performance.now(),
      onFinding: Object(of).onFinding ?? (() => undefined),
      onSuppressed: onSuppressed ?? (() => undefined),
      run: now
        ? (only, ending) =>
            runForLibrary(opened, { until: 'once', connections: 1, pollSeconds: 1 }, ending, only)
        : undefined,
    },
  );
}
