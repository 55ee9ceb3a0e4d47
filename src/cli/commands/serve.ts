import { defineCommand } from '../command.js';
import { choice, custom, file, flag, mustBe, text } from '../readers.js';

/** `127.0.0.1:8026`, `[::1]:8026`, `localhost:8026`. */
const ADDRESS = /^(?:\[([\da-f:.]+)\]|([^\s:/[\]]+)):(\d{1,5})$/i;

export default defineCommand({
  name: 'serve',
  summary: 'answer the links by which recipients unsubscribe, behind a proxy that has TLS',
  options: {
    public: custom(
      {
        placeholder: 'address:port',
        help: 'where to listen, such as 127.0.0.1:8026; port 0 is one that is free',
        required: true,
      },
      (given) => {
        const [, ipv6, other, digits] = ADDRESS.exec(given.trim()) ?? [];
        const host = ipv6 ?? other;
        const port = Number(digits);
        if (host !== undefined && port <= 65_535) return { host, port };
        throw mustBe('an address and a port, such as 127.0.0.1:8026 or [::1]:8026');
      },
    ),
    unsubscribePage: file({
      help: 'words of the page in place of the English ones (`campaign help unsubscribe`)',
    }),
    contact: text({
      max: 200,
      placeholder: 'address',
      help: 'whom people are told to write to whose link is not one of ours',
    }),
    trustProxy: flag(
      'believe the last address of X-Forwarded-For, where a proxy of yours writes it',
    ),
    logLevel: choice(['debug', 'info', 'warn', 'error'], {
      placeholder: 'level',
      help: 'debug (what was refused too), info (a line for each who unsubscribed), warn or error',
      sentence: 'It must be debug, info, warn or error.',
      fallback: 'info',
    }),
  },
  prints: 'serve-log',
  json: 'log in JSON lines',
  errors: ['BAD_FILE', 'BAD_TEMPLATE', 'CANNOT_LISTEN', 'DATABASE_REFUSED'],
  examples: [
    [
      'campaign serve --public 127.0.0.1:8026 --contact news@example.org',
      'a service; its proxy hands on https://news.example.org/u',
    ],
  ],
  run: async (input, context) => {
    const { serveAndLog } = await import('../serve.js');
    await serveAndLog(input, context);
    return undefined;
  },
});
