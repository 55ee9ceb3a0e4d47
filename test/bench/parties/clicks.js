/**
 * Mail programs that unsubscribe people by one click, so many a second whatever becomes of those before: what waits for an
 * answer holds up nobody. Until all links are used, or it is told to stop; times count from when a click was due. It takes
 * little of the processor, which on a real day is another machine's: requests are made beforehand, answers hardly read.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

const { url, links, perSecond, connections, count } = JSON.parse(process.argv[2]);
const { hostname, port, host } = new URL(url);
const TICK_MS = 4;
const BODY = 'List-Unsubscribe=One-Click';
const paths = readFileSync(links, 'utf8').split('\n').filter(Boolean).slice(0, count);
const requestTo = (path) =>
  `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
  `Content-Length: ${BODY.length}\r\n\r\n${BODY}`;

const times = [];
const failures = new Map();
const fail = (what) => failures.set(what, (failures.get(what) ?? 0) + 1);
const waiting = [];
const idle = [];
let open = 0;
let finished = () => undefined;

/** Where an answer ends, if all of it has come. */
function endOf(text) {
  const head = text.indexOf('\r\n\r\n');
  if (head === -1) return -1;
  const length = Number(/^content-length: *(\d+)/im.exec(text.slice(0, head))?.[1]);
  return text.length >= head + 4 + length ? head + 4 + length : -1;
}

function give(line) {
  const click = waiting.shift();
  if (!click) {
    idle.push(line);
    return;
  }
  line.due = click.due;
  line.socket.write(requestTo(click.path));
}

async function begin() {
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const line = { socket, due: null, text: '' };
  await once(socket, 'connect');
  socket.setEncoding('latin1');
  const broken = (what) => {
    if (line.due !== null) {
      fail(what);
      open--;
      if (open === 0) finished();
    }
    line.due = null;
  };
  socket.on('error', ({ code }) => broken(code));
  socket.on('close', () => {
    broken('cut');
    if (!idle.includes(line)) return;
    idle.splice(idle.indexOf(line), 1);
  });
  socket.on('data', (chunk) => {
    line.text += chunk;
    const end = endOf(line.text);
    if (end === -1) return;
    if (line.text.startsWith('HTTP/1.1 200 ')) times.push(performance.now() - line.due);
    else fail(line.text.slice(9, 12));
    line.text = line.text.slice(end);
    line.due = null;
    open--;
    if (open === 0) finished();
    give(line);
  });
  idle.push(line);
}
await Promise.all(Array.from({ length: connections }, begin));

let begun = 0;
let stopped = false;
process.once('SIGTERM', () => {
  stopped = true;
});
const before = process.cpuUsage();
const start = performance.now();
await new Promise((resolve) => {
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - start) / 1000) * perSecond);
    for (; begun < due && begun < paths.length; begun++) {
      waiting.push({ path: paths[begun], due: start + (begun * 1000) / perSecond });
      open++;
      const line = idle.shift();
      if (line) give(line);
    }
    if (!stopped && begun < paths.length) return;
    clearInterval(timer);
    resolve();
  }, TICK_MS);
});
await new Promise((resolve) => {
  finished = resolve;
  if (open === 0) resolve();
});
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(before);
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
    cpu: (user + system) / times.length,
  }),
  () => process.exit(0),
);
