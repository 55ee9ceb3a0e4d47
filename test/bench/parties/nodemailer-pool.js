/** What a user would write instead: nodemailer's pool, a message composed for each recipient, and no ledger. */
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import nodemailer from 'nodemailer';

const { port, connections, list, html, text, subject, from } = JSON.parse(process.argv[2]);
const recipients = parse(readFileSync(list), { columns: true });
const templates = { html: readFileSync(html, 'utf8'), text: readFileSync(text, 'utf8'), subject };

const fill = (template, fields) =>
  template.replace(/\{\{ (\w+) \}\}/g, (_, name) => fields[name] ?? '');

const transport = nodemailer.createTransport({
  pool: true,
  host: '127.0.0.1',
  port,
  ignoreTLS: true,
  maxConnections: connections,
  maxMessages: Number.POSITIVE_INFINITY,
});

const begun = performance.now();
let next = 0;
async function worker() {
  while (next < recipients.length) {
    const fields = recipients[next++];
    await transport.sendMail({
      from,
      to: fields.email,
      subject: fill(templates.subject, fields),
      html: fill(templates.html, fields),
      text: fill(templates.text, fields),
    });
  }
}
await Promise.all(Array.from({ length: connections * 2 }, worker));
const seconds = (performance.now() - begun) / 1000;
transport.close();
console.log(JSON.stringify({ seconds }));
