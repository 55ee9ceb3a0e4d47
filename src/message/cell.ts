import { Drop, toValue } from 'liquidjs';

/** Plain decimals only: a telephone number, `1e5` or `1,50` is text. */
const NUMBER = /^(-?)(\d{1,40})(?:\.(\d{1,40}))?$/;

/** A decimal, as a whole number of its last place, which no length rounds. */
interface Decimal {
  digits: bigint;
  places: number;
}

function readDecimal(text: string): Decimal | undefined {
  const [all, sign, whole, fraction = ''] = NUMBER.exec(text.trim()) ?? [];
  if (all === undefined) return undefined;
  return { digits: BigInt(`${sign}${whole}${fraction}`), places: fraction.length };
}

const scaled = ({ digits, places }: Decimal, to: number): bigint =>
  digits * 10n ** BigInt(to - places);

/** Negative, zero or positive, as `a` is less than, equal to or more than `b`; NaN when they don't compare. */
function compare(a: string, b: string | number): number {
  const [left, right] = [readDecimal(a), readDecimal(String(b))];
  if (left && right) {
    const places = Math.max(left.places, right.places);
    const [x, y] = [scaled(left, places), scaled(right, places)];
    return x < y ? -1 : x > y ? 1 : 0;
  }
  if (typeof b === 'number') return Number(a) - b;
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The text of a merge field, or what a filter made of one, as templates see it. Prints as it stands. Without anything but
 * blanks it is false, and equal to nil, "", blank and empty. A number equals its text and any number of its value.
 */
export class Cell extends Drop {
  readonly #text: string;
  readonly #plain: string;

  /** @param plain what it is compared as, where `text` has marks (see `Encoding`) */
  constructor(text: string, plain = text) {
    super();
    this.#text = text;
    this.#plain = plain;
  }

  get plain(): string {
    return this.#plain;
  }

  /** Null where it is empty, which is false in Liquid as "" is not. */
  override valueOf(): string | null {
    return this.isEmpty() ? null : this.#text;
  }

  override toString(): string {
    return this.#text;
  }

  toJSON(): string {
    return this.#text;
  }

  /** Whose properties templates read by a name: those of its text, none of these methods. */
  toLiquid(): string {
    return this.#text;
  }

  isEmpty(): boolean {
    return this.#plain.trim() === '';
  }

  equals(other: unknown): boolean {
    const value = comparable(other);
    if (this.isEmpty()) return value === false || String(value ?? '').trim() === '';
    if (value === this.#plain) return true;
    return (
      (typeof value === 'number' || other instanceof Cell) &&
      readDecimal(String(value)) !== undefined &&
      compare(this.#plain, String(value)) === 0
    );
  }

  gt(other: unknown): boolean {
    return this.compareTo(other) > 0;
  }

  geq(other: unknown): boolean {
    return this.compareTo(other) >= 0;
  }

  lt(other: unknown): boolean {
    return this.compareTo(other) < 0;
  }

  leq(other: unknown): boolean {
    return this.compareTo(other) <= 0;
  }

  private compareTo(other: unknown): number {
    const value = comparable(other);
    const known = typeof value === 'number' || (typeof value === 'string' && value !== '');
    return known && !this.isEmpty() ? compare(this.#plain, value) : Number.NaN;
  }
}

/** What an operand is compared as. */
export const comparable = (operand: unknown): unknown =>
  operand instanceof Cell ? operand.plain : toValue(operand);
