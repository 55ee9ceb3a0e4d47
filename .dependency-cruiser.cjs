/**
 * The arrows of the layout: bin → main → cli → {http → } operations → {scheduler, list, files, message, smtp, store,
 * sandbox, host, dns} → domain; cli → {view, contract, config}; index → operations.
 */
const mayNot = (from, to, comment) => ({
  name: `${from}-not-to-${to}`.replaceAll('|', '-or-'),
  comment,
  severity: 'error',
  from: { path: `^src/(${from})/` },
  to: { path: `^src/(${to})(/|\\.ts$)` },
});

const ROOMS = [
  'cli',
  'config',
  'contract',
  'dns',
  'files',
  'host',
  'http',
  'list',
  'message',
  'operations',
  'sandbox',
  'scheduler',
  'smtp',
  'store',
  'view',
];

/** @param room a room that sees none of the others but those named */
const seesOnly = (room, seen, comment) =>
  mayNot(room, ROOMS.filter((other) => other !== room && !seen.includes(other)).join('|'), comment);

/** Packages that one room alone, or a few files, may load. */
const packageOnlyIn = (name, pattern, where, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: '^src/', pathNot: where },
  to: { path: `^node_modules/${pattern}` },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one thing, or hide a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'main-is-imported-by-nobody',
      comment: 'The composition root knows all; nothing knows it.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/main\\.ts$' },
    },
    {
      name: 'only-main-and-cli-see-cli',
      comment: 'A command is where a call starts, never what another layer builds on.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main\\.ts|cli/)' },
      to: { path: '^src/cli/' },
    },
    seesOnly(
      'cli',
      ['operations', 'http', 'view', 'contract', 'config'],
      'A command has its work done by an operation, which a program can have done too, and shows what comes of it.',
    ),
    {
      name: 'the-library-sees-operations',
      comment: 'A program can do what a command can, by the same operations.',
      severity: 'error',
      from: { path: '^src/index\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(operations/|domain/|errors\\.ts$)' },
    },
    {
      name: 'nobody-imports-the-library',
      comment: 'It is for programs beside this one.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/index\\.ts$' },
    },
    {
      name: 'operations-have-no-terminal',
      comment: 'They ask and tell through their caller.',
      severity: 'error',
      from: { path: '^src/operations/' },
      to: {
        dependencyTypes: ['core'],
        path: '^(node:)?(child_process|cluster|console|process|readline|repl|tty)(/|$)',
      },
    },
    {
      name: 'domain-is-pure',
      comment:
        'Rules without I/O: they see one another and the errors, and no module of Node that does I/O.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { path: '^src/', pathNot: '^src/(domain/|errors\\.ts$)' },
    },
    {
      name: 'domain-does-no-io',
      comment: 'What a rule says follows from its arguments alone.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|url|punycode|util)$' },
    },
    {
      name: 'domain-has-packages-for-text',
      comment: 'Those that turn text into text; any other brings something of the outside with it.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { path: '^node_modules/', pathNot: '^node_modules/(csv-stringify|iconv-lite|leven)/' },
    },
    seesOnly('store', [], 'The store is SQL and nothing else.'),
    seesOnly(
      'message',
      [],
      'A message is made of a template and a row; it knows no ledger and no server.',
    ),
    seesOnly(
      'smtp',
      [],
      'What speaks to a server knows neither how a message is made nor any ledger.',
    ),
    seesOnly('view', [], 'Drawing takes data, and fetches none.'),
    seesOnly('list', [], 'Reading a list ends at its recipients.'),
    seesOnly(
      'scheduler',
      [],
      'The scheduler sees store, smtp, message and host through its own ports.',
    ),
    seesOnly(
      'sandbox',
      ['store', 'smtp'],
      'The private servers need the store to set themselves up.',
    ),
    seesOnly('files', [], 'Reading a file from its folder knows nothing of what it is for.'),
    seesOnly(
      'dns',
      [],
      'What DNS says of a sender follows from its addresses and keys, wherever they come from.',
    ),
    seesOnly('host', [], 'What a worker leaves on its host knows of no database.'),
    seesOnly('contract', [], 'The shape of JSON follows from values, wherever they come from.'),
    seesOnly(
      'http',
      ['operations'],
      'What is asked for over HTTP is done by the same operations; what strangers send comes near nothing else.',
    ),
    seesOnly(
      'operations',
      ['scheduler', 'list', 'files', 'message', 'smtp', 'store', 'sandbox', 'host', 'dns'],
      'A library has no terminal, no environment and no process.',
    ),
    seesOnly(
      'config',
      ['store', 'smtp', 'host', 'dns'],
      'Settings are read into values; they start nothing.',
    ),
    packageOnlyIn('only-one-driver', 'mysql2/', '^src/store/mysql/', 'One room has a driver.'),
    packageOnlyIn(
      'nodemailer-where-mail-is',
      'nodemailer/',
      '^src/(smtp|message)/',
      'What it knows of SMTP and MIME is used where these are made.',
    ),
    packageOnlyIn(
      'terminal-where-one-is',
      '(chalk|cli-progress|prompts)/',
      '^src/(cli|view)/',
      'Colours, bars and questions are for a terminal, and a library has none.',
    ),
    packageOnlyIn('dotenv-in-config', 'dotenv/', '^src/config/', 'One room reads settings.'),
    packageOnlyIn(
      'zod-in-schemas',
      'zod/',
      '^src/contract/schema/',
      'It takes as long to load as a short command: only schemas of JSON are written with it.',
    ),
    {
      name: 'schemas-only-in-docs',
      comment:
        'They load zod, which no command but `schema` is to wait for: beside it they are for the writer of tables.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: '^src/(contract/schema/|cli/docs/readme\\.ts$|cli/commands/schema\\.ts$)',
      },
      to: { path: '^src/contract/schema/' },
    },
    {
      name: 'values-to-json-without-zod',
      comment: 'The functions that commands print by know nothing of the schemas, which load it.',
      severity: 'error',
      from: { path: '^src/contract/', pathNot: '^src/contract/schema/' },
      to: { path: '^(src/contract/schema/|node_modules/zod/)' },
    },
    packageOnlyIn(
      'commander-in-the-program',
      'commander/',
      '^src/cli/(program|runner|report-error)\\.ts$',
      'Commands are declared; what a command line has of options is made from that.',
    ),
    {
      name: 'declarations-are-light',
      comment:
        'All of them are loaded for help and completion: what a command works with is imported when it runs.',
      severity: 'error',
      from: { path: '^src/cli/(commands/|declarations|command|readers|results)' },
      to: {
        path: '^(src/(?!domain/|contract/shapes|errors|cli/)|src/cli/(?!commands/|command\\.ts|readers\\.ts|results\\.ts|output\\.ts)|node_modules/)',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'no-development-packages',
      comment: 'What runs at a user must be installed there.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
