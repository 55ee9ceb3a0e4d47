export type { SilentClaim } from '../domain/claim.js';
export type { ConsentDoubt, DeclinedBy } from '../domain/declined.js';
export type { DkimMode } from '../domain/dkim.js';
export type { Changeable, Edited } from '../domain/edited.js';
export type { Forgotten, HeldRow } from '../domain/forgotten.js';
export type { LimitUse } from '../domain/limit-use.js';
export type { Linted, LintFinding, LintRule } from '../domain/lint.js';
export type { LintSeverity } from '../domain/lint-rules.js';
export type {
  AddressColumn,
  EncodedTwice,
  FoundEncoding,
  FoundLine,
  RejectedLine,
} from '../domain/list-findings.js';
export type { Envelope } from '../domain/message.js';
export type { MissingBy, MissingCells, MissingMode } from '../domain/missing.js';
export type { Controls } from '../domain/pacing.js';
export type { Preview, PreviewedFile } from '../domain/preview.js';
export type { Progress, ProgressAfter } from '../domain/progress.js';
export type {
  FoundTag,
  ImportProgress,
  Queued,
  QueuedSend,
  QueueFinding,
} from '../domain/queued.js';
export type { RateLimit } from '../domain/rates.js';
export type { RecipientRow } from '../domain/recipient-page.js';
export type { Hold, HoldKind, Relay, RelayLimits, RelayState } from '../domain/relay.js';
export type { SandboxStatus } from '../domain/sandbox.js';
export type {
  HeldRelay,
  SchedulerEvent,
  SchedulerResult,
  WayAhead,
} from '../domain/scheduler-events.js';
export type { Send, ShownStatus } from '../domain/send.js';
export type { EventName, SendEvent } from '../domain/send-events.js';
export type { Released, ResolvedFromLog, Settled } from '../domain/settled.js';
export type { TakenOver } from '../domain/settlement.js';
export type { RecipientStatus, SendStatus } from '../domain/states.js';
export type {
  NewSuppression,
  Suppression,
  SuppressionChange,
  SuppressionCheck,
  SuppressionKey,
  SuppressionRejection,
  SuppressionResult,
} from '../domain/suppression.js';
export type { Tested, TestMail, TestTrouble } from '../domain/tested.js';
export type { Contradiction, Verification } from '../domain/verification.js';
export type { Waiting } from '../domain/waiting.js';

/** What a stream of bytes may come as; text is taken as UTF-8. */
export type Pieces = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;
