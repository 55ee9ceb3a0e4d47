export default `With a private key of your domain messages are signed with DKIM (RFC 6376):
who receives one can tell that it comes from you and that nobody changed it.
Large mailbox providers ask for that of everybody who writes to many. Many
relays sign by themselves; then no key is needed here, and two signatures do
no harm.

A KEY

    openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 -out news1.pem
    chmod 600 news1.pem
    openssl pkey -in news1.pem -pubout -outform DER | openssl base64 -A

The last line prints the public key. It goes into DNS, as a TXT record of
‘news1._domainkey.example.org’ (‘news1’ is its selector, a name that you
choose):

    v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKC…

In a zone file a record of more than 255 characters is written in several
pairs of quotes. The scheduler is told of it by three settings:

    CAMPAIGN_DKIM_KEY_FILE=/etc/campaign/news1.pem
    CAMPAIGN_DKIM_DOMAIN=example.org
    CAMPAIGN_DKIM_SELECTOR=news1

Under systemd the key may be the credential ‘campaign-dkim-key’ instead of a
file. ‘run-scheduler’ says at its start what it signs with, and of each send
that goes out unsigned that it does. Only schedulers need the key.

A key without PEM, with a passphrase, or RSA of less than 1,024 bits is
refused (exit 2). One of less than 2,048 bits, or a file that others than its
owner may read, brings a warning.

SEVERAL KEYS

Further keys have a name of yours behind all three settings, of capital
letters, digits and underscores (the credential is then
‘campaign-dkim-key-name’, in small letters):

    CAMPAIGN_DKIM_KEY_FILE_ED=/etc/campaign/news2.pem
    CAMPAIGN_DKIM_DOMAIN_ED=example.org
    CAMPAIGN_DKIM_SELECTOR_ED=news2

A message is signed by every key of its From domain or, where there is none,
of the nearest domain above it: a key of example.org signs what comes from
mail.example.org too. Ed25519 is ten times as fast as RSA, but not all
receivers know it: give a domain both, and both sign.

    openssl genpkey -algorithm ed25519 -out news2.pem
    openssl pkey -in news2.pem -pubout -outform DER | tail -c 32 | openssl base64 -A
    v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=

A SEND THAT MUST BE SIGNED

‘queue --dkim required’: no scheduler sends it that has no key for its From.
As long as none that runs has, ‘progress’ and ‘list’ say so (‘waiting.for’ is
‘dkim’). ‘--dkim off’ signs nothing; without either a send is signed where its
scheduler has a key.

CHANGING A KEY

Make a new key under a new selector, publish its record, and wait until the
longest time to live of your zone is over. Then set the three settings to the
new one and restart the scheduler (SIGTERM: what is on the wire ends). Leave
the old record for a week: messages signed with the old key are still on their
way. Then publish it empty (‘v=DKIM1; p=’), which says that it is withdrawn.

WHAT IS SIGNED

The whole body and From, Sender, Reply-To, To, Subject, Date, Message-ID, the
MIME headers, In-Reply-To, References, List-…, Feedback-ID, Auto-Submitted and
Precedence, in relaxed form: relays may fold lines. From, To, Subject and
Reply-To are signed so that none can be added.

Feedback-ID is in a message only where it is signed: Gmail counts complaints
by it, and believes no other (‘campaign help messages’).

Amazon SES replaces Date and Message-ID: through a relay of amazonaws.com they
are not signed. It has a Feedback-ID of its own, so there is none of ours. For
others that change a header there is

    CAMPAIGN_DKIM_SKIP_HEADERS=Date,Message-ID

SPEED

Messages are signed on threads of their own while their rows are read ahead,
so that no connection waits. With Ed25519 three quarters of the messages a
second go out that would go out unsigned. RSA of 2,048 bits takes a processor
a quarter of a millisecond and more a message: what ‘openssl speed rsa2048’
signs in a second is the most. On a machine of more than four processors set
UV_THREADPOOL_SIZE to their number in the scheduler's environment.

WHEN IT DOES NOT VERIFY

A receiver's ‘Authentication-Results: … dkim=fail (body hash did not verify)’
tells of a relay that changes bodies: one that adds a footer, or rewrites
links. ‘dkim=permerror (no key)’, ‘dkim=fail (signature did not verify)’ and
‘dkim=neutral’ mostly tell of the record: ‘campaign lint --dns’ compares it
with the key, and says what to publish instead.
`;
