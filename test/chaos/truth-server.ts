/**
 * The SMTP server of the chaos rounds, a process of its own that imports nothing but Node and the limits of a relay.
 * What it accepts it first writes to files, so that the truth outlives its own kill -9, and it misbehaves on a plan
 * that is decided by each recipient's address and, before there is one, by a seed.
 * A line of JSON on its standard input changes its weather: `stormy` turns misbehaviour on and off (refusals for good
 * stay either way), `quota` is how it says that its limit is reached, `connections` how many it takes at a time.
 */
import { createHash } from 'node:crypto';
import { openSync, writeFileSync, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { RelayLimits, type RelayStage } from '../support/relay-limits.ts';
import type { Weather } from './truth.ts';

interface Settings extends Weather {
  port: number;
  file: string;
  /** Where each message that is accepted lies as it came, under its queue id. */
  messages: string;
  seed: number;
}

/** What may go wrong with one attempt, and how often of 1,000. `…Accepted`: after the message was accepted. */
const STORM = {
  rcptRefused: 15,
  /** Refused, and the DATA that came along with it is answered 354. */
  rcptRefusedDataTaken: 10,
  rcptDeferred: 15,
  rcptSlow: 10,
  rcptClosing: 2,
  rcptCut: 3,
  dataRefused: 8,
  dataDeferred: 8,
  dataCut: 2,
  bodyCut: 3,
  dotRefused: 10,
  dotDeferred: 15,
  dotClosing: 2,
  dotSlow: 15,
  dotInPieces: 15,
  dotCutAccepted: 10,
  dotCutRefused: 8,
} as const;
type Mishap = keyof typeof STORM | 'none' | 'blocked';

/** What may go wrong before there is a recipient: of 1,000 connections or transactions. */
const GREETING = { closing: 15, cut: 10, slow: 50 } as const;
const SENDER = { closing: 1, deferred: 1 } as const;

/** Refused whatever the weather: a mailbox that isn't there doesn't come into being. */
const FOR_GOOD: readonly Mishap[] = [
  'rcptRefused',
  'rcptRefusedDataTaken',
  'dataRefused',
  'dotRefused',
];

const settings = JSON.parse(process.argv[2] ?? '') as Settings;
const truth = openSync(settings.file, 'a');
const limits = new RelayLimits({}, () => performance.now());
let stormy = false;
function change(weather: Weather): void {
  stormy = weather.stormy;
  limits.exhausted = weather.quota;
  limits.settings = weather.connections ? { connections: weather.connections } : {};
}
change(settings);
createInterface({ input: process.stdin }).on('line', (line) => change(JSON.parse(line)));
const attempts = new Map<string, number>();
let connections = 0;
let transactions = 0;
let accepted = 0;

/** A number from 0 to 999 that `what` decides. */
const draw = (what: string): number =>
  createHash('sha256').update(what).digest().readUInt32BE() % 1000;

function pick<K extends string>(table: Readonly<Record<K, number>>, what: string): K | 'none' {
  let rest = draw(what);
  for (const [name, share] of Object.entries<number>(table)) {
    if (rest < share) return name as K;
    rest -= share;
  }
  return 'none';
}

function mishapOf(recipient: string): Mishap {
  const attempt = (attempts.get(recipient) ?? 0) + 1;
  attempts.set(recipient, attempt);
  if (stormy && recipient.includes('@block.')) return 'blocked';
  const first = pick(STORM, recipient);
  if (!recipient.includes('@storm.')) return 'none';
  if (FOR_GOOD.includes(first)) return first;
  if (!stormy) return 'none';
  const later = pick(STORM, `${recipient} ${attempt}`);
  return attempt === 1 ? first : FOR_GOOD.includes(later) ? 'none' : later;
}

const record = (entry: Record<string, unknown>): void => {
  writeSync(truth, `${JSON.stringify({ at: Date.now(), ...entry })}\n`);
};

/** By the machine's clock that only goes on, which outlives this process. */
const monotonicMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

class Connection {
  private readonly number = connections++;
  private client = '';
  private sender = false;
  private recipient: string | null = null;
  private mishap: Mishap = 'none';
  private body: string[] | null = null;
  private rest = '';
  private work: Promise<void> = Promise.resolve();
  private readonly limited = { messages: 0 };

  constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('error', () => undefined);
    socket.once('close', () => limits.closed(this.limited));
    socket.on('data', (chunk: string) => {
      const came = monotonicMs();
      const lines = (this.rest + chunk).split('\r\n');
      this.rest = lines.pop() ?? '';
      this.work = this.work.then(async () => {
        for (const line of lines) await this.take(line, came);
      });
    });
    this.work = this.greet();
  }

  private async greet(): Promise<void> {
    const mishap = stormy ? pick(GREETING, `${settings.seed} connection ${this.number}`) : 'none';
    if (mishap === 'cut') return this.cut();
    if (mishap === 'closing') return this.close('421 4.3.2 Too busy');
    if (mishap === 'slow') await sleep(300);
    if (!(await this.withinLimits('connect'))) return this.socket.destroySoon();
    this.reply('220 truth.example ESMTP');
  }

  private async take(line: string, came: number): Promise<void> {
    if (this.socket.destroyed) return;
    if (this.body) {
      if (line !== '.') {
        this.body.push(line);
        if (this.mishap === 'bodyCut') {
          // A short body comes in one write with its dot: the client cannot know how much was read.
          record({ kind: 'dot-cut', recipient: this.recipient });
          this.cut();
        }
        return;
      }
      const body = this.body;
      this.body = null;
      await this.endOfMessage(body);
      return;
    }
    switch (line.slice(0, 4).toUpperCase()) {
      case 'EHLO':
        this.client = line.slice(5);
        return this.reply('250-truth.example', '250-PIPELINING', '250-8BITMIME', '250 SMTPUTF8');
      case 'MAIL':
        return this.mail(came);
      case 'RCPT':
        return this.rcpt(/<([^>]*)>/.exec(line)?.[1] ?? '');
      case 'DATA':
        return this.data();
      case 'RSET':
        this.recipient = null;
        return this.reply('250 2.0.0 Ok');
      case 'QUIT':
        return this.close('221 2.0.0 Bye');
      default:
        return this.reply('500 5.5.2 What?');
    }
  }

  private async mail(came: number): Promise<void> {
    this.recipient = null;
    this.mishap = 'none';
    record({ kind: 'started', client: this.client, monotonic: came });
    this.sender = await this.withinLimits('mail');
    if (!this.sender) return;
    const mishap = stormy ? pick(SENDER, `${settings.seed} transaction ${transactions++}`) : 'none';
    if (mishap === 'closing') this.close('421 4.3.2 Closing for now');
    else if (mishap === 'deferred') this.reply('451 4.3.0 Not now');
    else this.reply('250 2.1.0 Ok');
  }

  private async rcpt(recipient: string): Promise<void> {
    if (!this.sender) return this.reply('503 5.5.1 No sender');
    if (!(await this.withinLimits('rcpt', recipient))) return;
    this.mishap = mishapOf(recipient);
    switch (this.mishap) {
      case 'rcptRefused':
      case 'rcptRefusedDataTaken':
        return this.refuse(recipient, '550 5.1.1 No such user');
      case 'blocked':
        return this.refuse(recipient, '550 5.7.1 Your network is blocked');
      case 'rcptDeferred':
        return this.refuse(recipient, '450 4.2.0 Greylisted, try again later');
      case 'rcptClosing':
        return this.close('421 4.3.2 Closing for now');
      case 'rcptCut':
        return this.cut();
      case 'rcptSlow':
        await sleep(300);
    }
    this.recipient = recipient;
    this.reply('250 2.1.5 Ok');
  }

  private async data(): Promise<void> {
    if (this.recipient === null && this.mishap !== 'rcptRefusedDataTaken') {
      this.reply('503 5.5.1 No recipient');
    } else if (!(await this.withinLimits('data', this.recipient))) {
      this.recipient = null;
    } else if (this.mishap === 'dataRefused') {
      this.refuse(this.recipient, '554 5.6.0 Not this message');
    } else if (this.mishap === 'dataDeferred') {
      this.refuse(this.recipient, '451 4.2.1 Mailbox busy');
    } else if (this.mishap === 'dataCut') {
      this.cut();
    } else {
      this.body = [];
      this.reply('354 Go ahead');
    }
  }

  private async endOfMessage(body: readonly string[]): Promise<void> {
    const { recipient, mishap } = this;
    this.recipient = null;
    if (recipient === null) {
      if (body.length > 0) record({ kind: 'body-for-nobody', client: this.client });
      return this.reply('554 5.5.1 No recipient');
    }
    if (!(await this.withinLimits('dot', recipient))) return;
    if (mishap === 'dotRefused') return this.refuse(recipient, '554 5.6.0 Content refused');
    if (mishap === 'dotDeferred') return this.refuse(recipient, '451 4.2.1 Mailbox busy');
    if (mishap === 'dotClosing') return this.close('421 4.3.2 Closing for now');
    if (mishap === 'dotCutRefused') {
      record({ kind: 'dot-cut', recipient });
      return this.cut();
    }
    const queueId = `Q${process.pid.toString(36)}T${accepted++}`;
    const header = (name: string): string =>
      body
        .find((line) => line.toLowerCase().startsWith(`${name}:`))
        ?.slice(name.length + 1)
        .trim() ?? '';
    const [messageId, subject] = [header('message-id'), header('subject')];
    const raw = body.map((line) => `${line.replace(/^\./, '')}\r\n`).join('');
    writeFileSync(join(settings.messages, queueId), raw, 'latin1');
    record({ kind: 'accepted', recipient, messageId, subject, queueId, client: this.client });
    if (mishap === 'dotCutAccepted') {
      record({ kind: 'dot-cut', recipient });
      return this.cut();
    }
    await sleep(mishap === 'dotSlow' ? 700 : 2 + (draw(queueId) % 24));
    const reply = `250 2.0.0 Ok: queued as ${queueId}`;
    if (mishap === 'dotInPieces') {
      this.socket.write(reply.slice(0, 9));
      await sleep(100);
      this.reply(reply.slice(9));
    } else {
      this.reply(reply);
    }
  }

  /** Whether the relay's limits let this pass; if not, it has been answered. */
  private async withinLimits(stage: RelayStage, recipient: string | null = null): Promise<boolean> {
    const reply = limits.answer(stage, this.limited);
    if (reply === undefined) return true;
    // Time for a worker to be killed while it waits for this.
    await sleep(100);
    record({ kind: 'limited', stage, recipient, reply });
    const lines = reply.split('\n');
    if (reply.startsWith('421')) this.close(...lines);
    else this.reply(...lines);
    return false;
  }

  private refuse(recipient: string | null, line: string): void {
    record({ kind: 'refused', recipient, words: line.replace(/^\d+ [\d.]+ /, '') });
    this.reply(line);
  }

  private reply(...lines: string[]): void {
    if (!this.socket.destroyed) this.socket.write(lines.map((line) => `${line}\r\n`).join(''));
  }

  private close(...lines: string[]): void {
    this.socket.end(lines.map((line) => `${line}\r\n`).join(''));
    this.socket.destroySoon();
  }

  private cut(): void {
    this.socket.destroy();
  }
}

createServer((socket) => new Connection(socket)).listen(settings.port, '127.0.0.1', () => {
  process.stdout.write('listening\n');
});
