import type { Tested, TestMail } from '../domain/tested.js';
import { printable } from './printable.js';

const cells = ({ email, row, status, smtpCode, response }: TestMail): string[] => [
  email,
  String(row),
  status,
  smtpCode === null ? '' : String(smtpCode),
  response ?? '',
];

/** A line a mail: who gets it, about whom it is, and the reply, separated by tabs. */
export const testedLines = ({ recipients }: Tested): string =>
  recipients.map((mail) => `${cells(mail).map(printable).join('\t')}\n`).join('');

export const TESTED_HEAD = ['to', 'row', 'status', 'code', 'reply'] as const;

export const testedCells = ({ recipients }: Tested): string[][] => recipients.map(cells);
