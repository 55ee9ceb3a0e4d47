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
tells what its change brings.

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

WITH DNS

    campaign lint 42 --dns

asks DNS too what receivers ask: whether the domains of From, Reply-To and the
envelope sender take mail, SPF of the envelope sender, the record of each DKIM
key that signs (the key itself is compared), and DMARC of the From domain, as
RFC 9989 has it. Without ‘--dns’ nothing is asked.

- It takes the settings that a scheduler has: CAMPAIGN_DKIM_… for the keys,
  CAMPAIGN_SMTP_URL for the relay. ‘--dkim off’ of the send counts.

- It asks the system's DNS servers, or those of CAMPAIGN_DNS_SERVERS: another
  one sees a record earlier that was just changed, or as the world sees it.
  Each name is asked for once, ten seconds are the most, and a server that
  says nothing is one finding (‘dns-unanswered’). An answer that could not be
  had is never taken for a record that is not there.

- What is to be published stands in the remedy, with its place: the whole
  record of a DKIM key, a DMARC record to begin with. In a zone file a record
  of more than 255 characters is written in several strings.

- From which addresses your relay sends cannot be seen from here. Of SPF it
  says what is wrong for whoever sends; that the relay itself is not let in
  only where the record names hosts of its own domain alone. Lookups are
  counted as for a host that no term names: that many the record can take.

- A relay may sign by itself, with a key that is not here: where it does so
  for the From domain, ‘dkim-unsigned’ and ‘dmarc-fails’ are no trouble
  (‘--ignore’). A test mail (‘campaign help checking’) shows what arrives:
  its Authentication-Results tell what SPF, DKIM and DMARC came to.

THE RULES

${termsBlock(rules)}
`;
