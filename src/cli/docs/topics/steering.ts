export default `What can be done with a send while it runs, and after. The commands that
change one print what ‘campaign progress’ does, after the change.

WATCHING

  progress <id>          counts, rate, time left, pacing, and why it waits
  progress <id> --watch  the same until it ends. On a terminal ‘p’ pauses, ‘r’
                         resumes, ‘c’ cancels once ‘y’ has answered its
                         question (within 10 s; any other key is a no), ‘q’
                         quits. Ctrl-Z gives the terminal back whole; ‘fg’
                         goes on
  list                   the sends, newest first: --status (as shown,
                         ‘scheduled’ too), --limit, and --before <id> for the
                         next page
  recipients <id>        the ledger, a page at a time: --status, --after
                         <cursor>, --limit; or --all as a stream, as --csv or
                         --json
  events <id>            who did what to the send, when and why; --follow
                         waits for more
  verify <id>            recomputes every figure from the ledger, with --all
                         of every send; exit 1 on any contradiction

STOPPING AND GOING ON

  pause <id>     within a second, inside a batch too; pausing a paused send is
                 fine
  resume <id>    goes on, also after a send paused itself
  cancel <id>    ends it for good; what was not sent stays ‘pending’, for
                 audit
  edit <id>      changes the message of a paused send (see ‘campaign help
                 checking’)
  controls <id>  shows or changes --batch-size, --delay-ms,
                 --cooldown-seconds, live (see ‘campaign help pacing’)
  release <id>   frees at once the claim of a scheduler that you know to be
                 dead, on another host say; says what that costs, and asks

SENDING AGAIN

  retry <id>  puts recipients back to ‘pending’, in the same send: the failed
              ones or, with --unknown, those; --code 4xx, 550 or 5.1.1 takes
              only what was answered with it
  resolve <id> --as <status>
              settles recipients that are ‘unknown’ as ‘sent’, ‘pending’ or
              ‘failed’, all or those of --email
  resolve <id> --from-maillog <file>
              settles them from the relay's own log (Postfix, Exim); ‘-’ is
              standard input

UNKNOWN

When something is ‘unknown’, ask the relay. This settles what its log shows as
accepted, by our Message-IDs; with --absent pending those that it does not
show are tried again:

    campaign resolve 42 --from-maillog /var/log/mail.log

Or decide yourself:

    campaign resolve 42 --as pending    (they may get a second copy)
    campaign resolve 42 --as sent
`;
