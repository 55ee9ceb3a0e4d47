import { DESIGN_OF_MESSAGES } from '../design-messages.js';

export default `The database is the only truth; a worker holds nothing that is not there too.
What was chosen, and why:

THE LEDGER AND ITS CLAIMS

- Mark, then send, then record. Rows are marked ‘sending’ and committed before
  a message may start. One transaction records what came in and marks as many
  anew. At most 2 × connections rows of a process are ‘sending’, over all its
  sends: that bounds what a crash can leave uncertain. (A checkpoint moved
  before sending skips people; one moved after mails them twice.)

- No row is passed over. Each step marks, in its own transaction, every
  untouched row up to its new cursor, or looks for those it does not mark:
  there must be none, or it is rolled back.

- One fence. Every transaction of a worker first updates the send's own row
  ‘WHERE ID = ? AND CLAIMED_BY = ?’, which renews the claim and keeps the
  counters; takeover, pause and cancel go through the same row. So a mark and
  a takeover never both commit, on Galera too, where locks read elsewhere are
  not certified.

- A lease for starting, none for waiting. No message starts, nor is its final
  dot written, unless the claim was renewed under 4 minutes ago, by the
  monotonic and by the wall clock; a claim is taken over after 5. Waiting for
  a reply runs to RFC 5321's limits.

- A claim has a number besides its name. Ledger rows carry the four-byte
  number, which keeps them narrow and lets a late result settle only its own
  ‘unknown’ row.

A CRASH

- A death is proved, or waited for. A worker listens on a Unix socket for as
  long as it lives. Refused there, on the same boot of the same kernel, nobody
  has it open: the worker is dead, in whatever container it ran, and its
  claims are taken over at the first look. A process that was stopped still
  takes calls; a socket that is not there, may not be called, or is a copy
  tells nothing. Without a socket a pid that nobody has proves the same,
  within one pid namespace. All else waits for five minutes.

- A flight recorder. Beside the socket lies a file of 2 × connections slots of
  512 bytes, written in place: before the write that carries a message's final
  dot, its row; with the next such write, or a turn later, the answers that
  came and the slots that a commit has made free. The kernel keeps what a
  killed process wrote, so it is never synced; after the machine itself went
  down it is not believed (another boot), nor without proof of death, for the
  fence guards the database and not the wire: a process that only slept may
  write its dot yet. Nor where the file is another's, of another version, cut
  short, or cannot be synced; a slot that cannot be read leaves unknown what
  no other one explains. An entry that cannot be written stops its message
  before the dot, and the claims after it have no recorder, as their name says
  (no ‘r’ at its end).

THE DATABASE

- One packet a step, of many rows. Results wait for more, up to 10 ms, while
  they are fewer than the marked rows that wait for a connection: so
  transactions are few and large where rows are plenty, and where they are
  not, none is held back for it. A step goes out in one packet, its COMMIT
  included, for the server itself compares how many rows each statement
  touched, and leaves the rest of the packet where that is wrong; MariaDB
  takes it as one compound statement and answers once, MySQL answers each.

- When the reply of a step is lost, the next transaction takes the fence,
  gives the claim and its rows a new number, and reads what happened: a packet
  that the server begins only after that finds its number gone, and does
  nothing. In a transaction of several round trips a session has a short
  ‘wait_timeout’, so that a stopped process holds no lock for long; idle ones
  are kept over a poll, then ended in good order.

- A session's character set is set, and looked at. Every session sets utf8mb4,
  whatever the server takes it for, and a server or proxy where that does not
  hold is refused (exit 5). Poolers may hand over a session that another
  client has changed: each transaction of several statements sets it again in
  a packet that it has anyway, the guard of a step looks at it, and so does
  whoever reads at the columns of each result. None of it is a round trip
  more.

- The ledger is clustered by (SEND_ID, SEQ) and has no index on STATUS.
  CURSOR_SEQ on the send's row is a high-water mark: rows above it are
  untouched. What lies below and is not settled has NEXT_ATTEMPT_AT, and is
  found by an index on a generated column that is null for rows of the hot
  path. Claim, window, page and progress are ranges on an index at ten
  thousand rows and at ten million. The send's row itself says in generated
  columns when it is due next (DUE, DUE_AT): a look for work reads what it
  takes and no more, however many sends are due, paused or finished; only
  those of which nothing is left but deferred rows are looked at one by one.

- A row has room for its outcome. An untouched row carries 80 bytes that its
  outcome takes the place of. Rows that grow in a full page make InnoDB
  rebuild the page for every second message and in the end split it: without
  the room a message costs twelve times as much redo log, and a ledger grows
  to twice its size while it is sent. (Replies of more than some 60 characters
  still make rows grow; Postfix, Gmail and Amazon SES answer with less.)

- Status columns are ENUM in ‘utf8mb4_bin’ with a connection of the same
  collation: readable by hand, compared without conversion.

SUPPRESSIONS

- What is checked when rows are marked is one number, the version that every
  change of the suppressions raises: asked for by the fence, it costs one read
  a step, whereas to look up every row would cost a seventh of the rate. A
  batch keeps the names that were written since its list was imported (10,000
  at most; from then on it looks up what it reads), and sets rows apart that
  one may name. A step with such rows, or whose version has moved, is done in
  two round trips: the send's row is locked, what is suppressed is read, then
  it is skipped and the rest marked. So an entry that was removed again skips
  nobody, and a thousand changes a second starve no send.

- An entry that is there without a version is given one when it is added
  again: it may be that of an import, or of somebody's SQL, which no worker
  has been told of, and whoever adds it is told that it is suppressed.

- An import's entries carry no version, so that its blocks and each click to
  unsubscribe do not wait for one row. It raises the version for all of them
  once a second, in a transaction of its own, and when it ends: even where
  nothing was new, for an earlier run may have died before it did.

- Each import has a source of its own, and what is removed in bulk is written
  to a file and synced before it is gone: so either can be taken back exactly,
  with nothing kept in the database for it.

- A person's no takes the place of what a server or an import said of them:
  these are removed in bulk, by their source, and would take it along. Its
  version stays, by which ‘verify’ tells what the import of a send knew of.

THE WIRE

- The SMTP transaction is ours, on a socket that nodemailer connected, secured
  and logged in: only so is it known whether the final dot was written, which
  is the line between "try again" and ‘unknown’. Where the server offers
  PIPELINING, MAIL, RCPT and DATA go in one write, and those of the next
  message behind the dot of the last (RFC 2920 §3.1), whose answer is not
  waited for: one round trip a message wherever the next one is at hand, two
  where it is not. A message so announced is only begun with its body; when
  the line breaks before, it goes back untouched.

- As few connections as keep up carry the messages: twice as many are put to
  use when nothing has moved for 3 milliseconds. A fast server gets its
  messages over a few busy connections, a slow one over all. A server that
  failed gets half as many as it failed under (never fewer than four), and
  then one more for every so many messages that go well. One that says there
  are too many is believed: the connection that it says so on is closed, and
  its message goes over another.

- As few batches side by side as keep the connections busy, for each has its
  own transactions: the rows of 100 sends at once go out several times as fast
  by turns as all together. Short batches don't wait for long ones, though:
  when somebody has waited a quarter of a second one more is let in, the
  shortest first, and the next one after twice as long.

- Instants of a relay's rate are leased in a time of their own: the database's
  clock, less the jumps that it has made. Whoever holds some knows by the
  clocks of its own machine how much time really went by, and writes the
  difference beside what is leased, so that nothing leased has to be moved. A
  process that begins after a clock was set ahead, with nobody running who
  knew the time before, takes that for time gone by.

- Where nobody else sends, and the rate is far above what a machine does, more
  instants are leased at once than there are messages: up to a quarter of a
  second's, so that leases cost next to nothing. Several that send at a rate
  of hundreds a second share out each fifth of a second in 32 combs of
  instants: by what each used of the last, its even part at most before it
  begins, and what is left to whoever asks then. Of a long window that is
  shared, a process leaves others their even part for a second, and then
  takes of what they have left.

- The connections of a relay over all hosts: a worker closes what it gives up
  before it writes that it has, and writes what it takes before it opens it,
  guarded by a version. A silent worker keeps its part for as long as it may
  keep its claims. One that gets none leaves its sends to the others.

REPLIES

- One table of rules (src/domain/reply-rules.ts) says for each stage and reply
  whose fault it is, with its source; a second one (src/domain/subjects.ts)
  whom a refusal is about, by its words first and then by its codes:
  addresses, hosts and URLs say nothing, but for names of lists of spammers.

- A run of refusals goes back as it was: rows that still have the words of the
  run, ‘failed’ or deferred, in the transaction that pauses the send, with the
  attempts that they had before the run.

- A relay's limit is nobody's fault, and needs nobody. Its words are believed
  when two rows of different domains met them with nothing accepted between
  (or five of one domain, or one before any recipient was named): a hold in
  CAMPAIGN_RELAYS, which all hosts see at their next look for work. Alone a
  row only waits, as long as a hold would last; told so three times with
  others accepted between (LIMITED, in the ledger, for no process lives long
  enough to count), it is charged; what ended a hold is none of these others,
  for it may have been all that the relay took. Where a row that was told so
  is accepted the limit was of a time, whatever the relay takes between: for
  an hour from then on, and always for ‘--once’, which sees too little, a row
  is first charged the twenty-first time; so it is where five rows of its send
  were told so and none is accepted, for it may be the limit of their sender.
  (Of relays that take 1 to 50 in a second or two, up to five of 80 recipients
  were charged for their limit without that, and now nobody.) Words that no
  table knows hold it, too: ten first tries deferred alike, and a second one
  as well.

- After a hold a process starts one message, and one more for each that is
  answered as any other, until all connections are used (slow start, as in
  RFC 5681): of a relay that takes three in a second 75 replies to 40
  recipients told of its limit, where it had been 85 and some recipients were
  charged for it; of one that takes one in 300 ms 85, where it had been 150.

- So many messages over one connection are no limit in time: the reply (IONOS,
  Stalwart, GoDaddy, under any code) says that nothing of its message has
  happened, and the message goes over a new connection, uncharged. Only where
  a new one says so at once is it trouble of the server.

- A probe asks by turns a row that was never tried, one that was deferred or
  given back, for a relay may put off each first try, and one that was told of
  the limit; and sends by turns, too: whoever is told so on his own account
  cannot answer for all twice. In every batch those that were told so take
  turns with all others, lest they meet it together once more, or nobody else
  is left to answer in the end. A probe's acceptance alone ends the hold, and
  its batch goes on. Once it is somebody else's, or the operator has decided,
  it starts nothing more; and a send that its own pacing keeps for longer than
  a second leaves it to others.

- A rate that is used up is the operator's own limit: ‘--once’ that meets it
  has done what it may, and exits 0, where a limit that the relay tells of is
  news. ‘--until-idle --max-wait’ ends at either with RELAY_HELD, for it was
  to send all, and has not.

- Where the database's clock goes back, as by a failover, what is ahead of it
  (a batch's end, a claim's renewal, a worker's sign of life) counts as of
  now: no cooldown and no takeover takes much longer. Only who is to be tried
  again at a time waits for that. Where it jumps ahead, claims look stale:
  nobody who saw it jump takes any for a minute, in which those who live renew
  theirs.

- A deferral in words that tell of nobody is a row's last only if the relay
  has accepted somebody meanwhile. Else the row is tried on, until three days
  (CAMPAIGN_GIVE_UP_SECONDS) after its send's begin and the last acceptance:
  a quota of weeks costs nobody, and every send ends. Words of the recipient
  or of a block count as they did.

- A hold that has stood for as long, and through ten probes, ends the send
  of the probe that it refuses next: what is left of it fails, untried, in the
  relay's words, page by page under the claim. Not by silence alone: a relay
  that was idle, or a send that was paused, has proved nothing.

${DESIGN_OF_MESSAGES}`;
