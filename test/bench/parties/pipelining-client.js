/**
 * The limit of the machine: a client that sends one fixed message over and over, every command ahead of its reply
 * (RFC 2920), and looks at nothing but the number of replies.
 */
import { connect } from 'node:net';

const { port, messages, connections, bytes } = JSON.parse(process.argv[2]);
const LINE = `${'x'.repeat(70)}\r\n`;
const BODY = `Subject: x\r\n\r\n${LINE.repeat(Math.ceil(bytes / LINE.length))}.\r\n`;
const COMMANDS = 'MAIL FROM:<from@example.org>\r\nRCPT TO:<to@example.org>\r\nDATA\r\n';
const NEXT = BODY + COMMANDS;
const REPLIES_FIRST = 2;

let left = messages;

function client() {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('close', resolve);
    let awaited = REPLIES_FIRST;
    let inMessage = false;
    let rest = '';
    const next = () => {
      if (left > 0) {
        left -= 1;
        // The three replies to the commands and, behind an earlier message, that to its dot.
        awaited = inMessage ? 4 : 3;
        socket.write(inMessage ? NEXT : COMMANDS);
        inMessage = true;
      } else if (inMessage) {
        inMessage = false;
        awaited = 1;
        socket.write(BODY);
      } else {
        socket.removeListener('data', read);
        socket.resume();
        socket.end('QUIT\r\n');
      }
    };
    const read = (text) => {
      const lines = (rest + text).split('\r\n');
      rest = lines.pop();
      for (const line of lines) {
        if (line[3] === ' ') awaited -= 1;
        if (awaited === 0) next();
      }
    };
    socket.on('data', read);
    socket.write('EHLO localhost\r\n');
  });
}

const begun = performance.now();
await Promise.all(Array.from({ length: connections }, client));
console.log(JSON.stringify({ seconds: (performance.now() - begun) / 1000 }));
