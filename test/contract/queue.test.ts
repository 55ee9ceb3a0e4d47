import { expect, it } from 'vitest';
import { queueJson } from '../../src/contract/queue.ts';

it('has the documented keys in its JSON', () => {
  const result = {
    id: 42,
    name: 'Spring',
    status: 'running',
    total: 12_345,
    rejected: 3,
    duplicates: 1,
    suppressed: 0,
    alreadyQueued: false,
    idnConverted: 0,
    needSmtpUtf8: 0,
    encoding: 'utf-8',
    headerLine: 1,
    looksEncodedTwice: null,
  } as const;
  expect(JSON.stringify(queueJson(result))).toBe(
    '{"id":42,"status":"running","total":12345,"rejected":3,"duplicates":1,"suppressed":0,"alreadyQueued":false,"idnConverted":0,"needSmtpUtf8":0,"encoding":"utf-8","headerLine":1,"looksEncodedTwice":null}',
  );
});
