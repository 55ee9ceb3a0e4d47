import { expect, it } from 'vitest';
import { queuePlan, queueSummary, rejectionLines } from '../../src/view/queue.ts';
import { QUEUED as result } from '../support/queued.ts';

it('says what was queued and how to go on', () => {
  expect(queueSummary(result)).toBe(
    [
      'Queued send 42 "Spring": running, 12,345 recipients (3 lines rejected, 1 duplicate).',
      '  campaign run-scheduler',
      '  campaign progress 42 --watch',
    ].join('\n'),
  );
  expect(queueSummary({ ...result, status: 'paused' })).toContain('campaign resume 42');
  expect(queueSummary({ ...result, alreadyQueued: true })).toContain('Already queued as send 42');
  const ended = (status: 'cancelled' | 'completed') =>
    queueSummary({ ...result, status, alreadyQueued: true });
  expect(ended('cancelled')).toMatch(/: cancelled, .*\n {2}it stays cancelled; another --key/);
  expect(ended('completed')).toMatch(/: completed, .*\n {2}campaign progress 42$/);
});

it('keeps what a list or a name holds from reaching the terminal as control characters', () => {
  expect(queueSummary({ ...result, name: '\u001b[2J' })).toContain('"\\x1b[2J"');
  expect(rejectionLines([{ line: 2, reason: 'no @', cells: ['a\u001b[31m\n'] }], 7)).toBe(
    'Rejected 7 lines:\n  line 2: no @: a\\x1b[31m\\n\n  and 6 more (--rejects writes all of them to a file)',
  );
});

it('lays out the plan', () => {
  expect(
    queuePlan(
      {
        name: 'Spring',
        from: 'news@example.org',
        subject: 'Hi',
        list: 'list.csv',
        listBytes: 1_300_000,
        listUnsubscribe: 'https://example.org/u/{{ name }}',
        unsubscribeUrl: null,
        unsubscribeMailto: null,
        envelopeFrom: null,
        headers: [],
        timezone: 'UTC',
        fieldNames: ['name'],
        batchSize: 1,
        delayMs: 1500,
        cooldownSeconds: 0,
        maxAttempts: 5,
        startAt: new Date('2030-01-31T09:00:00Z'),
        paused: false,
        files: [
          { name: 'report.pdf', bytes: 1_300_000, disposition: 'attachment' },
          { name: 'logo.png', bytes: 2_000, disposition: 'inline' },
        ],
        rowFiles: 'invoice',
      },
      'the sandbox',
    ),
  ).toBe(
    [
      'Name        Spring',
      'From        news@example.org',
      'Subject     Hi',
      'List        list.csv (1.2 MB)',
      'Fields      email, name',
      'Unsubscribe https://example.org/u/{{ name }}',
      'Files       report.pdf (1.2 MB), 1 picture — 1.2 MB in all',
      'Files       one for each row, named by the column invoice',
      'Pacing      1 message a batch, 1,500 ms between messages, 0 seconds between batches, 5 attempts at most',
      'Start       2030-01-31T09:00:00.000Z',
      'Database    the sandbox',
    ].join('\n'),
  );
});
