/** The arrows of the layout: bin → main → cli → {scheduler, list, mail, view, store, sandbox, host} → domain. */
const mayNot = (from, to, comment) => ({
  name: `${from}-not-to-${to}`.replaceAll('|', '-or-'),
  comment,
  severity: 'error',
  from: { path: `^src/(${from})/` },
  to: { path: `^src/(${to})(/|\\.ts$)` },
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
      comment: 'See above.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|url|punycode|util)$' },
    },
    mayNot('store', 'mail|view|list|scheduler|sandbox|host', 'The store is SQL and nothing else.'),
    mayNot(
      'mail',
      'store|view|list|scheduler|sandbox|host',
      'Mail knows messages and servers, no ledger.',
    ),
    mayNot(
      'view',
      'store|mail|list|scheduler|sandbox|host',
      'Drawing takes data, and fetches none.',
    ),
    mayNot(
      'list',
      'store|mail|view|scheduler|sandbox|host',
      'Reading a list ends at its recipients.',
    ),
    mayNot(
      'scheduler',
      'store|mail|view|list|sandbox|host',
      'The scheduler sees store, mail and host through its own ports.',
    ),
    mayNot(
      'sandbox',
      'mail|view|list|scheduler|host',
      'The private servers need the store to set themselves up.',
    ),
    mayNot(
      'host',
      'store|mail|view|list|scheduler|sandbox',
      'What a worker leaves on its host knows of no database.',
    ),
    {
      name: 'sql-driver-only-in-store',
      comment: 'The only room with SQL.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/store/' },
      to: { path: '^node_modules/mysql2' },
    },
    {
      name: 'smtp-client-only-in-mail',
      comment: 'The only room that speaks SMTP to a server.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/mail/' },
      to: { path: '^node_modules/nodemailer/', pathNot: 'addressparser' },
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
