export default `A batch is up to BATCH_SIZE messages (100), whose starts are DELAY_MS apart
(0: as fast as the connections go). The next batch is due when
COOLDOWN_SECONDS (5) have passed since LAST_BATCH_AT. All three are read from
the database each time: a change of delay or cooldown takes effect within a
second, of the batch size at the next batch.

    campaign controls 42 --batch-size 500 --delay-ms 20

A RECIPIENT REFUSED FOR NOW

After a 4xx reply a recipient is tried again after 60 s, doubling to an hour,
--max-attempts times (5) in all, without holding up the rest.

A HELD RELAY

A relay that says that its limit is reached (‘454 Throttling failure: Daily
message quota exceeded’, ‘550 … has exceeded the max emails per hour’), at
whatever command and with whatever code, is held: nothing starts on any host
and of any send, nobody is charged an attempt, and no send pauses. One message
is tried 5 s (a limit of seconds or minutes) or one minute (of hours or days)
later, then after twice as long each time, up to 5 minutes and an hour. When
it is accepted, all go on, slowly at first. ‘progress’, ‘list’ and the log say
until when and in whose words; ‘campaign relay’ shows it, and ‘campaign relay
default --release’ ends it.

    campaign relay default --hold 2h --reason "the provider asked for it"

holds it by hand. A mailbox that is full, or that gets too much in a time, is
its owner's: that one is tried again later, and the rest go on. A limit of one
sender or sending domain holds the sends of others, too: pause the send of the
one that the relay's words name, and the others go on.

TROUBLE OF THE SERVER

No connection, TLS or login failure, 421, a broken line: this is charged to
nobody. The row goes back untouched and the worker backs off, 1 s doubling to
60 s. After 10 such failures in a row, or a refused sender or login, the send
pauses itself and says why; ‘campaign resume’ goes on.

A BLOCK

The same refusal of 20 recipients in a row, with nobody accepted between, is
taken for a block: the send pauses itself, and they all go back to ‘pending’,
with as many attempts as before.

Of words that name us (our IP, a list of spammers, SPF, DKIM, DMARC,
reputation, spam, relaying, too many invalid recipients) 10 are enough in a
4xx reply, and they count under any code. What is said of a
recipient (‘User unknown’, 5.1.1, a mailbox that is full or disabled) never
counts, wherever it says so and under any code: a poor list goes on to its
end.

TOO MANY CONNECTIONS

A server that takes fewer connections than --connections (‘432 4.3.2’,
‘too many connections’) gets as many as it takes, which the log says; messages
that met this go over the others, and one connection more is tried from time
to time. One that has carried as much as the server takes over one (‘451
Mails per session limit exceeded’) is closed, and a new one made.

Where other processes have them all, it is waited for, and never pauses a
send. Said of a message when none of the others can carry it, it is trouble of
the server; of the same message three times, while others get through, it
costs that one an attempt.

Waits and limits are settings: see ‘campaign help environment’.
`;
