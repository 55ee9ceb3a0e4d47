import nodemailer from 'nodemailer';
import { expect, test } from 'vitest';
import { rawSmtpServer, startSmtpServer } from './smtp.ts';

const send = (server: { port: number }, options: object = {}) =>
  nodemailer
    .createTransport({
      host: '127.0.0.1',
      port: server.port,
      ignoreTLS: true,
      ...options,
    })
    .sendMail({
      from: 'a@example.org',
      to: 'b@example.org',
      subject: 'Hi',
      text: 'é',
    });

test('captures what it accepts, with its Message-ID', async () => {
  const server = await startSmtpServer();
  const { messageId } = await send(server);
  expect(server.messages).toMatchObject([
    { from: 'a@example.org', to: ['b@example.org'], messageId },
  ]);
  expect(server.countsByRecipient()).toEqual(new Map([['b@example.org', 1]]));
  await server.close();
});

test('answers as its hooks say, and keeps nothing of what it refused or dropped', async () => {
  const server = await startSmtpServer({
    onRcptTo: () => ({ reply: [450, '4.2.1 later'] }),
  });
  await expect(send(server)).rejects.toMatchObject({ responseCode: 450 });
  await server.close();
  const dropping = await startSmtpServer({ onData: () => 'drop' });
  await expect(send(dropping)).rejects.toThrow();
  expect(dropping.messages).toEqual([]);
  await dropping.close();
});

test.each(['self-signed', 'expired'] as const)(
  'offers STARTTLS with a %s certificate',
  async (tls) => {
    const server = await startSmtpServer({ tls });
    const secured = { ignoreTLS: false, requireTLS: true };
    await expect(send(server, secured)).rejects.toThrow(/certificate/);
    await send(server, { ...secured, tls: { rejectUnauthorized: false } });
    expect(server.messages[0]?.session.secure).toBe(true);
    await server.close();
  },
);

test('asks for the user and password it was given', async () => {
  const server = await startSmtpServer({ auth: { user: 'u', password: 'p' } });
  await expect(send(server, { auth: { user: 'u', pass: 'wrong' } })).rejects.toMatchObject({
    responseCode: 535,
  });
  await send(server, { auth: { user: 'u', pass: 'p' } });
  expect(server.messages).toHaveLength(1);
  await server.close();
});

test('a scripted server can drop the line after the dot', async () => {
  const server = await rawSmtpServer({ DOT: (c) => c.drop() });
  await expect(send(server)).rejects.toThrow();
  expect(server.bodies).toHaveLength(1);
  await server.close();
});
