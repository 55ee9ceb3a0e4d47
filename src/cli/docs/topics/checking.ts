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
  off. On a terminal escape sequences and other characters that are not seen
  are spelled out, whatever a list holds; in a pipe the bytes are as they are.

- What the moment of sending makes is not made before: Date and Message-ID
  have words in their place, and a link to unsubscribe a token that works for
  nobody. ‘now’ in a template is the time of the preview.

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
`;
