import { isIPv6 } from 'node:net';

/** Bad tokens that one address may bring at once, and how long it takes until one more is free. */
const BURST = 30;
const REFILL_MS = 2_000;
/** Addresses that are remembered: a few megabytes at most. */
const ADDRESSES = 10_000;

/** A network of IPv6 is one customer's: its first 64 bits. */
function networkOf(address: string): string {
  const [, mapped] = /^::ffff:([\d.]+)$/i.exec(address) ?? [];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = '', tail] = address.toLowerCase().split('%')[0]?.split('::') ?? [];
  const groups = head.split(':').filter((group) => group !== '');
  // What `::` left out is zeros, as many as are missing.
  const missing =
    tail === undefined ? 0 : 8 - groups.length - tail.split(':').filter(Boolean).length;
  return [...groups, ...Array.from({ length: Math.max(0, missing) }, () => '0')]
    .slice(0, 4)
    .join(':');
}

/**
 * How often an address has brought a token that was not ours. Genuine ones are never counted: mail providers post those
 * of all their customers from a few addresses.
 */
export class BadTokenLimit {
  /** By network, the one longest unused first: when its last bad token will be forgotten. */
  private readonly forgottenAt = new Map<string, number>();

  /** @param now milliseconds of a clock that only goes forward */
  constructor(private readonly now: () => number) {}

  /** Counts a bad token. @returns false where it is one too many */
  allows(address: string): boolean {
    const network = networkOf(address);
    const now = this.now();
    const until = Math.max(this.forgottenAt.get(network) ?? 0, now) + REFILL_MS;
    const allowed = until - now <= BURST * REFILL_MS;
    this.forgottenAt.delete(network);
    this.forgottenAt.set(network, allowed ? until : until - REFILL_MS);
    const [oldest] = this.forgottenAt.keys();
    if (this.forgottenAt.size > ADDRESSES && oldest !== undefined) this.forgottenAt.delete(oldest);
    return allowed;
  }

  get size(): number {
    return this.forgottenAt.size;
  }
}
