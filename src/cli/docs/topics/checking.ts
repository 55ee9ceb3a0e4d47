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
`;
