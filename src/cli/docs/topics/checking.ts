export default `A message can be seen before it goes out, as any recipient gets it.

PREVIEW

    campaign preview --list people.csv --from news@example.org \\
      --subject 'Hello {{ name }}' --html news.html --row 3
    campaign preview 42 --email ada@example.org

shows one recipient's message, made by what makes those that are sent: of a
list before it is queued, with the options of ‘queue’ and without a database,
or of a send, from its ledger. ‘--row’ is the place in the list, of lines that
can be mailed; in a ledger it is the number of the row. Without ‘--row’ and
‘--email’ it is the first.

- ‘--as html’ is the HTML alone, ‘--as eml’ all of it, for a mail program,
  ‘--open’ the HTML in a browser, images that go with it included and scripts
  off; its page, which only you can read, stays in your temporary folder for a
  day, and is removed when a message is opened after that. On a terminal
  escape sequences and other characters that are not seen are spelled out,
  whatever a list holds; in a pipe the bytes are as they are.

- What the moment of sending makes is not made before: Date and Message-ID
  have words in their place, and a link to unsubscribe a token that works for
  nobody. ‘now’ in a template is the time of the preview.

LINTING

    campaign lint --list people.csv --from news@example.org \\
      --subject 'Hello {{ name }}' --html news.html

says what is wrong with the message, with where and what to do about it, as
the first rows get it (‘campaign help lint’ has the rules).

TESTING

    campaign test 42 --to me@example.net --rows 3
    campaign test --list people.csv --from news@example.org \\
      --subject 'Hello {{ name }}' --html news.html --to me@example.net --now

sends the message to testers, as recipients get theirs: the first of the list,
so many as ‘--rows’ says, or that of ‘--email’. ‘--to’ may be repeated. The
subject has ‘[TEST]’ before it, unless with ‘--plain’. It waits for the
replies (‘--max-wait’, 60 seconds; ‘--no-wait’ does not) and prints each: exit
0 when all were accepted, 6 when one was refused, or the relay is held.

- Test mails are a send of their own, which the send that is tested knows
  nothing of: its books, its pacing, its start and its key. ‘list’ shows them
  with ‘--tests’. They heed the relay's holds and rates, and go first. A limit
  that the relay tells one of them of is the reply to all that are left, and
  holds nobody else; with ‘--now’ none of them is used to find out whether a
  hold has ended.

- They go to testers who are suppressed, too, which is said; their links to
  unsubscribe show the page and change nothing.

- A scheduler mails them. Where none runs nothing is queued, and it exits 4;
  with ‘--now’ they are mailed from here, by the same loop for them alone,
  over the relay that it names (CAMPAIGN_SMTP_URL). ‘run-scheduler’ is the
  only command that mails a list.

MENDING

    campaign pause 42
    campaign edit 42 --subject 'Hello {{ name }}' --html news.html
    campaign resume 42

changes the message of a paused send, for all who have not been sent theirs:
subject, bodies, senders, headers, and what else ‘queue’ takes of a message.
What is not given stays; ‘--remove reply-to,text’ takes values away;
‘--header’ puts what is given in place of all headers of your own. What
‘queue’ would refuse is refused, such as a field that the list has not.

- Nobody may hold the send, and none of its messages be on the wire: ‘edit’
  waits ten seconds for that, then it exits 4 and says who holds what. From
  ‘resume’ on nobody gets the old text, from any scheduler.

- Each change is a version: in ‘progress’ the one that goes out now, in
  ‘recipients’ the one that each was sent. The versions are kept, and an event
  tells what was and is.

- The Message-IDs stay what they are, also where the sender's domain changes.

ANEW

    campaign clone 42 --list more.csv
    campaign clone 42 --same-list --status pending

queues the message of a send anew, as it is now, with its pacing and its
topic, for another list, or for those of its own rows that have a status. What
is given wins, with the options of ‘queue’; its key and its start are never
taken. With other HTML and no --text the text is made anew. It asks as ‘queue’
does. Whom a send mails itself yet, ‘pending’ of one that is not cancelled, it
does not take.
`;
