import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { Progress } from '../../src/domain/progress.ts';
import { createBarView } from '../../src/view/watch-bar.ts';

class Terminal extends Writable {
  readonly isTTY = true;
  text = '';

  constructor(readonly columns: number) {
    super();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  cursorTo = (): boolean => this.write('\x1b[1G');

  /** The line as it was drawn last. */
  get line(): string {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    return (this.text.split('\x1b[1G').at(-1) ?? '').replace(/\x1b\[\??[\d;]*[A-Za-z]/g, '');
  }
}

const now = new Date('2026-11-28T12:00:00Z');
const progress = (sent: number): Progress => ({
  send: {
    id: 42,
    name: 'May',
    key: null,
    topic: '',
    dkim: 'auto',
    fromDomain: 'example.org',
    status: 'running',
    reason: null,
    batchSize: 100,
    delayMs: 0,
    cooldownSeconds: 5,
    maxAttempts: 5,
    total: 10,
    sent,
    failed: 0,
    unknown: 0,
    skipped: 0,
    sending: 0,
    lastBatchAt: null,
    startAt: null,
    claimedBy: null,
    claimedAt: null,
    createdAt: now,
    startedAt: null,
    finishedAt: null,
    cursorSeq: sent,
    lastSeq: 10,
    rejected: 0,
    duplicates: 0,
    blank: 0,
    filtered: 0,
    declined: 0,
    missing: 0,
    missingSkipped: 0,
    version: 1,
    testOf: null,
  },
  now,
  status: 'running',
  pending: 10 - sent,
  ratePerSecond: null,
  etaSeconds: null,
  waiting: null,
});

const open = (columns = 100) => {
  const terminal = new Terminal(columns);
  const view = createBarView(terminal as unknown as NodeJS.WriteStream, true, true);
  view.show(progress(1));
  return { terminal, view };
};

test('a question stays on the screen until it is taken back, whatever else there is to say', () => {
  const { terminal, view } = open();
  view.ask('sure? y or n');
  view.say('paused');
  view.note('waiting: the database is away');
  for (let sent = 2; sent < 6; sent++) view.show(progress(sent));
  expect(terminal.line).toMatch(/5\/10 {2}sure\? y or n$/);
  view.ask(null);
  expect(terminal.line).toMatch(/5\/10 {2}paused$/);
  view.end();
});

test('what a key did gives way after a while, but not what it did not do', () => {
  const { terminal, view } = open();
  view.say('paused');
  for (let sent = 2; sent < 10; sent++) view.show(progress(sent));
  expect(terminal.line).toMatch(/running$/);
  view.say('not paused: the database is away', 'until-a-key');
  view.note('waiting: the database is away');
  for (let sent = 2; sent < 10; sent++) view.show(progress(sent));
  expect(terminal.line).toMatch(/not paused: the database is away$/);
  view.hush();
  expect(terminal.line).toMatch(/running$/);
  view.end();
});

test('on a narrow terminal the question has the line to itself', () => {
  const { terminal, view } = open(40);
  view.ask('cancel this send for good? y or n');
  expect(terminal.line).toBe('cancel this send for good? y or n');
  view.ask(null);
  expect(terminal.line.length).toBeLessThanOrEqual(40);
  view.end();
});

test.each([
  [
    160,
    /█.* 10 % {2}1\/10 {2}the relay's limit is reached: 452 4\.5\.3 Daily quota exceeded, .*; tried again at 14:05 UTC \(in 40 min\)$/,
  ],
  [80, /^10 % {2}1\/10 {2}the relay's limit is reached:…; tried again at 14:05 UTC \(in 40 min\)$/],
  [60, /^10 % {2}1\/10 {2}the relay…; tried again at 14:05 UTC \(in 40 min\)$/],
  [40, /^10 % {2}1\/10 {2}the relay's limit is reache…$/],
])('in %i columns it says why it waits, and until when', (columns, line) => {
  const { terminal, view } = open(columns);
  const text =
    "the relay's limit is reached: 452 4.5.3 Daily quota exceeded, see support; tried again at 14:05 UTC (in 40 min)";
  view.show({ ...progress(1), waiting: { for: 'quota', until: now, text } });
  expect(terminal.line).toMatch(line);
  expect(terminal.line.length).toBeLessThanOrEqual(columns);
  view.end();
});

test('left and gone on with, it is drawn anew, and the terminal is whole meanwhile', () => {
  const { terminal, view } = open();
  view.leave();
  expect(terminal.text.slice(-20)).toContain('\x1b[?25h\x1b[?7h');
  expect(terminal.text.endsWith('\n')).toBe(true);
  const { length } = terminal.text;
  view.say('paused');
  expect(terminal.text).toHaveLength(length);
  view.resume();
  expect(terminal.text.slice(length)).toContain('1/10');
  view.leave();
  view.end();
});
