import { startTestServer } from './database.ts';

/** One server for the whole run, unless CAMPAIGN_TEST_DATABASE_URL names another. */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.CAMPAIGN_TEST_DATABASE_URL) return undefined;
  const server = await startTestServer();
  process.env.CAMPAIGN_TEST_DATABASE_URL = server.url;
  return () => server.stop();
}
