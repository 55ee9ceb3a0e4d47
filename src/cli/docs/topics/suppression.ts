export default `Who must not be mailed is kept in CAMPAIGN_SUPPRESSIONS, for all sends at
once: those under way, those queued days ago, and those to come.

THE PROMISE

Somebody whose suppression was acknowledged (a command that returned, a call
that was fulfilled, a click that was answered) before their message was taken
in hand is not mailed any more: by any number of schedulers, after a crash, in
a retry. Their row in the ledger is ‘skipped’, and says why. A message that is
on its way to the server is not called back.

On a cluster too: a scheduler waits for what was acknowledged on other nodes
before it takes rows in hand, or warns at its start that it cannot (‘campaign
help databases’). Rows that wait behind a slow server are given back within a
second. Skipped rows cost neither a place in the batch nor its delay.

A SERVER'S NO

An address that a server refuses for good because there is no such mailbox
(5.1.1, 5.1.2, 5.1.3, 5.1.6, 5.1.10, 5.2.1, or the words for it) is
suppressed for every send, source ‘smtp’, with the server's words; never for
what is the sender's or a policy (5.1.7, 5.1.8, 5.7.x), nor for a full
mailbox. It is written within a second of the row; what a worker that was
killed had not written, whoever takes its claim over does. Large providers
have refused living mailboxes so for hours:

    campaign suppress remove --source smtp --domain gmail.com --since 2026-11-28T09:00:00Z

‘retry’ and ‘resolve --as pending’ say how many of their recipients are
suppressed by now: they will be skipped. ‘verify’ finds rows that were mailed
though their send's import knew of the no.

AN ENTRY

  address  in its normal form (lower case, the domain as A-labels); or
           ‘@example.org’ for everybody of that domain, not of its subdomains
  topic    what the no is about; none: everything. A send has a topic by
           ‘queue --topic newsletter’ and skips those who said no to that or
           to everything; one without a topic only the latter. Letters a to z,
           digits, dots and hyphens, 63 at most, upper case is lower case
  reason   in words, for whoever asks later
  source   what wrote it: manual, import-…, unsubscribe, smtp, library, sql
  since    when

An entry that is there keeps its first reason and date, however often it is
added. Only what a server said (smtp) takes the source and the reason of
whoever adds it after that, and what an import wrote those of a click to
unsubscribe; the date stays. So to remove such entries in bulk takes nobody's
own word along.

  suppress add       addresses and domains; ‘-’ reads them from standard
                     input. A provider's whole domain (‘@gmail.com’) asks
  suppress check     whether somebody may be mailed, and what keeps them
  suppress list      in pages; --topic, --source, --reason, --since, --until,
                     --domain choose
  suppress export    all as CSV, to keep or to take elsewhere
  suppress import    a list: see below
  suppress remove    see below

Where some of what is given is no address, the others are done; the exit code
is 2, and each is named, with its line. ‘suppress list’ and ‘check’ show what
is in the table; an import that still runs may be among it.

IMPORTING A LIST

‘suppress import file’ takes exports of providers by the names of their
columns: Mailchimp (unsubscribed, cleaned), SendGrid (bounces, blocks, spam
reports, unsubscribes), Mailgun, Amazon SES, Postmark, Brevo and others, as
CSV or as the JSON of their APIs; a file with an address a line; and our own
export. Dates and reasons are kept, and encodings, delimiters and headers are
found as in ‘campaign help lists’. A date without a zone is taken for UTC; one
such as 3/4/2025 for none.

Of an export of everybody, such as Shopify's customers or Mailchimp's members,
those alone are taken whose columns say no (‘campaign help lists’ has which);
the others are left out and counted. --everybody takes all.

It is written in blocks while it is read, and heeded by all schedulers within
a second; when the command returns, all of it is. Killed on the way, it is run
again: what is there stays, the rest is added. Up to the last second of a
killed import may lie in the table and not be heeded by sends that were under
way, until it is run again.

While a send is under way an import works a third of the time, and leaves
the database to it for the rest: pause the send where everybody on the list
is to be kept from it.

Each import has a source of its own, ‘import-’ and when it began, so that
‘suppress remove --source import-20261128T093000Z’ takes back that one;
‘--source import’ stands for all of them.

TAKING BACK

‘suppress remove ann@example.org’ removes her entries, with --topic the one of
that topic; an entry of her domain stays, and is named. Without addresses
whatever fits --source, --reason, --since, --until and --domain is removed; of
addresses that are given, too, only what fits all of them. --dry-run counts
it, a question with the count comes first, and what is removed is
written to a file (--save; else suppressions-removed-….csv in this folder)
before it is gone. ‘suppress import’ of that file puts all of it back, with
dates, reasons, sources and topics. Meanwhile those people may have been
mailed; and rows that were ‘skipped’ stay so in their send.

WHAT IS KEPT OF A PERSON, AND WHY

  CAMPAIGN_SEND_RESULTS  the address, the list's other columns, what became
                         of the message and the server's words, for each send:
                         the proof that nobody was mailed twice
  CAMPAIGN_SEND_EVENTS   who steered a send; a server's words may name an
                         address
  CAMPAIGN_SUPPRESSIONS  address, topic, reason, source and date: what keeping
                         a no needs, and no more

‘campaign forget ann@example.org’ shows all of it, for whoever asks what you
hold. With --yes it blanks the columns and the words of her rows, and her
address in events and reasons. What stays: her address in the ledger, with the
outcome, without which it could not be proved who was mailed; and her entries
here, for to erase a no would have her mailed again by the next list that
names her. Rows that are to be mailed yet are left, and counted: suppress her
first. A row that was blanked is not mailed again, for its message would lack
its fields: ‘retry’ and ‘resolve --as pending’ leave it out.

Nothing is deleted by itself. A no is to be kept as long as anybody may mail
from lists that could name the person; the ledger as long as your proof of
what was sent, which is for you to say. Exports, --rejects and --save files
name people too.

SQL OF YOUR OWN

You may write to the table; then tell the schedulers, in the same transaction:

    START TRANSACTION;
    INSERT IGNORE INTO CAMPAIGN_SUPPRESSIONS (EMAIL_NORM, TOPIC, REASON, SOURCE, CREATED_AT) VALUES ('ann@example.org', '', 'by phone', 'crm', UTC_TIMESTAMP(3));
    UPDATE CAMPAIGN_SUPPRESSION_VERSION SET BULK = V + 1, V = V + 1 WHERE ID = 1;
    COMMIT;

Without the UPDATE, sends that are under way do not see it. The same goes for
a DELETE. EMAIL_NORM has to be the normal form; ‘campaign migrate’ brings what
is not into it, and keeps the earlier of two entries.
`;
