import type { HeaderField } from '../domain/header-fields.js';
import type { AddressColumn } from '../domain/list-findings.js';
import type { RequiredKey, TemplateKey, ValueKey } from '../domain/message-values.js';
import type { MissingMode } from '../domain/missing.js';
import type { QueuePlan } from '../domain/queued.js';
import type { GivenFiles } from '../files/given.js';
import type { RejectsFile } from '../list/rejects.js';
import type { ListInput } from '../list/source.js';
import type { NamedTemplate } from '../message/template.js';
import type { NewSend } from '../store/sends/import.js';
import type { BodySources } from './compose-bodies.js';
import type { ImportDeps } from './queue-import.js';

/** Something of a message as it is asked for. */
type Requested<K extends ValueKey> = K extends TemplateKey ? string | NamedTemplate : string;

/** A message as it is asked for; a template has a name where errors are to call it otherwise than its key. */
export type MessageRequest = { [K in RequiredKey]: Requested<K> } & {
  [K in Exclude<ValueKey, RequiredKey>]?: Requested<K> | null | undefined;
};

/** A template with its name; null where there is none. */
export const named = (name: string, source: string | null): NamedTemplate | null =>
  source === null ? null : { name, source };

/** What is to be queued, checked but for the list and the templates; one body at least is given. */
export interface QueueRequest
  extends Omit<NewSend, 'message' | 'fromDomain'>,
    MessageRequest,
    BodySources,
    GivenFiles {
  list: ListInput;
  /** Checked by `faultOfHeaders`. */
  headers?: readonly HeaderField[] | undefined;
  paused: boolean;
  emailColumn?: string | undefined;
  /** As `encodingName` has it; undefined when it is to be found. */
  encoding?: string | undefined;
  /** Where rejected lines go: a CSV to be made, which is none of the files that are read, or somebody who takes them. */
  rejects: { path: string; inputs: readonly (string | null)[] } | RejectsFile | null;
  /** A condition in Liquid: only the rows that meet it are taken. `now` is what its dates are told by. */
  where?: (NamedTemplate & { now: Date }) | undefined;
  /** Takes nobody's no from the list itself. */
  ignoreDeclined: boolean;
  /** What is done with rows that lack what their message prints; `blank` when left out. */
  missing?: MissingMode | undefined;
  /** List and templates are checked, and nothing is changed. */
  dryRun: boolean;
}

/** Who is asked on the way. */
export interface QueueQuestions {
  /**
   * Before the list is opened, where its import is to be confirmed.
   * @throws CampaignError CONFIRMATION_NEEDED when there is nobody to ask
   */
  begin(): void;
  /** Told what is going to be imported, where that is to be confirmed afterwards. */
  announce(plan: QueuePlan): Promise<void>;
  /** Which of several columns holds the address, by its index; left out where nobody can say. */
  chooseColumn?: ((columns: readonly AddressColumn[]) => Promise<number>) | undefined;
  /** Resolves when the list, which is in the ledger now, may be sent; throws when not. */
  confirm(imported: Parameters<NonNullable<ImportDeps['confirm']>>[0]): Promise<void>;
}
