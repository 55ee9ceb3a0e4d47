import { CampaignError, type ErrorCode } from '../errors.js';
import { checkAddress } from './address.js';
import type { MessageValues } from './message-values.js';
import { isLoopback } from './server-url.js';

/** The merge field that is a recipient's own link, where a message has one. */
export const UNSUBSCRIBE_FIELD = 'unsubscribe_url';

/** Where a recipient's no is taken: behind a page of the Web, by mail, or both. */
export type UnsubscribeWays = Pick<MessageValues, 'unsubscribeUrl' | 'unsubscribeMailto'>;

export const hasUnsubscribeWay = ({
  unsubscribeUrl,
  unsubscribeMailto,
}: UnsubscribeWays): boolean => unsubscribeUrl !== null || unsubscribeMailto !== null;

/** The merge fields that a message's templates may use: those of its list, and the link where it has one. */
export const usableFields = ({
  fieldNames,
  ...ways
}: { fieldNames: readonly string[] } & UnsubscribeWays): readonly string[] =>
  hasUnsubscribeWay(ways) && !fieldNames.includes(UNSUBSCRIBE_FIELD)
    ? [...fieldNames, UNSUBSCRIBE_FIELD]
    : fieldNames;

/** Leaves room in the one line of 998 characters for a token, and a mailto: beside it. */
const MAX_URL_LENGTH = 400;

/**
 * The URL that a token is put behind, without a slash at its end. One click takes https (RFC 8058 §3.1); http is taken on
 * this machine alone, to try things.
 * @param name what errors call it; they do not quote it, for it may hold a password
 * @throws CampaignError
 */
export function checkUnsubscribeUrl(name: string, text: string, code: ErrorCode): string {
  const bad = (what: string): CampaignError =>
    new CampaignError(
      code,
      `${name} ${what}`,
      'give the place of `campaign serve` as readers reach it, such as https://news.example.org/u; each link is that, a slash and a token',
    );
  if (/[\s\p{Cc}]/u.test(text)) throw bad('has a space or a control character in it');
  if (!URL.canParse(text)) throw bad('is no URL');
  const url = new URL(text);
  if (url.protocol === 'http:' && !isLoopback(url.hostname.replace(/^\[|\]$/g, ''))) {
    throw bad('begins with http:, and only https: protects a link and is taken for one click');
  }
  if (!/^https?:$/.test(url.protocol)) throw bad('does not begin with https://');
  if (url.username !== '' || url.password !== '') throw bad('has a user or a password in it');
  if (/[?#]/.test(text)) throw bad('has a ? or a # in it, behind which no token can be put');
  const start = url.href.replace(/\/+$/, '');
  if (start.length > MAX_URL_LENGTH) {
    throw bad(`has ${start.length} characters; ${MAX_URL_LENGTH} are allowed`);
  }
  return start;
}

/**
 * The address that takes mails which unsubscribe, its domain as A-labels.
 * @param name what errors call it
 * @throws CampaignError BAD_ADDRESS
 */
export function checkUnsubscribeMailto(name: string, text: string): string {
  const check = checkAddress(text);
  if (!check.ok) {
    throw new CampaignError(
      'BAD_ADDRESS',
      `${name} is ${JSON.stringify(text)}, which is no address: ${check.reason}`,
      'write the address alone, such as leave@example.org',
    );
  }
  const { email, norm } = check;
  return email.slice(0, email.lastIndexOf('@')) + norm.slice(norm.lastIndexOf('@'));
}

export const webLink = (unsubscribeUrl: string, token: string): string =>
  `${unsubscribeUrl}/${token}`;

/** A mailto: (RFC 6068 §2) whose subject is `unsubscribe` and the token. */
export function mailLink(unsubscribeMailto: string, token: string): string {
  const at = unsubscribeMailto.lastIndexOf('@');
  const local = encodeURIComponent(unsubscribeMailto.slice(0, at));
  return `mailto:${local}${unsubscribeMailto.slice(at)}?subject=unsubscribe%20${token}`;
}
