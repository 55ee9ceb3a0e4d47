/** Something in the books that the ledger does not bear out. */
export interface Contradiction {
  what: string;
  expected: string | number;
  found: string | number;
}

/** What a recount of a send's ledger came to. */
export interface Verification {
  id: number;
  ok: boolean;
  contradictions: Contradiction[];
}
