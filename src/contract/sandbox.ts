import type { SandboxStatus } from '../domain/sandbox.js';

export const sandboxJson = (sandbox: SandboxStatus) => ({
  running: sandbox.running,
  directory: sandbox.directory,
  mail: sandbox.mail,
  captured: sandbox.captured,
  databaseUrl: sandbox.databaseUrl,
  smtpUrl: sandbox.smtpUrl,
});
