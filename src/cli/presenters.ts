import type { Context } from './context.js';
import { jsonLine, write } from './output.js';
import { Live, type PrintedShape, type Values } from './results.js';

interface Style {
  color: boolean;
}

/** How values of a shape are shown: JSON for programs, a table on a terminal, lines in a pipe. */
interface Presenter<V> {
  json(value: V): unknown;
  lines(value: V): string;
  /** The lines where it is left out, and always for a stream, whose widths are not known. */
  table?(value: V, style: Style): string | Promise<string>;
  /** What people are told on stderr behind it. */
  hint?(value: V, onTerminal: boolean): string | null;
  /** What people are told on stderr of a stream without a value. */
  none?: string;
  contradicts?(value: V): boolean;
}

/** A shape that is too large for a value: pieces of text, whose sum is a document. */
interface Pieces<V> {
  pieces(value: V, how: { json: boolean; onTerminal: boolean } & Style): AsyncIterable<string>;
}

type Presenters = {
  [S in PrintedShape]: () => Promise<Presenter<Values[S]> | Pieces<Values[S]>>;
};

/** Each loads what it shows with, and no other's. */
const PRESENTERS: Presenters = {
  progress: async () => {
    const [{ progressJson }, { fieldLines }, { unknownHint }] = await Promise.all([
      import('../contract/progress.js'),
      import('../view/progress.js'),
      import('../domain/progress.js'),
    ]);
    return {
      json: progressJson,
      lines: (progress) => {
        const { waiting, ...fields } = progressJson(progress);
        return fieldLines({ ...fields, waiting: waiting?.text ?? null });
      },
      table: async (progress, { color }) => {
        const { progressTable } = await import('../view/tables.js');
        return progressTable(progress, { color, now: progress.now });
      },
      hint: ({ send, status }, onTerminal) =>
        onTerminal ? null : unknownHint(send.id, status, send.unknown),
    };
  },
  list: async () => {
    const [{ progressJson }, { sendLine }] = await Promise.all([
      import('../contract/progress.js'),
      import('../view/progress.js'),
    ]);
    return {
      json: (sends) => sends.map(progressJson),
      lines: (sends) => sends.map(sendLine).join(''),
      table: async (sends, { color }) => {
        const [first] = sends;
        if (!first) return '';
        const { sendsTable } = await import('../view/tables.js');
        return sendsTable(sends, { color, now: first.now });
      },
      hint: (sends) => (sends.length === 0 ? 'no sends' : null),
    };
  },
  recipients: async () => {
    const { recipientPieces } = await import('./recipient-pieces.js');
    return { pieces: recipientPieces };
  },
  events: async () => {
    const [{ eventJson }, { eventLine }] = await Promise.all([
      import('../contract/event.js'),
      import('../view/events.js'),
    ]);
    return { json: eventJson, lines: eventLine };
  },
  verify: async () => {
    const [{ verdictJson }, { verificationLines }] = await Promise.all([
      import('../contract/verify.js'),
      import('../view/verify.js'),
    ]);
    return {
      json: verdictJson,
      lines: verificationLines,
      none: 'no sends',
      contradicts: ({ ok }) => !ok,
    };
  },
  queue: async () => {
    const [{ queueJson }, { queueSummary }] = await Promise.all([
      import('../contract/queue.js'),
      import('../view/queue.js'),
    ]);
    const summary: Presenter<Values['queue']>['lines'] = (queued) => `${queueSummary(queued)}\n`;
    return {
      json: queueJson,
      lines: (queued) => (queued.id === null ? summary(queued) : `${queued.id}\n`),
      table: summary,
      hint: (queued, onTerminal) =>
        onTerminal || queued.id === null ? null : queueSummary(queued),
    };
  },
  preview: async () => {
    const [{ previewJson }, { previewText, printableLines, PREVIEW_HINT }] = await Promise.all([
      import('../contract/preview.js'),
      import('../view/preview.js'),
    ]);
    const lines: Presenter<Values['preview']>['lines'] = ({ preview, as }) =>
      as === 'text'
        ? previewText(preview)
        : as === 'html'
          ? (preview.html ?? '')
          : Buffer.from(preview.eml).toString('utf8');
    return {
      json: ({ preview }) => previewJson(preview),
      lines,
      table: (shown) => (shown.as === 'text' ? lines(shown) : `${printableLines(lines(shown))}\n`),
      hint: ({ as }) => (as === 'text' ? PREVIEW_HINT : null),
    };
  },
  test: async () => {
    const [{ testedJson }, { testedLines, testedCells, TESTED_HEAD }] = await Promise.all([
      import('../contract/test-mails.js'),
      import('../view/test-mails.js'),
    ]);
    return {
      json: testedJson,
      lines: testedLines,
      table: async (tested, { color }) => {
        const { plainTable } = await import('../view/tables.js');
        return plainTable(TESTED_HEAD, testedCells(tested), { color });
      },
    };
  },
  lint: async () => {
    const [{ lintJson }, { lintLines, lintCells, lintHint, LINT_HEAD }] = await Promise.all([
      import('../contract/lint.js'),
      import('../view/lint.js'),
    ]);
    return {
      json: lintJson,
      lines: lintLines,
      table: async (linted, { color }) => {
        if (linted.findings.length === 0) return '';
        const { plainTable } = await import('../view/tables.js');
        return plainTable(LINT_HEAD, lintCells(linted), { color });
      },
      hint: lintHint,
    };
  },
  suppress: async () => {
    const [{ suppressionResultJson }, { resultLines }] = await Promise.all([
      import('../contract/suppressions.js'),
      import('../view/suppressions.js'),
    ]);
    return { json: suppressionResultJson, lines: resultLines };
  },
  suppressed: async () => {
    const [{ suppressionCheckJson }, { checkLines }] = await Promise.all([
      import('../contract/suppressions.js'),
      import('../view/suppressions.js'),
    ]);
    return {
      json: (checks) => checks.map(suppressionCheckJson),
      lines: (checks) => checks.map(checkLines).join(''),
    };
  },
  suppressions: async () => {
    const { suppressionPieces } = await import('./suppression-pieces.js');
    return { pieces: suppressionPieces };
  },
  relay: async () => {
    const [{ relayJson }, { relayLines }] = await Promise.all([
      import('../contract/relay.js'),
      import('../view/relay.js'),
    ]);
    return { json: relayJson, lines: relayLines, none: 'no relay: a scheduler adds its own' };
  },
  forget: async () => {
    const [{ forgottenJson }, { forgottenLines }] = await Promise.all([
      import('../contract/forgotten.js'),
      import('../view/forgotten.js'),
    ]);
    return { json: forgottenJson, lines: forgottenLines };
  },
  migrate: async () => {
    const [{ migrateJson }, { migrationHint }] = await Promise.all([
      import('../contract/migrate.js'),
      import('../view/migrate.js'),
    ]);
    return {
      json: ({ applied }) => migrateJson(applied),
      lines: ({ applied }) => applied.map((name) => `applied ${name}\n`).join(''),
      hint: (migrated) => migrationHint(migrated),
    };
  },
  sandbox: async () => {
    const [{ sandboxJson }, { sandboxLines }] = await Promise.all([
      import('../contract/sandbox.js'),
      import('../view/sandbox.js'),
    ]);
    return { json: sandboxJson, lines: sandboxLines };
  },
};

/** Prints a value, a stream or a live one. @returns whether it shows that the books contradict the ledger */
type Print = (value: unknown, context: Context) => Promise<'contradiction' | undefined>;

/** What prints values of a shape, loaded so that nothing is missing when the value is there. */
export async function loadPrinter(shape: PrintedShape): Promise<Print> {
  const presenter = (await PRESENTERS[shape]()) as Presenter<unknown> | Pieces<unknown>;
  return (value, context) => print(presenter, value, context);
}

async function print(
  presenter: Presenter<unknown> | Pieces<unknown>,
  value: unknown,
  context: Context,
): Promise<'contradiction' | undefined> {
  const { json, stdout, color } = context;
  const onTerminal = stdout.isTTY === true;
  if ('pieces' in presenter) {
    for await (const piece of presenter.pieces(value, { json, onTerminal, color })) {
      await write(stdout, piece);
    }
    return undefined;
  }
  if (value instanceof Live) return presentStream(presenter, value.values, context, 'documents');
  if (isStream(value)) return presentStream(presenter, value, context, 'array');
  if (json) await write(stdout, jsonLine(presenter.json(value)));
  else if (onTerminal && presenter.table)
    await write(stdout, await presenter.table(value, { color }));
  else await write(stdout, presenter.lines(value));
  const hint = presenter.hint?.(value, onTerminal);
  if (hint) context.notice(hint);
  return presenter.contradicts?.(value) ? 'contradiction' : undefined;
}

const isStream = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

/** @param form of JSON: all in one array, or a document a line */
async function presentStream(
  presenter: Presenter<unknown>,
  values: AsyncIterable<unknown>,
  { json, stdout, notice }: Context,
  form: 'array' | 'documents',
): Promise<'contradiction' | undefined> {
  const inArray = json && form === 'array';
  let count = 0;
  let contradicts = false;
  for await (const value of values) {
    contradicts ||= presenter.contradicts?.(value) === true;
    const text = json ? JSON.stringify(presenter.json(value)) : presenter.lines(value);
    if (inArray) await write(stdout, (count === 0 ? '[' : ',\n') + text);
    else await write(stdout, json ? `${text}\n` : text);
    count++;
  }
  if (inArray) await write(stdout, count === 0 ? '[]\n' : ']\n');
  else if (count === 0 && presenter.none) notice(presenter.none);
  return contradicts ? 'contradiction' : undefined;
}
