export default `Any number of schedulers, on one host or many, may run on one database: each
send is worked on by one at a time. ‘run-scheduler’ is the only command that
sends.

HOW LONG ONE RUNS

  --once        one batch of each send that is due
  --until-idle  until no send is running; with --max-wait s without waiting
                for recipients that are deferred for longer
  neither       until it is stopped; it looks for work every --poll-seconds
                (5)

With --once and --until-idle it exits 6 when the SMTP server cannot be reached
or refuses us, or a send paused itself. It sends over up to --connections (8),
and opens one anew after --messages-per-connection.

ENDING ONE

The first SIGTERM, SIGHUP or Ctrl-C lets messages end whose text is on the
wire (for up to --drain-seconds, 30), gives the rest back and exits 0. A
second one exits at once, and loses no more than a crash would: what it had on
the wire is ‘unknown’, and its send stands until another scheduler takes it
over, at its first look on the same host, else 5 minutes after the dead one
last renewed its claim. ‘progress’, ‘list’ and the log of the others say who
holds it, and until when (from 20 s after the last sign of life on).

SYSTEMD

/etc/systemd/system/campaign.service:

    [Unit]
    Description=campaign scheduler
    After=network-online.target mariadb.service
    Wants=network-online.target

    [Service]
    ExecStart=/usr/bin/node /opt/campaign/bin/campaign.js run-scheduler
    EnvironmentFile=/etc/campaign/environment
    LoadCredential=campaign-database-password:/etc/campaign/database-password
    LoadCredential=campaign-smtp-password:/etc/campaign/smtp-password
    # LoadCredential=campaign-dkim-key:/etc/campaign/news1.pem
    StateDirectory=campaign
    WorkingDirectory=/var/lib/campaign
    RuntimeDirectory=campaign
    RuntimeDirectoryPreserve=yes
    Restart=on-failure
    RestartSec=5
    RestartPreventExitStatus=2
    TimeoutStopSec=60

    DynamicUser=yes
    CapabilityBoundingSet=
    LockPersonality=yes
    NoNewPrivileges=yes
    PrivateDevices=yes
    PrivateTmp=yes
    PrivateUsers=yes
    ProtectClock=yes
    ProtectControlGroups=yes
    ProtectHome=yes
    ProtectHostname=yes
    ProtectKernelLogs=yes
    ProtectKernelModules=yes
    ProtectKernelTunables=yes
    ProtectProc=invisible
    ProtectSystem=strict
    RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
    RestrictNamespaces=yes
    RestrictRealtime=yes
    RestrictSUIDSGID=yes
    SystemCallArchitectures=native
    SystemCallErrorNumber=EPERM
    SystemCallFilter=@system-service
    SystemCallFilter=~@privileged
    UMask=0077

    [Install]
    WantedBy=multi-user.target

The URLs stand in /etc/campaign/environment, for in a unit ‘%’ has a meaning
of its own; the passwords in files of their own, as credentials:

    CAMPAIGN_DATABASE_URL='mysql://campaign@db.example.org/mail'
    CAMPAIGN_SMTP_URL='smtp://news%40example.org@smtp.example.org:587'

Settings that are wrong (exit 2) are not tried again; a database that isn't up
yet (exit 5) is, every 5 s. ‘systemd-analyze security’ (252) rates the unit
1.4. Leave MemoryDenyWriteExecute= off: V8 compiles as it runs; and
ProcSubset=, which hides the boot id without which no death is proved.

CRON

One batch of each due send a minute:

    * * * * * cd /etc/campaign && /usr/bin/node /opt/campaign/bin/campaign.js run-scheduler --once --log-level warn

It reads /etc/campaign/.env, written as the file above with passwords in the
URLs, readable by the crontab's user alone (in a crontab itself ‘%’ ends the
line). It prints nothing unless there is trouble, so cron mails nothing else.
Runs that overlap do no harm.

WHAT A CRASH COSTS

- A scheduler is killed (‘kill -9’, out of memory, a second Ctrl-C), and the
  next one runs on the same host. Mail flows again at its first look, a second
  or so after its start. Unknown is at most one message a connection: those
  whose text was out and whose answer was not read yet. What had not begun is
  mailed, what was answered is settled by its answer.

- The same without a state folder (CAMPAIGN_STATE_DIR; said once at the
  start). Mail flows again likewise, but in a container after five minutes.
  Unknown are at most 2 × connections.

- The machine, or a container and its state folder with it. Mail flows again
  after five minutes; at once by ‘campaign release’, if you know it to be
  dead. Unknown are at most 2 × connections.

- The database. Mail flows again when it is back. Nothing is unknown.

- The SMTP server. Mail flows again when it is back. Unknown is at most one
  message a connection.

THE STATE FOLDER, AND CONTAINERS

The state folder is what a successor learns all that from: keep it over
restarts, as the unit does by RuntimeDirectoryPreserve. A container needs a
volume there that outlives it (a folder of the host's, on tmpfs best, such as
/run/campaign), for schedulers of that host alone. On NFS, FUSE and the like,
and in the temporary folder, it is not used.

THE DATABASE AND THE LOG

The scheduler waits out a database that goes away and goes on when it is back;
only a start without one exits 5. The log on stderr is a line a batch, with
‘--log-level debug’ a line a message, with --json in JSON lines; it is a
supplement, the database is the truth.

UPGRADING

Run ‘campaign migrate’, then restart the schedulers. Those that still run the
old version go on meanwhile, but know nothing of what is new: queue nothing
with a new flag, edit no message and send no test until all are restarted.
`;
