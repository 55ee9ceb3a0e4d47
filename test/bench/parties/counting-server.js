/**
 * An SMTP server that notes each message before it answers, so that what it accepted is known whatever becomes of the client:
 * `<Unix time in ms> <recipient> <client>` a line; or with `starts` when its MAIL came.
 */
import { openSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';

const { port, file, delayMs, starts } = JSON.parse(process.argv[2]);
const log = openSync(file, 'a');
let accepted = 0;

createServer((socket) => {
  let rest = '';
  let client = '';
  let recipient = '';
  let startedAt = 0;
  let inBody = false;
  socket.setEncoding('latin1');
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.write('220 counting.example ESMTP\r\n');
  const take = (line) => {
    if (inBody) {
      if (line !== '.') return '';
      inBody = false;
      writeSync(log, `${starts ? startedAt : Date.now()} ${recipient} ${client}\n`);
      return `250 2.0.0 Ok: queued as ${++accepted}\r\n`;
    }
    switch (line.slice(0, 4)) {
      case 'EHLO':
        client = line.slice(5);
        return '250-counting.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n';
      case 'MAIL':
        startedAt = performance.timeOrigin + performance.now();
        return '250 2.1.0 Ok\r\n';
      case 'RCPT':
        recipient = /<(.*)>/.exec(line)[1];
        return '250 2.1.5 Ok\r\n';
      case 'DATA':
        inBody = true;
        return '354 Go ahead\r\n';
      case 'QUIT':
        return '221 2.0.0 Bye\r\n';
      default:
        return '250 2.1.0 Ok\r\n';
    }
  };
  // What comes behind a dot waits for the answer to that, as with a server that has one message in its hands at a time.
  let work = Promise.resolve();
  socket.on('data', (chunk) => {
    const lines = (rest + chunk).split('\r\n');
    rest = lines.pop();
    work = work.then(async () => {
      let replies = '';
      for (const line of lines) {
        const ends = inBody && line === '.';
        replies += take(line);
        if (ends && delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      }
      if (!socket.destroyed) socket.write(replies);
    });
  });
}).listen(port, '127.0.0.1', 1024);
