import { plural } from '../domain/text.js';

/** Of a sandbox, what is shown. */
interface Status {
  running: boolean;
  mail: string;
  captured: number;
  databaseUrl: string | null;
  smtpUrl: string | null;
}

/** A sandbox's status for people, a line each. */
export function sandboxLines(status: Status): string {
  const rows: [string, string][] = [
    ['running', status.running ? 'yes' : 'no (`campaign sandbox start` starts it)'],
    ['database', status.databaseUrl ?? '-'],
    ['SMTP', status.smtpUrl ?? '-'],
    ['captured mail', `${plural(status.captured, 'message')} in ${status.mail}`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(14)} ${value}\n`).join('');
}
