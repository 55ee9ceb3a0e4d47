import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '../../src/sandbox/processes.ts';
import { freePort } from '../../src/sandbox/server.ts';
import { requireProgram, run } from './programs.ts';

/** Debian keeps it where only root's PATH looks. */
const POSTFIX = '/usr/sbin/postfix';

/** Whether a Postfix can be run: its master takes root. */
export const canRunPostfix = (): boolean => process.getuid?.() === 0;

export interface Postfix {
  port: number;
  /** What it has logged. */
  log(): string;
  stop(): Promise<void>;
}

const SERVICES = `
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;

/** A Postfix of the test's own, which relays what it is given on a loopback port to another. Takes root. */
export async function startPostfix(relayPort: number, settings = ''): Promise<Postfix> {
  // Else Debian's would start a service of its own.
  run('debconf-set-selections', [], 'postfix postfix/main_mailer_type select No configuration\n');
  requireProgram(POSTFIX, 'postfix');
  const directory = mkdtempSync(join(tmpdir(), 'campaign-postfix-'));
  chmodSync(directory, 0o755);
  const port = await freePort();
  for (const name of ['conf', 'queue', 'data']) mkdirSync(join(directory, name));
  const uid = Number(run('id', ['-u', 'postfix']).stdout);
  chownSync(join(directory, 'data'), uid, 0);
  writeFileSync(
    join(directory, 'conf/main.cf'),
    `compatibility_level = 3.6
queue_directory = ${directory}/queue
data_directory = ${directory}/data
maillog_file = ${directory}/postfix.log
maillog_file_prefixes = ${directory}
myhostname = relay.test
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:${relayPort}
alias_maps =
alias_database =
local_recipient_maps =
smtp_tls_security_level = none
smtputf8_enable = yes
biff = no
${settings}
`,
  );
  writeFileSync(
    join(directory, 'conf/master.cf'),
    `127.0.0.1:${port} inet n - n - - smtpd${SERVICES}`,
  );
  const control = (command: string) => run(POSTFIX, ['-c', join(directory, 'conf'), command]);
  const log = (): string => run('cat', [join(directory, 'postfix.log')]).stdout;
  // It returns once its port is listened on.
  const started = control('start');
  if (started.status !== 0) {
    throw new Error(`postfix did not start: ${started.stderr}${started.stdout}${log()}`);
  }
  return {
    port,
    log,
    stop: async () => {
      control('stop');
      await waitUntil(() => control('status').status !== 0, 20_000, 'postfix does not stop');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
