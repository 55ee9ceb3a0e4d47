/** A sandbox: a private database and a capturing SMTP server. */
export interface SandboxStatus {
  /** Whether both servers run. */
  running: boolean;
  directory: string;
  /** The Maildir's `new`. */
  mail: string;
  captured: number;
  /** Where that server is to be reached, null where it does not run. */
  databaseUrl: string | null;
  smtpUrl: string | null;
}
