import type { ShownStatus } from '../domain/progress.js';

/** What `queue` came to, of which the JSON is made; see `queued` in the schemas for what each means. */
interface Queued {
  id: number | null;
  status: ShownStatus | 'dry-run';
  total: number;
  rejected: number | null;
  duplicates: number | null;
  suppressed: number | null;
  alreadyQueued: boolean;
  idnConverted: number | null;
  needSmtpUtf8: number | null;
  encoding: string | null;
  headerLine: number | null;
  looksEncodedTwice: { cells: number; line: number; cell: string; probably: string } | null;
}

export function queueJson(queued: Queued) {
  const { id, status, total, rejected, duplicates, suppressed, alreadyQueued } = queued;
  const { idnConverted, needSmtpUtf8, encoding, headerLine, looksEncodedTwice: twice } = queued;
  return {
    id,
    status,
    total,
    rejected,
    duplicates,
    suppressed,
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
