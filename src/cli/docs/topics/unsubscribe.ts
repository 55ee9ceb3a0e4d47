import { PARTS } from '../../../http/words.js';
import { termsBlock } from '../topic-text.js';

const parts = termsBlock(
  Object.entries(PARTS).map(([term, { text, values }]) => ({
    term,
    text: `${text}${values.length === 0 ? '' : ` (${values.join(', ')})`}`,
  })),
);

export default `‘queue --unsubscribe-url https://news.example.org/u’ gives each recipient a
link of their own, and ‘campaign serve’ answers it. CAMPAIGN_UNSUBSCRIBE_URL
names the place for every ‘queue’; ‘--unsubscribe-url none’ leaves the link
out of one send. Whoever has a page of his own uses --list-unsubscribe
instead, and never both.

WHAT A MESSAGE GETS

- One header, ‘List-Unsubscribe: <https://news.example.org/u/TOKEN>’, and
  ‘List-Unsubscribe-Post’ beside it, by which large mailbox providers show a
  button of their own (RFC 8058). With ‘--unsubscribe-mailto
  leave@example.org’ the header also has a second link,
  ‘<mailto:leave@example.org?subject=unsubscribe%20TOKEN>’; it may be the only
  one. Mails to that address are yours to read for now.

- The merge field ‘{{ unsubscribe_url }}’: the same link, for the text. It
  wins over a column of that name. Without either option a template that uses
  it is refused.

- The URL begins with https:// (http:// on this machine alone, to try things,
  and without the button), and has no ?, # or password.

The token names send and recipient and cannot be guessed or changed. It is
good for as long as the send is in the database, and campaign deletes none:
if you delete sends by hand, keep CAMPAIGN_MESSAGES and CAMPAIGN_SEND_RESULTS
of the last 13 months. Exclude these links from click tracking of the relay,
which would take a mail program's POST elsewhere.

WHAT A LINK DOES

To look at it changes nothing, for scanners follow links: there is a page with
one button. A mail program's click, and that button, write an entry to
CAMPAIGN_SUPPRESSIONS, with the topic of the send or, where it has none, for
everything. It is committed before it is answered. An entry that a server's
refusal or an import made becomes theirs, with its date, so that to remove
those in bulk does not take it along. The page then offers "it was a mistake",
which removes what this link made and nothing else.

A link that is incomplete or of somebody else's says so, and names --contact.
While the database is away the answer is 503, and never a yes.

RUNNING IT

‘campaign serve --public 127.0.0.1:8026’ speaks HTTP, for a proxy that has
TLS. The token is the last part of the path, whatever the proxy puts before
it.

nginx:

    location /u/ {
        proxy_pass http://127.0.0.1:8026;
        proxy_set_header X-Forwarded-For $remote_addr;
        client_max_body_size 16k;
        access_log off;
    }

Caddy:

    news.example.org {
        handle /u/* {
            reverse_proxy 127.0.0.1:8026
        }
    }

Both hand on who asks, so add --trust-proxy: bad tokens are limited by the
client's address, to 30 at once and one in two seconds. (Genuine ones never
are.) Leave it out where clients reach the port themselves. Tokens in the
proxy's log let whoever reads it unsubscribe people: keep none, or not for
long. Its own log shows six characters of them.

‘/healthz’ answers 200 while the database does, else 503. The first SIGTERM or
Ctrl-C lets requests end that are under way (10 s). Bodies have at most 8 kB,
a request has 15 s. Any number of it may run side by side.

The unit of ‘campaign help operations’ will do for it as
campaign-serve.service, with these lines in place of its own:

    Description=campaign unsubscribe links
    ExecStart=/usr/bin/node /opt/campaign/bin/campaign.js serve --public 127.0.0.1:8026 --trust-proxy --contact news@example.org
    StateDirectory=campaign-serve
    WorkingDirectory=/var/lib/campaign-serve

and without the lines RuntimeDirectory, RuntimeDirectoryPreserve and
campaign-smtp-password: it runs as another user, who would take the
scheduler's folders from it.

Its account needs SELECT on CAMPAIGN_SENDS, CAMPAIGN_MESSAGES,
CAMPAIGN_SEND_RESULTS, CAMPAIGN_SUPPRESSIONS, CAMPAIGN_SUPPRESSION_VERSION and
CAMPAIGN_SCHEMA, INSERT, UPDATE and DELETE on CAMPAIGN_SUPPRESSIONS, UPDATE on
CAMPAIGN_SUPPRESSION_VERSION, and nothing more.

WORDS OF YOUR OWN

‘--unsubscribe-page file’ replaces words of the page: lines ‘name: text’,
which go on where the next line is indented; # begins a comment. The file is
read and checked at the start. ‘language: de’ says what it is in; in any but
English all parts must be there. Words are text, never markup, and may have
the values in brackets here, written as ‘{{ sender }}’; ‘address’ is shown as
a…@example.org:

${parts}

So begins a file in German:

    language: de
    ask_heading: Keine Mails mehr von {{ sender }}?
    ask_everything: Wir schreiben {{ address }} dann gar nicht mehr.
    ask_topic: Wir schreiben {{ address }} dann nichts mehr über
      „{{ topic }}“, über anderes schon.
`;
