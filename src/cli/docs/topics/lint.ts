import { LINT_RULES, type LintRuleDescription } from '../../../domain/lint-rules.js';
import { termsBlock } from '../topic-text.js';

const rules = Object.entries<LintRuleDescription>(LINT_RULES).map(
  ([name, { severity, finds, source, url, asksDns }]) => ({
    term: `${name} (${severity}${asksDns ? ', with --dns' : ''})`,
    text: `${finds}. ${source}: ${url}`,
  }),
);

export default `‘campaign lint’ says what is wrong with a message before it goes out: what
mailbox providers ask of those who write to many, what filters take for spam,
what readers would not see or could not follow.

    campaign lint --list people.csv --from news@example.org \\
      --subject 'Hello {{ name }}' --html news.html
    campaign lint 42

looks at it as the first 20 rows get it, with their values: of a list before
it is queued, with the options of ‘queue’ and without a database, or of a
send, from its ledger. ‘queue’ does the same before its question, with
‘--dry-run’ and with ‘--yes’ too, and is not kept from anything by it; ‘edit’
when it has changed a message.

- A finding is an error (it goes wrong), a warning (it may well) or an info.
  It says where: a line of the file that you wrote, Markdown too, or the file
  and the row whose values bring it. The same on one line is one finding.

- It exits 0 whatever it finds. With ‘--strict’ it exits 2 where an error or
  a warning is left, for scripts. ‘--json’ has rule, severity, message, remedy
  and place of each.

- What is meant as it is can be left out: ‘--ignore no-reply,long-subject’,
  and in CAMPAIGN_LINT_IGNORE for every call and for ‘queue’.

- Comments for Outlook are read, other comments are not; the line that an
  inbox shows under the subject, and all else that is hidden, is no text that
  readers see. Nothing is fetched.

THE RULES

${termsBlock(rules)}
`;
