/** The part of `design` that tells of lists and messages. */
export const DESIGN_OF_MESSAGES = `LISTS AND MESSAGES

- A message is compiled once: templates parsed, MIME structure fixed, static
  text encoded; per recipient only the values are encoded, on soft-broken
  lines of their own.

- Importing uses one writer, so that of two lines with one address the first
  always wins; it parses while the database writes. Where the server lets
  clients load data (MariaDB does; MySQL with ‘local_infile=ON’), rows go by
  LOAD DATA LOCAL from memory, in transactions of at most 5,000, else by
  INSERT of 1,000. LOAD DATA turns errors into warnings, so a transaction is
  committed only if it read every row and warned of nothing but addresses it
  had.

- The list's own noes are kept aside until its end, in a file without a name
  once they are many, and only then written to the ledger, a page a
  transaction: a column of statuses is known for one of mailing lists when its
  last line has been read, standard input is read once, and the line that says
  no may come before the one that is taken, after it, or be left out itself.

- The splitter of lists is ours, two hundred lines: lines without a quote are
  split at the delimiter, where there is nothing else to see; in others a
  quote is looked at only where a cell begins or one is open. csv-parse takes
  five times as long for quoted rows, and, with ‘relax_quotes’ too, ends a
  list at ‘"abc"def’; papaparse takes the quotes of ‘"a", "b"’ for text. Tests
  compare it with csv-parse.

SIGNATURES

- Each message says that it is bulk mail. RFC 3834 gives ‘Auto-Submitted’ for
  that, and says of ‘Precedence’ that responders differ in what they make of
  it: both are there, for Gmail and older vacation programs heed only the
  second, and none was found that thinks worse of mail for either. There is
  no Feedback-ID through Amazon SES, which has one of its own; Gmail asks for
  one alone.

- Messages are signed on libuv's threads while their rows are read ahead,
  before they are marked: a signature takes longer than all else that a
  message costs, and rows that are marked are few. As many are begun as are in
  flight, and 16; none ahead where pacing, a rate or a slow template lets them
  start late, for each carries its Date. One that has waited for a connection
  for 3 seconds is made anew. Filling them holds up nothing else for more than
  5 ms at a time.

- Which key a send needs is in its row: the From domain read backwards, in an
  index behind DUE. A scheduler looks for work by prefixes of it, one for each
  of its domains, so what others must sign is not read; the claim names the
  same prefixes. Schedulers tell their domains in CAMPAIGN_WORKERS, from which
  ‘progress’ knows that nobody has the key.

FILES

- What a file holds is kept in the database, each content once, by its
  SHA-256, in chunks that fit into a packet. A send takes it by raising a
  counter on the content's row in the transaction that names it, its removal
  raises the same counter: so they exclude each other, on Galera too, where a
  lock that is only read is not certified. A content that nobody took within
  a day, as of a queue that was killed, is removed as well.

- Base64 is made as a file is read, into one buffer that all messages share:
  chunks are whole lines of it. A message is pieces, and the wire writes the
  buffers as they are.

- A budget of bytes is taken for all files of a message at once, in turn, so
  that no two messages wait for each other. Files are read once a row is
  marked and handed out, so no more is in memory than can be sent; rows that
  wait for it go back like any others when the send stops.

- Multipart is mixed, then related, then alternative (RFC 2387): what shows
  pictures is what they are related to. A name that is not plain ASCII stands
  in the disposition as RFC 2231 has it and in the type as an encoded word:
  old programs know the one, all others the other. An .eml goes as octets,
  for base64 is forbidden for message/rfc822.

LINT

- It looks at messages with values, since what a template hides or chooses is
  only then there. Each piece of a template knows where it begins in its file,
  so that what stands in a message is led back to a line of its author's; of
  what was made of Markdown the text itself is looked for there.

- Links are read by the tokenizer that finds pictures, which sees comments for
  Outlook and loses no place; what readers see by the parser that makes text
  parts. HTML of more than 512 KB is not made into text for it.

- ‘queue’ looks at the first rows as they go by, and after the import: nothing
  is read twice, and standard input once. It tells people; a program asks
  ‘lint --json’, and the library's ‘queue’ looks at nothing. ‘--ignore’ adds
  to the setting: who leaves rules out for good leaves them out here too.

- Two hosts are one site where they end in the same registered name, without
  the list of public suffixes: two customers of one hoster pass for one, which
  is better than to call anybody a fraud. Only a text that is an address and
  nothing else names a site.

DNS

- What is asked of DNS is asked by Node's resolver and judged by rules of our
  own, not by a library that verifies mail: such a one says for one message
  and one address whether it passes, and here neither is known. Where a rule
  needs the address that sends, it says nothing.

- An answer that does not come is never a record that is not there. The root
  is asked for its servers at the start: so a DNS server that is silent, which
  ends all questions, is told from the servers of one domain that are.

- Organizations are found by DMARC's tree walk alone (RFC 9989), without a
  list of public suffixes: a list is old when it is installed.

UNSUBSCRIBING

- A token is checked with a key that is derived from its send's own secret. A
  key of the installation would make the tokens of a copy of the database, or
  of a send whose number was given anew, good for other people; so would
  tokens that a bounce carries for another purpose. They are lower-case
  letters and digits at both ends, since mail programs fold and cut links.

- "It was a mistake" is waited for, and looks at the clock before COMMIT; all
  else is answered after 8 s and goes on. Were it undone after its answer, a
  no that was said since would be lost. Sends that are not known are asked for
  together, by one session: forged numbers cannot keep clicks waiting, and
  none is remembered as missing, for it may be queued in the next moment.

- The endpoint is Node's own HTTP server: two kinds of requests need no
  framework, and its limits (time for headers and body, connections, sizes)
  are what matters where strangers knock. Bodies are told by what they look
  like, for not every provider sends the right Content-Type.

- Clicks that come within 10 ms are one transaction: each change of the
  suppressions moves the version that every worker's fence compares, so a
  hundred a second at most do.

- What a click made carries its send in its reason, which is how "it was a
  mistake" knows it from what others said.
`;
