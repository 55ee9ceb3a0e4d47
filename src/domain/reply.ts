/** A reply of the server: RFC 5321 §4.2 code, RFC 3463 enhanced code if it gave one, and its words on one line. */
export interface Reply {
  code: number;
  enhanced: string | null;
  text: string;
}

/** How far a transaction had come when it was answered or broke. `dot`: the final dot may have been written. */
export type Stage = 'connect' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body' | 'dot';
