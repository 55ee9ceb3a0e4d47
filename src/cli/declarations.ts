import type { CommandDeclaration, LoadCatalogue } from './command.js';

interface DeclarationModule {
  default: CommandDeclaration;
}

/** Each command in a file of its own, loaded only when it is asked for: starting is most of what a short one costs. */
const COMMANDS: Record<string, () => Promise<DeclarationModule>> = {
  'sandbox start': () => import('./commands/sandbox-start.js'),
  'sandbox stop': () => import('./commands/sandbox-stop.js'),
  'sandbox status': () => import('./commands/sandbox-status.js'),
  'sandbox reset': () => import('./commands/sandbox-reset.js'),
  migrate: () => import('./commands/migrate.js'),
  queue: () => import('./commands/queue.js'),
  preview: () => import('./commands/preview.js'),
  test: () => import('./commands/test.js'),
  lint: () => import('./commands/lint.js'),
  clone: () => import('./commands/clone.js'),
  'run-scheduler': () => import('./commands/run-scheduler.js'),
  serve: () => import('./commands/serve.js'),
  progress: () => import('./commands/progress.js'),
  recipients: () => import('./commands/recipients.js'),
  pause: () => import('./commands/pause.js'),
  resume: () => import('./commands/resume.js'),
  cancel: () => import('./commands/cancel.js'),
  release: () => import('./commands/release.js'),
  relay: () => import('./commands/relay.js'),
  edit: () => import('./commands/edit.js'),
  controls: () => import('./commands/controls.js'),
  list: () => import('./commands/list.js'),
  verify: () => import('./commands/verify.js'),
  resolve: () => import('./commands/resolve.js'),
  retry: () => import('./commands/retry.js'),
  'suppress add': () => import('./commands/suppress-add.js'),
  'suppress remove': () => import('./commands/suppress-remove.js'),
  'suppress check': () => import('./commands/suppress-check.js'),
  'suppress list': () => import('./commands/suppress-list.js'),
  'suppress export': () => import('./commands/suppress-export.js'),
  'suppress import': () => import('./commands/suppress-import.js'),
  forget: () => import('./commands/forget.js'),
  events: () => import('./commands/events.js'),
  schema: () => import('./commands/schema.js'),
  completion: () => import('./commands/completion.js'),
  man: () => import('./commands/man.js'),
};

/** Commands that only have commands of their own, and what these are for. */
export const GROUPS: Readonly<Record<string, string>> = {
  suppress: 'who must not be mailed: addresses and whole domains, by topic',
  sandbox: 'a private database and a capturing SMTP server, to try things without harm',
};

const firstWord = (name: string): string => name.replace(/ .*/, '');

/** Whether a command line may begin with this word. */
export const isCommand = (word: string): boolean =>
  Object.keys(COMMANDS).some((name) => firstWord(name) === word);

/**
 * The commands in the order of help and README.
 * @param word only those that begin with it
 */
export async function loadDeclarations(word?: string): Promise<readonly CommandDeclaration[]> {
  const names = Object.entries(COMMANDS).filter(
    ([name]) => word === undefined || firstWord(name) === word,
  );
  const modules = await Promise.all(names.map(([, load]) => load()));
  return modules.map((module) => module.default);
}

export const loadCatalogue: LoadCatalogue = async () => {
  const [commands, { topics }] = await Promise.all([
    loadDeclarations(),
    import('./docs/topics.js'),
  ]);
  return { commands, groups: GROUPS, topics };
};
