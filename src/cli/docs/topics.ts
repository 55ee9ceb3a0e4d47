/** What `campaign help <name>` prints, and a chapter of the man page. */
export interface Topic {
  readonly name: string;
  readonly summary: string;
  /** Its text, to be printed as it stands; how it is written is said in `topic-text.ts`. */
  load(): Promise<string>;
}

/** In the order in which a reader needs them. One with the name of a command tells what that command does. */
export const topics: readonly Topic[] = [
  topic(
    'lists',
    'what a list may look like, and what is done with it',
    () => import('./topics/lists.js'),
  ),
  topic(
    'messages',
    'templates, values, dates, the headers of a message',
    () => import('./topics/messages.js'),
  ),
  topic(
    'files',
    'attachments, pictures of the HTML, a file for each row',
    () => import('./topics/files.js'),
  ),
  topic(
    'checking',
    'see a message, send it to yourself, mend it while it is paused',
    () => import('./topics/checking.js'),
  ),
  topic(
    'lint',
    'what is wrong with a message: the rules, each with its source',
    () => import('./topics/lint.js'),
  ),
  topic(
    'unsubscribe',
    'links to unsubscribe, their page, its proxy and its words',
    () => import('./topics/unsubscribe.js'),
  ),
  topic(
    'dkim',
    'signatures: keys, their records in DNS, changing them',
    () => import('./topics/dkim.js'),
  ),
  topic(
    'pacing',
    'batches, delays, retries, and when a send pauses itself',
    () => import('./topics/pacing.js'),
  ),
  topic(
    'relays',
    'what a relay takes, and which limits to set, by provider',
    () => import('./topics/relays.js'),
  ),
  topic(
    'steering',
    'watch, pause, change, end and mend a send',
    () => import('./topics/steering.js'),
  ),
  topic(
    'suppression',
    'who must not be mailed; what is kept of a person, and erasing it',
    () => import('./topics/suppression.js'),
  ),
  topic('states', 'the states of a send and of a recipient', () => import('./topics/states.js')),
  topic(
    'operations',
    'running it for good: systemd, cron, containers, crashes',
    () => import('./topics/operations.js'),
  ),
  topic(
    'databases',
    'what the database must be; several hosts, clusters',
    () => import('./topics/databases.js'),
  ),
  topic(
    'environment',
    'every setting; URLs, passwords, TLS',
    () => import('./topics/environment.js'),
  ),
  topic(
    'scripting',
    'JSON, pipes, errors: the contract for other programs',
    () => import('./topics/scripting.js'),
  ),
  topic(
    'exit-codes',
    'exit codes, and the errors that bring them',
    () => import('./topics/exit-codes.js'),
  ),
  topic('design', 'what was chosen, and why', () => import('./topics/design.js')),
];

function topic(name: string, summary: string, text: () => Promise<{ default: string }>): Topic {
  // Within a template string a backtick would have to be escaped.
  return { name, summary, load: async () => (await text()).default.replace(/[‘’]/g, '`') };
}
