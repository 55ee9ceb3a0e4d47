/** Hands every chunk on after a delay, in both directions. */
import { connect, createServer } from 'node:net';

const { port, target, delayMs } = JSON.parse(process.argv[2]);

function relay(from, to) {
  from.on('data', (chunk) => setTimeout(() => to.writable && to.write(chunk), delayMs));
  from.on('end', () => setTimeout(() => to.end(), delayMs));
  from.on('error', () => to.destroy());
}

createServer((client) => {
  const server = connect(target, '127.0.0.1');
  client.setNoDelay(true);
  server.setNoDelay(true);
  relay(client, server);
  relay(server, client);
}).listen(port, '127.0.0.1');
