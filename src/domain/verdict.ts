import type { Reply, Stage } from './reply.js';

/** What happened on the wire. Says nothing yet about whose fault it is. */
export type DeliveryResult =
  /** The server answered, and this answer ends the transaction. At `dot` a 2xx is acceptance. */
  | { kind: 'reply'; stage: Stage; reply: Reply }
  /** The line broke, timed out or could not be made. */
  | { kind: 'broken'; stage: Stage; error: string; certificate?: boolean }
  /** Nothing was started: the lease had run out, or the worker is stopping. */
  | { kind: 'not-started' }
  /** This message cannot be made or sent to this server at all (template error, SMTPUTF8 or SIZE missing). */
  | {
      kind: 'unsendable';
      enhanced: string | null;
      error: string;
      /** Bytes that the server takes, where the message has more. */
      takes?: number;
    };

/** What it means for the ledger. */
export type Verdict =
  | { kind: 'sent'; reply: Reply }
  /** Refused for good: the recipient's or the message's own fault. */
  | { kind: 'failed'; code: number | null; enhanced: string | null; text: string }
  /** Refused for now: charged to the recipient as an attempt. `greylisted`: it says that it does so to everybody at first. */
  | {
      kind: 'deferred';
      code: number | null;
      enhanced: string | null;
      text: string;
      greylisted?: true;
    }
  /**
   * The relay has taken as much as it takes from us in a time, which is nobody's fault. `rate`: in seconds to minutes it
   * takes more. `quota`: in hours or tomorrow.
   */
  | {
      kind: 'limited';
      limit: 'rate' | 'quota';
      stage: Stage;
      code: number;
      enhanced: string | null;
      text: string;
    }
  /**
   * The server's or the sender's trouble: the row goes back untouched. `pause`: retrying cannot help.
   * `broke`: the line broke in mid-message, which a poisonous row can cause too. `crowded`: it takes no more connections.
   */
  | {
      kind: 'server';
      text: string;
      pause: boolean;
      broke: boolean;
      code: number | null;
      crowded?: boolean;
    }
  /** Broken between the final dot and its reply: never sent again unless the operator says so. */
  | { kind: 'unknown'; text: string }
  | { kind: 'untouched' };
