export default `A list is a CSV file with a header line, in UTF-8, UTF-16 or Windows-1252;
commas, semicolons, tabs or bars between cells, found from the header or from
Excel's line ‘sep=;’ before it. Header names count without regard to case.
‘campaign queue --dry-run’ says what a list comes to and changes nothing.
Memory stays flat however long the list is.

THE ADDRESS COLUMN

It is found by the names that it has in usual exports and languages (‘email’,
‘Primary Email’, ‘E-mail 1 - Value’, ‘user_email’, ‘E-mailadres’,
‘Correo electrónico’, ‘メールアドレス’, …; src/list/address-headers.ts is the
table), or named by --email-column, which also takes its position. A general
name wins over a special one (‘Email’ over ‘Billing Email’). Where several are
as good, ‘queue’ asks on a terminal, and elsewhere ends with exit 2, naming
them.

ABOVE THE HEADER

A title or remark above the header is left out, and told with the header's
line. The header is looked for in the first 20 rows; below the first, its
address column must hold addresses in nearly every filled cell, and no other
column more. An address in a cell up there, or what was meant for one
(‘ann(at)example.org’), ends the import: it may be a recipient.

COLUMNS AND CELLS

- A merge field that two columns would fill (two of one name, or ‘C’ and
  ‘C++’) is filled by neither; a template that uses it is refused, naming
  both. A header of more than 4,096 columns is refused.

- Cells are read as spreadsheets read them: a quote opens a cell only as its
  first character (white space before it aside), any other is text:
  ‘5'10" tall’, ‘Joe "Bob" Smith’; ‘"abc"def’ is abcdef.

- Missing cells at the end of a row are empty, surplus empty ones are dropped,
  and rows of nothing but delimiters are blank lines. A row with more in it
  than the header has columns is rejected.

- So is one with a cell over several lines of which one looks like a row, with
  an address between delimiters: a quote was probably not closed, and the
  reject names the line.

THE ENCODING

It is found while the list is read: from a byte order mark, from NUL bytes in
every other place (UTF-16), else it is UTF-8, or Windows-1252 from the first
byte on that is not UTF-8. What is read is said, before the question, when it
is not UTF-8.

Refused, with the line, are lists with more than one encoding, and those that
show another code page: four letters beyond ASCII in a row, a byte that
Windows-1252 has not, a sign or a capital inside a word, as old Macintosh and
DOS lists have, an escape sequence of ISO-2022-JP and its like.
‘--encoding windows-1251’, or any name that iconv-lite knows
(https://github.com/pillarjs/iconv-lite/wiki/Supported-Encodings), says what
they are in, and is taken at its word. Lists in Turkish, Czech or Hungarian
code pages may look like Windows-1252: see to the words that are shown.

A list that looks encoded twice (‘MÃ¼ller’ for ‘Müller’) is told so with an
example, before the question; such addresses are refused, other cells go out
as they stand.

ADDRESSES

- The address is taken out of what stands around it: a name
  (‘Ann <ann@example.org>’), brackets, quotes, ‘mailto:’, a semicolon,
  characters that cannot be seen.

- Rejects that say so are two addresses in a cell; a sign left over before the
  address (‘'ann@example.org’, ‘=ann@…’; where it is part of it, write
  ‘"'ann"@example.org’); and a remark in parentheses beside the address
  (‘ann@example.org (do not mail)’), but not in a name before ‘<’.

- Every address is checked: lengths and characters of RFC 5321, no invisible,
  unassigned or lost characters. IP literals and domains without a dot are
  refused.

- An internationalised domain follows IDNA 2008 and is converted to its
  A-labels (‘müller.example’ becomes ‘xn--mller-kva.example’); what it does
  not allow, such as €, is refused by name. A non-ASCII local part is kept and
  sent with SMTPUTF8, which the server must offer.

- Addresses that differ only in case, or in how an accent is composed, are one
  person: the first line wins.

WHO SAID NO IN THE LIST

Exports of other tools say who must not be written to. Such people are
imported as ‘skipped’, with the column and its word as the reason (‘declined:
Accepts Email Marketing = no’), counted before the question and in the JSON
as ‘declined’. They are found by the column's name, in any case, with or
without spaces and underscores (src/domain/consent-columns.ts is the table):

- Columns whose no is a no, as ‘Accepts Email Marketing’ (Shopify),
  ‘Email Marketing Consent’ (Klaviyo: UNSUBSCRIBED, NEVER_SUBSCRIBED),
  ‘subscribed_to_emails’ (Ghost), ‘newsletter’, ‘opt_in’. An empty cell is
  none; one that is neither yes nor no is told of, and skips nobody.

- Columns in which anything but an empty cell, a no and zeros is a no, as
  ‘EMAIL_BLACKLISTED’ (Brevo), ‘UNSUB_TIME’ and ‘CLEAN_TIME’ (Mailchimp),
  ‘Unsubscribed from all email’ (HubSpot), ‘Email Opt Out’ and
  ‘HasOptedOutOfEmail’ (Salesforce), ‘email_disabled’ (Substack).

- Columns of statuses, as ‘status’, ‘email_status’, ‘subscription_status’,
  but only where every word in all of the column is one of mailing lists
  (subscribed, active, confirmed, unconfirmed, pending, unsubscribed,
  bounced, cleaned, complained, blocklisted, …; src/domain/consent-words.ts)
  and one of them is said of nothing else. A single ‘shipped’, and the column
  is one of orders: that is told, with what it would have meant. Whoever is
  unconfirmed or pending has not said yes, and is skipped too.

Of several lines with one address any no counts, on a line that is a
duplicate, rejected or left out by --where as well. ‘--ignore-declined’ hears
none of them.

ROWS BY A CONDITION

‘--where’ takes the rows that meet a condition, written as in an ‘if’ of the
templates, with the list's merge fields:

  --where "country == 'DE' and orders > 3"

The others are not in the ledger; they are counted as ‘filtered’. A field that
the list has not, or what is no condition, ends with exit 2 naming the place.

Of every line it is told what became of it: lines read = total + rejected +
duplicates + blank + filtered, ‘total’ being all that are in the ledger, the
skipped included.

WHAT IS NOT TAKEN

Rejected lines are counted, the first few are shown with line number and
reason, and ‘--rejects file.csv’ gets all. An error that concerns the whole
file (no header, no address column, binary data, an unclosed quote, quotes
escaped with backslashes as MySQL, PHP and Spark write them) ends the import
with exit 2, naming the line, and leaves nothing in the database.

An address in CAMPAIGN_SUPPRESSIONS is imported as ‘skipped’ and never tried
(see ‘campaign help suppression’).

THE QUESTION, AND AFTER

On a terminal ‘queue’ then says what the list came to and asks whether to
send; "no" leaves nothing in the database. Elsewhere it takes --yes.

Ctrl-C during an import cancels that send. If ‘queue’ is killed, the send
stays ‘importing’ and is never sent; ‘campaign list’ shows it and
‘campaign cancel’ puts it away.

‘--key newsletter-2026-11’ makes ‘queue’ safe to repeat: the same key gives
the first send back and mails nobody again. A failed or cancelled import frees
its key.
`;
