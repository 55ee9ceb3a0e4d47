import { type DmarcRecord, isDmarc, isMisreadDmarc, parseDmarc } from './dmarc-record.js';
import type { Lookups } from './lookups.js';

/** A name of eight labels and more goes on with its last seven, so that no walk takes more than eight lookups (RFC 9989 §4.10). */
const LABELS_AFTER_THE_FIRST = 7;

/** What a DNS tree walk met on its way up from a domain (RFC 9989 §4.10). */
export interface Walked {
  /** The records, that of the longest name first. */
  records: DmarcRecord[];
  /** Domains with more than one, which count as none. */
  several: string[];
  /** Records that were meant for one, and are not. */
  misread: { domain: string; text: string }[];
  /** Whether every question was answered. */
  isWhole: boolean;
}

export const dmarcNameOf = (domain: string): string => `_dmarc.${domain}`;

/** Walks from a domain up to the top, or to a record that says where its organization ends. */
export async function walkTree(domain: string, lookups: Lookups): Promise<Walked> {
  const walked: Walked = { records: [], several: [], misread: [], isWhole: true };
  for (let labels = domain.split('.'); labels.length > 0; labels = parentOf(labels)) {
    const name = labels.join('.');
    const answer = await lookups.txt(dmarcNameOf(name));
    if (answer.is === 'no-answer') {
      walked.isWhole = false;
      return walked;
    }
    const texts = answer.is === 'found' ? answer.records : [];
    const [text, ...others] = texts.filter(isDmarc);
    if (others.length > 0) walked.several.push(name);
    else if (text !== undefined) {
      const record = parseDmarc(name, text);
      walked.records.push(record);
      if (record.psd !== 'u') return walked;
    } else {
      const meant = texts.find(isMisreadDmarc);
      if (meant !== undefined) walked.misread.push({ domain: name, text: meant });
    }
  }
  return walked;
}

const parentOf = (labels: readonly string[]): string[] =>
  labels.length > LABELS_AFTER_THE_FIRST ? labels.slice(-LABELS_AFTER_THE_FIRST) : labels.slice(1);

/** The organizational domain of a domain from which a tree was walked (§4.10.2). */
export function organizationOf(domain: string, { records }: Walked): string {
  for (const record of records) {
    if (record.psd === 'n') return record.domain;
    if (record.psd === 'y' && record.domain !== domain) {
      const labels = record.domain.split('.').length + 1;
      return domain.split('.').slice(-labels).join('.');
    }
  }
  return records.at(-1)?.domain ?? domain;
}

/** The record that mail of a domain is treated by: its own, else its organization's, else the public suffix's (§4.10.1). */
export function appliedRecord(domain: string, walked: Walked): DmarcRecord | undefined {
  const { records } = walked;
  const at = (name: string): DmarcRecord | undefined =>
    records.find((record) => record.domain === name);
  const suffix = records.at(-1);
  return (
    at(domain) ?? at(organizationOf(domain, walked)) ?? (suffix?.psd === 'y' ? suffix : undefined)
  );
}
