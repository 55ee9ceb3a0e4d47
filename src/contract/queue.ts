import type { Queued } from '../domain/queued.js';

export function queueJson(queued: Omit<Queued, 'name'>) {
  const { id, status, total, rejected, duplicates, suppressed, alreadyQueued } = queued;
  const { blank, filtered, declined, missing } = queued;
  const { idnConverted, needSmtpUtf8, encoding, headerLine, looksEncodedTwice: twice } = queued;
  return {
    id,
    status,
    total,
    rejected,
    duplicates,
    suppressed,
    declined,
    filtered,
    blank,
    missing,
    alreadyQueued,
    idnConverted,
    needSmtpUtf8,
    encoding,
    headerLine,
    looksEncodedTwice: twice && {
      cells: twice.cells,
      line: twice.line,
      cell: twice.cell,
      probably: twice.probably,
    },
  };
}
