import { once } from 'node:events';
import { logDetails } from '../contract/log.js';
import { fileError } from '../domain/file-error.js';
import { isLoopback } from '../domain/server-url.js';
import { CampaignError } from '../errors.js';
import { Endpoint } from '../http/endpoint.js';
import { PageWriter } from '../http/page.js';
import { type ListenAddress, startPublicServer } from '../http/server.js';
import { DEFAULT_WORDS, readWords, type Words } from '../http/words.js';
import { readNamed } from '../named-file.js';
import { Unsubscribes } from '../operations/unsubscribe.js';
import { createLogger, type LogLevel } from '../view/log.js';
import { logServeEvents } from '../view/serve-log.js';
import type { Context } from './context.js';

/** The options of `serve`. */
export interface ServeInput {
  public: ListenAddress;
  unsubscribePage: string | undefined;
  contact: string | undefined;
  trustProxy: boolean;
  logLevel: LogLevel;
}

/** What is under way when it is stopped may take so long. */
const DRAIN_SECONDS = 10;

/**
 * Answers links to unsubscribe until it is stopped, and logs to stderr.
 * @throws CampaignError BAD_FILE, BAD_TEMPLATE for the words, CANNOT_LISTEN, or one of the database
 */
export async function serveAndLog(input: ServeInput, context: Context): Promise<void> {
  const words = await wordsOf(input.unsubscribePage);
  const { stderr, color, json, workspace } = context;
  const colour = stderr.isTTY === true && color;
  const logger = createLogger(stderr, json ? 'json' : 'text', input.logLevel, colour);
  const report = logServeEvents(logger, logDetails);
  const endpoint = new Endpoint({
    desk: await Unsubscribes.open(workspace),
    writer: new PageWriter(words, input.contact ?? null),
    trustProxy: input.trustProxy,
    now: () => performance.now(),
    report,
    explain: (error) => workspace.explain(error),
  });
  const server = await startPublicServer(input.public, endpoint);
  const signal = context.heedSignals();
  report({
    kind: 'listening',
    address: server.url,
    loopback: isLoopback(input.public.host.toLowerCase()),
  });
  if (!signal.aborted) await once(signal, 'abort');
  report({ kind: 'stopping', open: server.open(), drainSeconds: DRAIN_SECONDS });
  await server.stop(DRAIN_SECONDS * 1000);
  report({ kind: 'stopped', ...endpoint.counts });
}

const MAX_WORDS_BYTES = 64 * 1024;

/** @throws CampaignError BAD_FILE, BAD_TEMPLATE */
async function wordsOf(path: string | undefined): Promise<Words> {
  if (path === undefined) return DEFAULT_WORDS;
  const remedy = 'give a readable file in UTF-8 with --unsubscribe-page';
  const bytes = await readNamed(path, MAX_WORDS_BYTES).catch((error) => {
    throw fileError(path, error, remedy);
  });
  try {
    return readWords(path, new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CampaignError('BAD_TEMPLATE', `${path} is not text in UTF-8`, remedy);
  }
}
