/** How a no came: by a mail program's click (RFC 8058) or from the page. */
export type UnsubscribeWay = 'one-click' | 'page';

/** What an endpoint has done since it began. */
export interface ServeCounts {
  unsubscribed: number;
  takenBack: number;
  /** Requests with a token that is not ours. */
  foreign: number;
}

/** What `serve` tells of its work; `token` is never a whole one. */
export type ServeEvent =
  | { kind: 'listening'; address: string; loopback: boolean }
  | { kind: 'unsubscribed'; sendId: number; token: string; way: UnsubscribeWay }
  | { kind: 'unsubscribed-already'; sendId: number; token: string; way: UnsubscribeWay }
  | { kind: 'taken-back'; sendId: number; token: string; stands: boolean }
  | { kind: 'nothing-to-take-back'; sendId: number; token: string; stands: boolean }
  /** A token of a test mail, which changes nothing. */
  | { kind: 'test-token'; sendId: number; token: string }
  | { kind: 'foreign-token'; token: string; way: UnsubscribeWay | 'look' }
  | { kind: 'refused'; status: number; reason: string }
  | { kind: 'database-away'; reason: string }
  | { kind: 'database-back'; afterMs: number }
  | { kind: 'fault'; reason: string }
  | { kind: 'stopping'; open: number; drainSeconds: number }
  | ({ kind: 'stopped' } & ServeCounts);
