import { afterAll, afterEach, beforeAll } from 'vitest';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { type RunningScheduler, type SchedulerSetup, startScheduler } from './scheduler.ts';
import { type SmtpServer, type SmtpServerSettings, startSmtpServer } from './smtp.ts';

/** A database of a file's own, and the SMTP servers and schedulers of each of its tests, which end with it. */
export interface SchedulerScene {
  readonly db: TestDatabase;
  smtp(settings?: SmtpServerSettings): Promise<SmtpServer>;
  schedule(server: SmtpServer, setup?: SchedulerSetup): RunningScheduler;
}

/** @param options.mayFail whether a scheduler may have ended in an error by the end of its test */
export function schedulerScene({ mayFail = false } = {}): SchedulerScene {
  let db: TestDatabase;
  const servers: SmtpServer[] = [];
  const schedulers: RunningScheduler[] = [];
  const stop = async (scheduler: RunningScheduler): Promise<void> => {
    const stopped = scheduler.stop();
    await (mayFail ? stopped.catch(() => undefined) : stopped);
  };

  beforeAll(async () => {
    db = await createTestDatabase();
  });
  afterAll(() => db.drop());
  afterEach(async () => {
    await Promise.all(schedulers.splice(0).map(stop));
    await Promise.all(servers.splice(0).map((server) => server.close()));
    await db.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled', CLAIMED_BY = NULL");
  });

  return {
    get db() {
      return db;
    },
    smtp: async (settings = {}) => {
      const server = await startSmtpServer(settings);
      servers.push(server);
      return server;
    },
    schedule: (server, setup = {}) => {
      const scheduler = startScheduler(db.connect({ connections: 4 }), server.settings, setup);
      schedulers.push(scheduler);
      return scheduler;
    },
  };
}
