import { createPublicKey, type KeyObject } from 'node:crypto';
import type { DkimKey } from '../domain/dkim.js';
import { excerpt } from './findings.js';
import { readTags, repeatedName, trimmed, unspaced } from './tag-list.js';

/** Bytes of an Ed25519 key, as they stand in DNS (RFC 8463 §4), and before them in SubjectPublicKeyInfo (RFC 8410). */
const ED25519_BYTES = 32;
const ED25519_SPKI_BYTES = 44;

/** What receivers make of a record for one of our keys. */
export type JudgedRecord =
  | { is: 'good'; isTesting: boolean }
  | { is: 'revoked' }
  | { is: 'invalid' | 'other-key'; why: string };

const invalid = (why: string): JudgedRecord => ({ is: 'invalid', why });
const otherKey = (why: string): JudgedRecord => ({ is: 'other-key', why });

/** The value of `k=` by how a key signs. */
const KEY_TYPES: Record<DkimKey['algorithm'], string> = {
  'rsa-sha256': 'rsa',
  'ed25519-sha256': 'ed25519',
};

/** What is to stand in DNS for a key. */
export const dnsRecordOf = (key: DkimKey): string =>
  `v=DKIM1; k=${KEY_TYPES[key.algorithm]}; p=${publicDataOf(key)}`;

function publicDataOf({ key, algorithm }: DkimKey): string {
  const der = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const data = algorithm === 'rsa-sha256' ? der : der.subarray(-ED25519_BYTES);
  return data.toString('base64');
}

/** Judges a TXT record as who verifies a signature of ours does (RFC 6376 §3.6.1, §6.1.2). */
export function judgeRecord(text: string, key: DkimKey): JudgedRecord {
  const { tags, odd } = readTags(text);
  const [strange] = odd;
  if (strange !== undefined) return invalid(`"${excerpt(strange)}" is no tag=value`);
  const twice = repeatedName(tags);
  if (twice !== undefined) return invalid(`it has ${excerpt(twice)}= twice`);
  const values = new Map(tags.map(({ name, value }) => [name, value]));
  const version = values.get('v');
  if (version !== undefined && (version !== 'DKIM1' || tags[0]?.name !== 'v')) {
    return invalid(`it has to begin with v=DKIM1, and has "v=${excerpt(version)}"`);
  }
  const data = values.get('p');
  if (data === undefined) return invalid('it has no p=');
  if (data === '') return { is: 'revoked' };
  const type = KEY_TYPES[key.algorithm];
  const given = values.get('k') ?? 'rsa';
  if (given.toLowerCase() !== type) {
    return otherKey(`it is for keys of the type ${excerpt(given)} (k=), and ours is of ${type}`);
  }
  const hashes = listOf(values.get('h'));
  if (hashes && !hashes.includes('sha256')) {
    return invalid(
      `its h= allows no SHA-256, with which we sign ("h=${excerpt(values.get('h') ?? '')}")`,
    );
  }
  const services = listOf(values.get('s'));
  if (services && !services.includes('*') && !services.includes('email')) {
    return invalid(`its s= is not for e-mail ("s=${excerpt(values.get('s') ?? '')}")`);
  }
  const isTesting = listOf(values.get('t'))?.includes('y') ?? false;
  return compare(unspaced(data), key) ?? { is: 'good', isTesting };
}

/** The parts of `sha1:sha256`; undefined where there is no such tag. */
const listOf = (value: string | undefined): string[] | undefined =>
  value?.split(':').map((one) => trimmed(one).toLowerCase());

/** What is wrong with the key data of a record; undefined where it is our key. */
function compare(data: string, key: DkimKey): JudgedRecord | undefined {
  if (!/^[a-z0-9+/]+={0,2}$/i.test(data)) {
    const character = /[^a-z0-9+/=]/i.exec(data)?.[0];
    return invalid(
      character === undefined
        ? 'its p= has "=" before its end'
        : `its p= has "${character}", which base64 has not`,
    );
  }
  const ours = publicDataOf(key);
  if (data.replace(/=+$/, '') === ours.replace(/=+$/, '')) return undefined;
  if (data.length < ours.length && ours.startsWith(data)) {
    return invalid(
      `its p= ends after ${data.length} of ${ours.length} characters: it was cut off, as by a limit of 255 for one string of a record`,
    );
  }
  const bytes = Buffer.from(data, 'base64');
  return key.algorithm === 'rsa-sha256' ? compareRsa(bytes, key) : compareEd25519(bytes, ours);
}

function compareRsa(bytes: Buffer, { key }: DkimKey): JudgedRecord | undefined {
  const published = readRsa(bytes, 'spki') ?? readRsa(bytes, 'pkcs1');
  if (!published) return invalid('its p= is no public key');
  if (published.asymmetricKeyType !== 'rsa') {
    return otherKey(`its p= is a key of ${published.asymmetricKeyType}`);
  }
  if (published.equals(createPublicKey(key))) return undefined;
  const bits = published.asymmetricKeyDetails?.modulusLength ?? 0;
  return otherKey(`its p= is another RSA key, of ${bits} bits`);
}

/** RFC 6376 has an RSAPublicKey (PKCS #1) in `p=`; what everybody publishes, and its erratum 3017 allows, is the other. */
function readRsa(key: Buffer, type: 'spki' | 'pkcs1'): KeyObject | undefined {
  try {
    return createPublicKey({ key, format: 'der', type });
  } catch {
    return undefined;
  }
}

function compareEd25519(bytes: Buffer, ours: string): JudgedRecord {
  const isWrapped = bytes.length === ED25519_SPKI_BYTES;
  const raw = isWrapped ? bytes.subarray(-ED25519_BYTES) : bytes;
  if (isWrapped && raw.toString('base64') === ours) {
    return invalid(
      `its p= is our key in SubjectPublicKeyInfo (${ED25519_SPKI_BYTES} bytes), and for Ed25519 it has to be the last ${ED25519_BYTES} bytes alone`,
    );
  }
  return raw.length === ED25519_BYTES
    ? otherKey('its p= is another Ed25519 key')
    : invalid(`its p= has ${bytes.length} bytes, and a key of Ed25519 has ${ED25519_BYTES}`);
}
