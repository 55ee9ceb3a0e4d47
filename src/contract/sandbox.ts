/** A sandbox's state; a URL is null where that server does not run. */
interface SandboxStatus {
  running: boolean;
  directory: string;
  mail: string;
  captured: number;
  databaseUrl: string | null;
  smtpUrl: string | null;
}

export const sandboxJson = (sandbox: SandboxStatus) => ({
  running: sandbox.running,
  directory: sandbox.directory,
  mail: sandbox.mail,
  captured: sandbox.captured,
  databaseUrl: sandbox.databaseUrl,
  smtpUrl: sandbox.smtpUrl,
});
