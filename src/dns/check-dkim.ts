import { type DkimKey, dnsNameOf } from '../domain/dkim.js';
import type { LintFinding } from '../domain/lint.js';
import { dnsRecordOf, type JudgedRecord, judgeRecord } from './dkim-record.js';
import { found } from './findings.js';
import type { Lookups } from './lookups.js';

export interface CheckedKey {
  key: DkimKey;
  findings: LintFinding[];
  /** Whether receivers can verify what it signs; undefined where DNS did not say. */
  verifies: boolean | undefined;
}

/** Whether the record in DNS of a key is that of the key. */
export async function checkDkimKey(key: DkimKey, lookups: Lookups): Promise<CheckedKey> {
  const name = dnsNameOf(key);
  const answer = await lookups.txt(name);
  if (answer.is === 'no-answer') return { key, findings: [], verifies: undefined };
  const [text, ...more] = answer.is === 'found' ? answer.records : [];
  if (text === undefined) {
    const finding = found(
      'dkim-record-missing',
      name,
      `messages are signed by the key "${key.selector}" of ${key.domain}, and there is no record of it in DNS: no receiver can verify them`,
      publish(key),
    );
    return { key, findings: [finding], verifies: false };
  }
  if (more.length > 0) return several(key, [text, ...more]);
  const judged = judgeRecord(text, key);
  return { key, findings: findingsOf(key, judged), verifies: judged.is === 'good' };
}

/** Which of them a receiver takes is not said (§3.6.2.2), so that it may verify here and not there. */
function several(key: DkimKey, texts: readonly string[]): CheckedKey {
  const hasOurs = texts.some((text) => judgeRecord(text, key).is === 'good');
  const finding = found(
    'dkim-record-invalid',
    dnsNameOf(key),
    `there are ${texts.length} TXT records in the place of one, ${hasOurs ? 'of which one is that of our key' : 'and none is that of our key'}: which of them receivers take is left to chance`,
    `leave one alone: ${dnsRecordOf(key)}`,
  );
  return { key, findings: [finding], verifies: hasOurs ? undefined : false };
}

const publish = (key: DkimKey): string =>
  `publish as a TXT record of ${dnsNameOf(key)}, in a zone file in strings of at most 255 characters: ${dnsRecordOf(key)}`;

/** By which rule a record is found, and in what words, before those for why. */
const FAULTS = {
  invalid: { rule: 'dkim-record-invalid', words: 'cannot be used: ' },
  'other-key': { rule: 'dkim-key-differs', words: 'is that of another key: ' },
} as const;

function findingsOf(key: DkimKey, judged: JudgedRecord): LintFinding[] {
  const name = dnsNameOf(key);
  const which = `the record of the key "${key.selector}" of ${key.domain}`;
  if (judged.is === 'good') {
    if (!judged.isTesting) return [];
    return [
      found(
        'dkim-testing',
        name,
        `${which} says that the domain is testing DKIM (t=y): receivers may treat signed messages as if they were not`,
        'take t=y out of the record when signatures verify',
      ),
    ];
  }
  if (judged.is === 'revoked') {
    return [
      found(
        'dkim-revoked',
        name,
        `${which} says that the key is withdrawn (an empty p=): no receiver can verify the messages`,
        `sign with a new key under a new selector; where it was withdrawn by mistake, ${publish(key)}`,
      ),
    ];
  }
  const { rule, words } = FAULTS[judged.is];
  const otherwise =
    judged.is === 'invalid'
      ? ''
      : '; or sign with the key that is published there, or under a selector of its own';
  return [
    found(
      rule,
      name,
      `${which} ${words}${judged.why}; no receiver can verify the messages`,
      publish(key) + otherwise,
    ),
  ];
}
