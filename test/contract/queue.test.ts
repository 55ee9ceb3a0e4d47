import { expect, it } from 'vitest';
import { queueJson } from '../../src/contract/queue.ts';
import { QUEUED } from '../support/queued.ts';

it('has the documented keys in its JSON', () => {
  expect(JSON.stringify(queueJson(QUEUED))).toBe(
    '{"id":42,"status":"running","total":12345,"rejected":3,"duplicates":1,"suppressed":0,"declined":0,"filtered":0,"blank":0,"missing":0,"alreadyQueued":false,"idnConverted":0,"needSmtpUtf8":0,"encoding":"utf-8","headerLine":1,"looksEncodedTwice":null}',
  );
});
