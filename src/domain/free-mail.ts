import { isLargeProvider } from './large-providers.js';
import { siteOf } from './site.js';

/** Names of one provider each: of its domains, and of its relays. */
const FAMILIES: readonly (readonly string[])[] = [
  ['gmail', 'googlemail', 'google'],
  ['outlook', 'hotmail', 'live', 'msn', 'windowslive', 'passport', 'office365', 'office'],
  ['yahoo', 'ymail', 'rocketmail', 'myyahoo', 'aol', 'aim', 'netscape', 'verizon', 'yahoodns'],
  ['icloud', 'me', 'mac', 'apple'],
  ['gmx', 'web', '1und1', 'ionos'],
  ['proton', 'protonmail', 'pm'],
  ['tutanota', 'tuta'],
  ['mail', 'bk', 'inbox', 'list', 'internet'],
  ['yandex', 'ya'],
  ['rambler', 'lenta'],
  ['qq', 'foxmail', 'tencent'],
  ['163', '126', 'yeah', '139', 'netease'],
  ['daum', 'hanmail', 'kakao'],
  ['orange', 'wanadoo'],
  ['sfr', 'neuf'],
  ['libero', 'virgilio', 'iol'],
  ['telekom', 't-online'],
  ['att', 'sbcglobal', 'bellsouth', 'yahoo'],
];

const brandOf = (host: string): string => siteOf(host).split('.')[0] ?? '';

const areOne = (one: string, other: string): boolean =>
  one === other || FAMILIES.some((names) => names.includes(one) && names.includes(other));

/**
 * Whether mail from this domain, under which anybody has a mailbox, would go out by somebody else's relay: what its DMARC
 * record then says is that it is forged.
 * @param relay the host; undefined where it is not known, and then taken for another's
 */
export const isFreeMailOfAnother = (domain: string, relay: string | undefined): boolean =>
  isLargeProvider(domain) && (relay === undefined || !areOne(brandOf(domain), brandOf(relay)));
