export default `MariaDB, MySQL, or a cluster of either; which were tried is said below.
‘campaign migrate’ creates the tables, and upgrades them.

WHAT IT NEEDS

The account needs SELECT, INSERT, UPDATE, DELETE, and CREATE, ALTER, INDEX for
‘migrate’. The server needs InnoDB, binlog_format ROW or MIXED where it writes
a binary log, and max_allowed_packet above the size of the message. What a
server, its settings or its account refuses is said with what to change (exit
5).

The promise rests on a database that loses no committed transaction: InnoDB
with innodb_flush_log_at_trx_commit=1, or synchronous replication.

THE TABLES

They are yours to read; ‘sql/README.md’ describes every column.

  CAMPAIGN_SENDS         one row a send
  CAMPAIGN_SEND_RESULTS  the ledger, one row a recipient
  CAMPAIGN_SEND_EVENTS   who did what to a send, when and why
  CAMPAIGN_WORKERS       one row a running scheduler
  CAMPAIGN_SUPPRESSIONS  who must not be mailed: the one that is yours to
                         write

SEVERAL HOSTS

CAMPAIGN_DATABASE_URL takes several, separated by commas: the first that can
be written to is used, wherever it stands; one that goes away or becomes
read-only is left for the next. Reads too go to the one that can be written
to, so that a replica's lag shows no old figures.

MYSQL GROUP REPLICATION, INNODB CLUSTER

- A new primary first applies what the old one left
  (group_replication_consistency).

- Where there are several primaries, a scheduler's transactions wait for what
  was acknowledged on the others (‘BEFORE’), so that nobody is mailed who was
  suppressed there.

- A node outside its group is left, as far as the account may see it: ‘GRANT
  SELECT ON performance_schema.replication_group_members’, or keep
  group_replication_start_on_boot=ON, which starts it read-only.

GALERA

- A failed certification at COMMIT (1213) means "not claimed", and the whole
  is tried again.

- All sessions of a process talk to one node; with several hosts in the URL,
  and those of a scheduler with one too, they wait for what was written on the
  others (wsrep_sync_wait). A node without its cluster (1047) is left for the
  next.

- GET_LOCK guards ‘migrate’ on one node only, where each DDL file does no harm
  a second time. Gaps in AUTO_INCREMENT don't matter.

TESTED

MariaDB 10.11, MySQL 9.7, a Galera cluster of three MariaDB nodes and MySQL
Group Replication of three (the engine of InnoDB Cluster, single-primary),
whose nodes, or primary, are killed in mid-send and brought back by
‘npm run chaos -- --galera SCRIPT’ and ‘--group SCRIPT’.

Not tested: Group Replication with several primaries, Vitess and TiDB (would
shard by SEND_ID; TiDB's READ COMMITTED is pessimistic-only).
`;
