export default `Data goes to stdout, everything else to stderr. All commands that report take
--json; without it there are tables, colour and bars on a terminal, and plain
lines in a pipe. NO_COLOR is honoured, and TERM=dumb gets lines alone. What
asks on a terminal takes --yes elsewhere.

JSON

- Ids and counts are numbers, times RFC 3339 in UTC, an absent value is null.
  Keys may be added, none is removed. ‘campaign schema <command>’ prints a
  command's JSON Schema.

- An error is one object on stderr, its last line:
  ‘{"code","message","remedy"}’. Its codes, and the exit code that each
  brings, are in ‘campaign help exit-codes’.

- ‘progress --watch’ and ‘events --follow’ print an object a line.

WHAT queue PRINTS

In a pipe, without --json, the id alone. With --dry-run the status is
‘dry-run’, and ‘id’ and ‘suppressed’ are null. After Ctrl-C it is ‘cancelled’,
and ‘duplicates’ is null. Lines read = total + rejected + duplicates + blank +
filtered. ‘encoding’ is what the list was read as (‘utf-8’, ‘utf-16le’,
‘windows-1252’, …), null when it was not read; ‘looksEncodedTwice’ is null, or
an example of a cell that does.

WHAT recipients PRINTS

‘error’ is what the server said other than of acceptance, ‘response’ whatever
it said last. ‘next’ is the cursor for --after, null on the last page.

WHY A SEND WAITS

‘waiting’ of ‘progress’ is null or ‘{"for","until","text"}’, with ‘for’ one
of:

  cooldown   the pause between two batches
  start      its start is ahead
  retry      only deferred recipients are left
  server     the worker backs off from the SMTP server
  scheduler  no scheduler is alive
  paused     it is paused
  takeover   a dead worker's claim, which ends at ‘until’

WORDS OF OTHERS

What a list or a server says is printed in every script as it stands, but for
what could hurt a terminal (controls, changes of the writing direction), which
is spelled out.
`;
