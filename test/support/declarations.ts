import type { CommandDeclaration } from '../../src/cli/command.ts';

const read = (text: string): string => text;
const run = async (): Promise<undefined> => undefined;
const id = { placeholder: 'id', help: 'number of the send', read } as const;

/** Commands with one of everything that a declaration may say, in words that documentation has to escape. */
export const DECLARATIONS: readonly CommandDeclaration[] = [
  {
    name: 'pause',
    summary: 'stop handing out messages; `resume` goes on',
    arguments: { id: { ...id, completion: { sends: ['running'] } } },
    options: {
      reason: { kind: 'value', placeholder: 'text', help: 'why, for "progress" \\ the log', read },
    },
    prints: 'progress',
    errors: ['NO_SUCH_SEND', 'WRONG_STATE'],
    examples: [['campaign pause 42 --reason "a \\ b"', "and `resume 42` when it's mended"]],
    run,
  },
  {
    name: 'progress',
    summary: 'show how a send stands',
    arguments: { id: { ...id, completion: 'send' } },
    options: { watch: { kind: 'flag', help: 'until it has ended' } },
    prints: 'progress',
    errors: ['NO_SUCH_SEND'],
    examples: [],
    run,
  },
  {
    name: 'list',
    summary: 'show the sends, the newest first',
    options: {
      status: {
        kind: 'value',
        placeholder: 'status',
        help: 'only these',
        read,
        completion: ['paused', 'pending|', 'running', "'; touch x'", '$(touch x)'],
      },
      before: { kind: 'value', placeholder: 'id', help: 'older ones', read, completion: 'send' },
      limit: { kind: 'value', placeholder: 'n', help: 'how many at most', read, fallback: 50 },
      csv: { kind: 'flag', help: 'print CSV', conflicts: ['json'] },
      secret: { kind: 'flag', help: 'not for users', hidden: true },
    },
    prints: 'list',
    errors: [],
    examples: [],
    run,
  },
  {
    name: 'queue',
    summary: '.starts with a dot, \'and "quotes"',
    options: {
      list: { kind: 'value', placeholder: 'file', help: 'the list', read, completion: 'file' },
      html: {
        kind: 'value',
        placeholder: 'file',
        help: 'HTML',
        read,
        completion: 'file',
        conflicts: ['text'],
      },
      text: { kind: 'value', placeholder: 'file', help: 'text', read, completion: 'file' },
    },
    prints: 'queue',
    asks: true,
    errors: ['BAD_LIST'],
    examples: [],
    run,
  },
  {
    name: 'sandbox start',
    summary: 'start both servers',
    prints: 'sandbox',
    errors: [],
    examples: [],
    run,
  },
  { name: 'sandbox stop', summary: 'stop both', errors: [], examples: [], run },
];

export const GROUPS = { sandbox: 'a private database and SMTP server' };

export const TOPICS = [
  {
    name: 'pacing',
    summary: 'batches and delays',
    load: async () => 'A text.\n\nA HEADING\n\n- an item\n',
  },
];
