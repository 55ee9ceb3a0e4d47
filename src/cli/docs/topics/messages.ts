export default `Subject, --text and --html are Liquid templates (https://liquidjs.com). Every
column is a merge field under its header name in lower case, anything but
letters and digits as ‘_’ (‘First Name’ is ‘{{ first_name }}’); ‘{{ email }}’
is always there. Names match in any case.

An unknown field, a property that no value has (cells have ‘size’, ‘first’ and
‘last’) or a template that does not parse is refused before anything is
queued, with line and column.

VALUES

- In --html values are HTML-escaped once, whatever filters they go through;
  ‘{{ field | raw }}’ opts out. ‘escape’ and ‘newline_to_br’ do what they
  should there, and nothing visible in text. No value can add a header, a
  recipient or the end of the message.

- A cell that is empty, or has only blanks, is false and equals ‘""’, ‘nil’,
  ‘blank’ and ‘empty’. A number compares as one: a cell ‘007’ equals ‘7’ and
  ‘"007"’, and prints as it stands.

EMPTY CELLS

A cell is missing where it is empty, or has only blanks, and the message of
its row would print it: in a branch that is taken, through whatever filters.
‘{{ first_name | default: 'friend' }}’ and ‘{% if first_name %}’ miss nothing.
How many rows miss something is told with the first lines before the question,
and is ‘missing’ in the JSON. ‘--missing blank’ sends them with a blank there,
‘--missing skip’ skips them (‘missing: first_name’), and ‘--missing error’
refuses the list, naming lines.

DATES

A date without a time is that day, and a time without an offset prints as it
stands. Times with an offset, ‘now’, seconds since 1970 and milliseconds (12
to 14 digits) are shown in UTC, or as ‘--timezone Europe/Berlin’ says. Names
of days and months are English. What has neither a year of four digits nor a
month's name (‘Room 12’, ‘12.5’, ‘12/31/26’), or other words, is no date and
prints as it stands.

BRACES

A tag that an editor or encoder changed (‘%7B%7B email %7D%7D’, ‘&#123;…’,
‘{{&nbsp;email }}’) is refused with its place. To show braces write
‘{% raw %}’.

THE TEXT PART

Without --text it is made from the HTML: alt texts of images and links are
kept, hidden lines left out, also those that a value hides
(‘style="display:{{ show }}"’). When nothing is left, ‘queue’ says so.

A FOLDER, OR A SAVED MESSAGE

‘--message spring/’ takes what a folder holds instead of flags: message.html
or message.md, message.txt, subject.txt (one line), attachments/ (each file is
attached) and message.toml, whose keys are the names of flags:

  from = "News <news@example.org>"
  header = ["X-Segment: {{ segment }}"]
  inline-css = true

What is typed wins over the folder. Hidden files and others are left out, and
named; a file that is nearly one of these, a key that is none, a link and a
device are refused.

‘--eml news.eml’ takes a message that a mail program has saved: its text, its
HTML, its files and pictures byte for byte. From, Subject, Reply-To and the
headers that ‘--header’ takes count unless flags say otherwise; To, Date,
Message-ID, Received, DKIM-Signature and others are left out, and named. One
with Cc, Bcc or Resent-…, one that is signed or encrypted, and one that is cut
short is refused. Merge fields may stand in its subject, headers and bodies.

MARKDOWN AND CSS

‘--markdown news.md’ makes the HTML, and of that the text part. It is compiled
once, before there are values: no value is read as Markdown. Tags of Liquid
stay where they are; one alone on its line stands outside of paragraphs. HTML
in it stays. ‘--text’ beside it is the text part.

‘--inline-css’ writes the rules of <style> elements into the elements that
they are for, as some mail programs read nothing else. Media queries, fonts
and ‘:hover’ stay, and so does a <style> with statements of Liquid in it. What
is only linked to is left and told of: nothing is ever fetched. A template
that would lose something (an element that begins in each branch of an ‘if’)
is refused.

TAGS OF OTHER TOOLS

‘*|FNAME|*’, ‘%recipient.name%’, ‘{{{name}}}’, ‘<%= name %>’ and, where the
list has such a field, ‘[[name]]’, ‘%%name%%’, ‘<<name>>’, ‘\${name}’ would be
sent as they stand, and are refused with their place. What may be one, and may
be text, is told of.

HEADERS

- ‘--unsubscribe-url https://news.example.org/u’ gives each recipient a link
  that ‘campaign serve’ answers, in the List-Unsubscribe headers of RFC 8058,
  which large mailbox providers ask of those who write to many, and as
  ‘{{ unsubscribe_url }}’: ‘campaign help unsubscribe’.

- ‘--list-unsubscribe 'https://example.org/u?e={{ email }}'’ (or ‘mailto:…’)
  makes the same headers for a page of your own; values are percent-encoded in
  it. Whoever unsubscribes is suppressed by your own doing (‘campaign help
  suppression’).

- ‘--reply-to’ is where answers go, ‘--envelope-from’ where bounces go: the
  address of MAIL FROM.

- ‘--header 'X-Segment: {{ segment }}'’ adds another, up to 50 of them: X-…
  (but X-Campaign-…), Organization, Importance, Priority, Keywords, Comments,
  List-Help, List-Owner, List-Archive, In-Reply-To, References, and those of
  the next point, in place of what they would have. Line breaks
  and other control characters of a value become spaces; a header whose value
  comes to nothing is left out of that message.

- Each message tells programs that many get it: ‘Auto-Submitted:
  auto-generated’ and ‘Precedence: bulk’ keep mailboxes from answering it
  (“out of office”). With ‘--topic news’ it has a List-Id, by which readers
  file it: ‘<news.example.org>’, of topic and From's domain, the same for all
  sends of the topic. A signed message has a Feedback-ID of its send, its
  topic, and a word that all mail from the domain has; Gmail's Postmaster
  Tools count complaints by each of them. What ‘--header’ gives of these wins;
  those of a saved message stay behind. ‘--header "Precedence: {{ '' }}"’
  leaves one out.

- From, To and Subject are encoded by nodemailer; bodies are quoted-printable.

- The Message-ID belongs to the sender's domain and is a function of send,
  recipient and a secret of the send: the same on every attempt, so a copy
  could be told, and so a relay's log can be read back.
`;
