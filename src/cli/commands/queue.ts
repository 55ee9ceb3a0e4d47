import { DKIM_MODES } from '../../domain/dkim.js';
import { MISSING_MODES } from '../../domain/missing.js';
import { PACING_DEFAULTS, PACING_LIMITS } from '../../domain/pacing.js';
import { QUEUE_LENGTHS } from '../../domain/queued.js';
import { defineCommand } from '../command.js';
import {
  choice,
  encoding,
  file,
  files,
  flag,
  header,
  instant,
  sender,
  sendRate,
  text,
  timeZone,
  topic,
  wholeNumber,
} from '../readers.js';

const options = {
  list: file({
    help: 'CSV with a header and an address column; - for standard input',
    required: true,
  }),
  from: sender({
    placeholder: 'sender',
    help: 'who it is from: news@example.org or Name <news@example.org>',
  }),
  replyTo: sender({ placeholder: 'address', help: 'where answers go' }),
  envelopeFrom: sender({
    placeholder: 'address',
    help: 'where bounces go, the address of MAIL FROM (default: that of --from)',
  }),
  subject: text({
    max: QUEUE_LENGTHS.subject,
    placeholder: 'template',
    help: 'subject, a Liquid template',
  }),
  html: file({ help: 'HTML body, a Liquid template' }),
  message: file({
    placeholder: 'folder',
    help: 'a folder of message.html or .md, message.txt, subject.txt, message.toml (flags by their names) and attachments/',
    conflicts: ['html', 'text', 'markdown', 'eml'],
  }),
  eml: file({
    help: 'a message that was saved by a mail program; its From and Subject count unless flags say otherwise',
    conflicts: ['html', 'text', 'markdown'],
  }),
  markdown: file({
    help: 'body in Markdown, a Liquid template, of which HTML and text are made',
    conflicts: ['html'],
  }),
  inlineCss: flag("write the rules of the HTML's style sheets into its elements"),
  text: file({ help: 'text body, a Liquid template (made from the HTML when left out)' }),
  header: header({
    help: "another header, its value a Liquid template: 'X-Segment: {{ segment }}'; may be repeated",
  }),
  attach: files({ help: 'a file that goes with every message; may be repeated' }),
  attachColumn: text({
    max: QUEUE_LENGTHS.name,
    placeholder: 'header',
    help: 'the column that names a file for each row: its header, or its position',
  }),
  attachDir: file({ placeholder: 'folder', help: 'where the files of --attach-column are' }),
  listUnsubscribe: text({
    max: QUEUE_LENGTHS.header,
    placeholder: 'template',
    help: 'URL of your own that unsubscribes a recipient by one click: https://… (or mailto:…)',
  }),
  unsubscribeUrl: text({
    max: QUEUE_LENGTHS.header,
    placeholder: 'url',
    help: 'where `campaign serve --public` answers: each recipient gets a link of it; none for no link (CAMPAIGN_UNSUBSCRIBE_URL)',
    conflicts: ['listUnsubscribe'],
  }),
  unsubscribeMailto: text({
    max: QUEUE_LENGTHS.header,
    placeholder: 'address',
    help: 'who takes mails that unsubscribe, for programs that write instead of clicking',
    conflicts: ['listUnsubscribe'],
  }),
  timezone: timeZone({
    help: 'where times in the message are shown, such as Europe/Berlin',
    fallback: 'UTC',
  }),
  name: text({
    max: QUEUE_LENGTHS.name,
    placeholder: 'name',
    help: 'what the send is called in lists (default: the subject)',
  }),
  key: text({
    max: QUEUE_LENGTHS.key,
    placeholder: 'key',
    help: 'a repeated queue with the same key gives the first send back',
  }),
  topic: topic({
    help: 'what it is about, such as newsletter: who said no to that is not mailed (default: only who said no to everything)',
  }),
  dkim: choice(DKIM_MODES, {
    placeholder: 'when',
    help: 'whether its messages are signed: auto (where the scheduler has a key for their sender), required (nobody sends it without), off',
    fallback: 'auto',
  }),
  batchSize: wholeNumber({
    ...PACING_LIMITS.batchSize,
    help: 'messages a batch, 1 to 1,000,000',
    fallback: PACING_DEFAULTS.batchSize,
  }),
  delayMs: wholeNumber({
    ...PACING_LIMITS.delayMs,
    help: 'milliseconds between messages, 0 to 3,600,000',
    fallback: PACING_DEFAULTS.delayMs,
  }),
  cooldownSeconds: wholeNumber({
    ...PACING_LIMITS.cooldownSeconds,
    help: 'seconds between batches, 0 to 604,800',
    fallback: PACING_DEFAULTS.cooldownSeconds,
  }),
  rate: sendRate({
    help: 'messages in a time, such as 5/s or 600/h, without a cooldown',
    conflicts: ['delayMs', 'cooldownSeconds'],
  }),
  maxAttempts: wholeNumber({
    ...PACING_LIMITS.maxAttempts,
    help: 'tries for a recipient refused for now, 1 to 100',
    fallback: PACING_DEFAULTS.maxAttempts,
  }),
  startAt: instant({ help: 'not before this time (RFC 3339)' }),
  paused: flag('wait for `campaign resume`'),
  emailColumn: text({
    max: QUEUE_LENGTHS.name,
    placeholder: 'header',
    help: 'the column that holds the address: its header, or its position',
  }),
  encoding: encoding({
    help: 'what the list is written in (default: found, UTF-8, UTF-16 or Windows-1252)',
  }),
  where: text({
    max: QUEUE_LENGTHS.where,
    placeholder: 'condition',
    help: "only rows that meet it, in Liquid: country == 'DE' and orders > 3",
  }),
  ignoreDeclined: flag('send also to those whom a column of the list says not to write to'),
  missing: choice(MISSING_MODES, {
    placeholder: 'what',
    help: 'what becomes of rows with an empty cell that the message prints: blank, error (refuses the list) or skip',
    fallback: 'blank',
  }),
  rejects: file({ help: 'write every rejected line to this CSV' }),
  dryRun: flag('check list and templates, and change nothing'),
};

export default defineCommand({
  name: 'queue',
  summary: 'import a list, check it, and set it running; prints the id of the send',
  options,
  tellsUnfit: 'as-remedy',
  prints: 'queue',
  json: 'print the result as JSON',
  asks: true,
  errors: [
    'BAD_LIST',
    'BAD_TEMPLATE',
    'BAD_ADDRESS',
    'BAD_FILE',
    'CONFIRMATION_NEEDED',
    'WRONG_STATE',
    'DATABASE_REFUSED',
  ],
  examples: [
    [
      'campaign queue --list people.csv --from news@example.org --subject "Hello {{ name }}" --html news.html',
      'shows what it is about to send, and asks',
    ],
    [
      'campaign queue --list - --from news@example.org --subject News --text news.txt --key news-7 --yes < people.csv',
      'in a script: run again, it gives the same send back',
    ],
  ],
  run: async (input, context) => {
    const { queueList } = await import('../queue.js');
    return queueList(input, context, options);
  },
});
