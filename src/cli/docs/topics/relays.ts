export default `Every relay has limits: so many a second, an hour, a day, so many connections
at a time. Tell campaign what yours takes, and it stays within that, over all
sends and all hosts on the database:

    campaign relay default --rate '14/s,50000/day' --connections 10
    campaign relay default               # what is used, what is left, a hold
    campaign relay default --rate none   # no limit of ours

A limit holds in every window of its length, wherever that begins; several are
separated by commas, ‘300/30s’ has a window of its own. A change counts within
a second; a limit that is new counts from then on. Connections are shared by
the schedulers that have something to send. One recipient is one message here,
as relays count it. What else you send through the same account counts there,
too: leave room for it.

WHEN THE RELAY SAYS THAT IT IS ENOUGH

Without a limit of ours, or where the relay's is lower, its own words are
heeded: nobody fails, and nobody has to come. The rows go back untouched, the
relay is held for all sends and hosts, and one message at a time asks whether
it takes them again: after 5 s, doubling to 5 minutes, where it names a rate;
after 1 minute, doubling to an hour, where it names a quota (never later than
CAMPAIGN_HOLD_MAX_SECONDS). The first that it accepts ends the hold.

‘progress’, ‘list’ and ‘events’ say until when, and in which words.
‘run-scheduler --once’ that meets a hold exits 6 (RELAY_HELD), one that finds
it 0; ‘--until-idle --max-wait 60’ exits 6 where the hold, or a rate of yours
that is used up, lasts for longer than that. ‘campaign relay default
--release’ ends a hold at once, where you know better; ‘--hold 2h --reason
"moving"’ makes one.

What is said of a recipient is never taken for it: a full mailbox, an unknown
address, greylisting. A block (a list of spammers, SPF, a reputation) is none
either: that pauses the send, for somebody must mend it. See ‘campaign help
pacing’.

Some take only so many messages over one connection (IONOS 20, Stalwart 10 by
default: ‘451 Mails per session limit exceeded’). That holds nothing: the
message goes over a new one. ‘run-scheduler --messages-per-connection 20’
makes it before the server has to say so.

AMAZON SES

So many a second, and so many in any 24 hours, a region: the console shows
both (in its sandbox 1 and 200). Beyond them it answers ‘454 Throttling
failure: Maximum sending rate exceeded’ or ‘… Daily message quota exceeded’.

    campaign relay default --rate '14/s,50000/day'

MICROSOFT 365 (SMTP AUTH)

Three connections at a time, 30 messages a minute, 10,000 recipients a day, a
mailbox. Its words: ‘432 4.3.2 Concurrent connections limit exceeded’, which
holds nothing and only means fewer connections; ‘554 5.2.0 …
SubmissionQuotaExceededException’ and ‘550 5.1.90’ for the day. Every message
stays in the mailbox's Sent Items, and once that is full it sends no more: set
a retention policy.

    campaign relay default --rate '30/min,10000/day' --connections 3

GMAIL, GOOGLE WORKSPACE

smtp.gmail.com takes 2,000 a day of a user (500 of a private account or a
trial), and says ‘550 5.4.5 Daily user sending limit exceeded’.
smtp-relay.gmail.com takes 10,000 messages in 24 hours of a user, and of an
organisation what its practice allows, at most 319,444 in 10 minutes and 4.6
million in 24 hours. It says ‘550 5.4.5 Daily SMTP relay limit exceeded for
user’, ‘550 5.7.1 … for customer’, ‘450 4.2.1 Peak SMTP relay limit exceeded’.

    campaign relay default --rate '2000/day'       # smtp.gmail.com
    campaign relay default --rate '10000/day'      # smtp-relay.gmail.com

MAILGUN

New accounts may be on probation, with so many an hour, which the dashboard
names; plans have an allowance a month. It answers ‘554 Your account is on
probation and domains are limited to 100 messages / hour’, or ‘421 Domain …
is not allowed to send’ with the reason: where that is no limit by its words
(an account that is disabled), the send pauses after 10 in a row.

    campaign relay default --rate '100/h'          # what the dashboard names

SENDGRID

10,000 connections from a server, 5,000 messages over one (a scheduler makes a
new one before that: --messages-per-connection), and an allowance by plan, 100
a day in the free trial, after which it answers a login with
‘451 Authentication failed: Maximum credits exceeded’.

    campaign relay default --rate '100/day'        # the free trial

POSTMARK

No limit on the rate; it asks for at most 10 connections from an address, and
does not enforce it. Plans have an allowance a month.

    campaign relay default --connections 10

CPANEL, SHARED HOSTING

So many an hour of a domain, often 100 to 500, and five deferred or failed
ones an hour. The server says yes to all of them: what is beyond the limit
is queued for later or thrown away afterwards (‘Domain … has exceeded the max
emails per hour (500/500 (100%)) allowed. Message discarded.’ in a bounce, if
in anything), and the ledger has it as sent, with the server's own word for
it. No program can see that, so that only a limit of one's own helps: ask your
host for the number, and stay well below it.

    campaign relay default --rate '90/h'           # of a limit of 100

AN OWN POSTFIX

No limits for clients in $mynetworks; of others it takes 50 connections at a
time, and as many messages as smtpd_client_message_rate_limit says, if it does
(‘421 4.7.0 … too many connections from …’, ‘450 4.7.1 Error: too much mail
from …’). It takes mail as fast as it comes and queues it: what the large
mailbox providers take from your address is the limit then, and shows in its
queue. Start a new address with little a day, and raise it while it runs.

    campaign relay default --rate '20/s,5000/day' --connections 20

WHERE THE FIGURES COME FROM

Read in November 2026, and for your account its console has the last word:
Amazon SES Developer Guide, ‘Errors related to the sending quotas’, and AWS
re:Post on ‘Maximum sending rate exceeded’; Microsoft Learn, ‘Message storage
and concurrent connection throttling for SMTP Authenticated Submission’ (of
2025-06-21); Google Workspace Admin Help, ‘Route outgoing SMTP relay messages
through Google’ and ‘Gmail SMTP errors and codes’; Mailgun Help, ‘Account
Sending Limitation’; Twilio SendGrid docs, ‘Integrating with the SMTP API’;
Postmark Support, ‘Do we have rate limits for SMTP?’; cPanel forums, threads
697029 and 703725; Postfix, smtpd.c and postconf(5).
`;
