/** What a line of a mail log says about one of our messages. */
export type LogFact = { kind: 'seen' | 'accepted'; seq: number; queueId: string };

/** Messages between their Message-ID line and their acceptance; more than this at once are no longer followed. */
const MAX_FOLLOWED = 100_000;

const POSTFIX = /\bpostfix[\w./-]*\/([\w-]+)\[\d+\]: (?:\[ID [^\]]*\] )?([0-9A-Za-z]{5,20}): (.*)$/;
const POSTFIX_MESSAGE_ID = /^message-id=<?([^<>\s]+)>?/;
/** The queue manager has it, or a delivery was tried: the server had answered the final dot with a 250. */
const POSTFIX_ACCEPTED =
  /\(queue active\)$|^to=<.*\bstatus=(?:sent|deferred|bounced|expired)\b|^removed$/;
const EXIM =
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})?(?: \[\d+\])? ([0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}) (<=|=>|->|==|\*\*|Completed)(.*)$/;
/** Of an arrival line, which Exim writes when it has accepted a message. */
const EXIM_MESSAGE_ID = / id=<?([^<>\s]+)>?/;

/**
 * Reads a log of Postfix or Exim line by line, and tells which of our messages the relay accepted. A Message-ID in
 * Postfix's log alone is no acceptance: cleanup writes it before the end of the data.
 */
export class MailLogReader {
  /** Lines that Postfix or Exim wrote. */
  recognised = 0;
  private readonly followed = new Map<string, number>();

  /** @param seqOf row of a Message-ID (without angle brackets), null when it is none to follow */
  constructor(private readonly seqOf: (messageId: string) => number | null) {}

  read(line: string): LogFact | null {
    const postfix = POSTFIX.exec(line);
    if (postfix) return this.readPostfix(postfix[1] ?? '', postfix[2] ?? '', postfix[3] ?? '');
    const exim = EXIM.exec(line);
    return exim && this.readExim(exim[1] ?? '', exim[2] ?? '', exim[3] ?? '');
  }

  private readPostfix(program: string, queueId: string, text: string): LogFact | null {
    this.recognised++;
    if (program === 'cleanup') {
      const id = POSTFIX_MESSAGE_ID.exec(text)?.[1];
      if (id === undefined) return null;
      // Queue ids are used again: what this one stood for before is over.
      this.followed.delete(queueId);
      const seq = this.seqOf(id);
      if (seq === null) return null;
      this.follow(queueId, seq);
      return { kind: 'seen', seq, queueId };
    }
    const seq = this.followed.get(queueId);
    if (seq === undefined || !POSTFIX_ACCEPTED.test(text)) return null;
    this.followed.delete(queueId);
    return { kind: 'accepted', seq, queueId };
  }

  private readExim(queueId: string, flag: string, text: string): LogFact | null {
    this.recognised++;
    const id = flag === '<=' ? EXIM_MESSAGE_ID.exec(text)?.[1] : undefined;
    const seq = id === undefined ? null : this.seqOf(id);
    return seq === null ? null : { kind: 'accepted', seq, queueId };
  }

  private follow(queueId: string, seq: number): void {
    if (this.followed.size >= MAX_FOLLOWED) {
      const [oldest] = this.followed.keys();
      if (oldest !== undefined) this.followed.delete(oldest);
    }
    this.followed.set(queueId, seq);
  }
}
