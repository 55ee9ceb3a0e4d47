/**
 * Mail programs that unsubscribe people by one click, so many a second whatever becomes of those before: what waits for an
 * answer holds up nobody. Until all links are used, or it is told to stop; times count from when a click was due.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';

const { url, links, perSecond, connections, count } = JSON.parse(process.argv[2]);
const BODY = 'List-Unsubscribe=One-Click';
const HEADERS = {
  'Content-Type': 'application/x-www-form-urlencoded',
  'Content-Length': BODY.length,
};
const agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' });
const paths = readFileSync(links, 'utf8').split('\n').filter(Boolean).slice(0, count);

const times = [];
const failures = new Map();
let begun = 0;
let stopped = false;
process.once('SIGTERM', () => {
  stopped = true;
});

const fail = (what) => failures.set(what, (failures.get(what) ?? 0) + 1);
const click = (path, due) =>
  new Promise((resolve) => {
    const asked = request(
      `${url}${path}`,
      { agent, method: 'POST', headers: HEADERS },
      (answer) => {
        answer.resume().once('end', () => {
          if (answer.statusCode === 200) times.push(performance.now() - due);
          else fail(answer.statusCode);
          resolve();
        });
      },
    );
    asked.once('error', (error) => {
      fail(error.code);
      resolve();
    });
    asked.end(BODY);
  });

const start = performance.now();
const open = [];
await new Promise((resolve) => {
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - start) / 1000) * perSecond);
    while (begun < due && begun < paths.length) {
      open.push(click(paths[begun], start + (begun * 1000) / perSecond));
      begun++;
    }
    if (!stopped && begun < paths.length) return;
    clearInterval(timer);
    resolve();
  }, 1);
});
await Promise.all(open);
const seconds = (performance.now() - start) / 1000;
agent.destroy();
times.sort((a, b) => a - b);
const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? null;
process.stdout.write(
  JSON.stringify({
    seconds,
    answered: times.length,
    failures: Object.fromEntries(failures),
    p50: at(0.5),
    p99: at(0.99),
    longest: at(1),
  }),
);
