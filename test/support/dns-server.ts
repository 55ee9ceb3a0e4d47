import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket as Stream } from 'node:net';
import { type Answer, decode, encode, type Packet, type Question } from 'dns-packet';

/** What stands at a name. A TXT record is one string, or the strings that it is written in. */
export interface Records {
  txt?: readonly (string | readonly string[])[];
  mx?: readonly (readonly [preference: number, host: string])[];
  a?: readonly string[];
  aaaa?: readonly string[];
  cname?: string;
  /** What the server does instead of answering. */
  fails?: 'SERVFAIL' | 'REFUSED' | 'silent' | 'garbage';
  /** To questions of this type alone. */
  failsFor?: string;
}

/** Records by names in lower case, `.` for the root. Names above one exist; all others do not. */
export type Zone = Readonly<Record<string, Records>>;

export interface DnsServer {
  /** As CAMPAIGN_DNS_SERVERS has it. */
  address: string;
  /** Each question, as `TXT example.org`, in the order they came; over TCP too, but not those for the root. */
  asked: string[];
  /** Questions that were asked again over TCP, since the answer was too long. */
  overTcp: string[];
  close(): Promise<void>;
}

/** Octets of an answer over UDP, to who says nothing of more (RFC 1035 §4.2.1). */
const MAX_UDP = 512;
const RCODES = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 };
/** QR, RD, RA; TC. */
const RESPONSE = 0x0180;
const TRUNCATED = 0x0200;

/** A DNS server on loopback that answers as a resolver does, over UDP and TCP. */
export async function startDnsServer(zone: Zone): Promise<DnsServer> {
  const asked: string[] = [];
  const overTcp: string[] = [];
  const { udp, tcp, port } = await listenOnBoth();
  udp.on('message', (bytes, { port: theirs, address }) => {
    const query = decode(bytes);
    asked.push(...labelsOf(query));
    const answer = answerTo(query, zone);
    if (answer === undefined) return;
    const whole = toBytes(answer);
    udp.send(
      whole.length <= MAX_UDP
        ? whole
        : toBytes({ ...answer, answers: [], flags: TRUNCATED | (answer.flags ?? 0) }),
      theirs,
      address,
    );
  });
  const streams = new Set<Stream>();
  tcp.on('connection', (stream) => {
    streams.add(stream);
    stream.on('error', () => undefined);
    stream.on('close', () => streams.delete(stream));
    let received = Buffer.alloc(0);
    stream.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        const query = decode(received.subarray(2, end));
        received = received.subarray(end);
        asked.push(...labelsOf(query));
        overTcp.push(...labelsOf(query));
        const answer = answerTo(query, zone);
        if (answer === undefined) continue;
        const whole = toBytes(answer);
        const length = Buffer.alloc(2);
        length.writeUInt16BE(whole.length);
        stream.write(Buffer.concat([length, whole]));
      }
    });
  });
  return {
    address: `127.0.0.1:${port}`,
    asked,
    overTcp,
    close: async () => {
      for (const stream of streams) stream.destroy();
      tcp.close();
      udp.close();
      await Promise.all([once(tcp, 'close'), once(udp, 'close')]);
    },
  };
}

/** A port that is free for both. */
async function listenOnBoth(): Promise<{ udp: Socket; tcp: Server; port: number }> {
  for (;;) {
    const tcp = createServer().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as AddressInfo;
    const udp = createSocket('udp4');
    try {
      udp.bind(port, '127.0.0.1');
      await once(udp, 'listening');
      return { udp, tcp, port };
    } catch {
      udp.close();
      tcp.close();
    }
  }
}

const labelOf = ({ type, name }: Question): string => `${type} ${name.toLowerCase()}`;

/** What is asked, but for the servers of the root, by which it is found out whether anybody answers. */
const labelsOf = ({ questions = [] }: Packet): string[] =>
  questions.map(labelOf).filter((label) => label !== 'NS .');

/** Undefined where nothing is answered. */
function answerTo(query: Packet, zone: Zone): (Packet & { garbage?: true }) | undefined {
  const [question] = query.questions ?? [];
  const reply = { id: query.id ?? 0, type: 'response' as const, questions: query.questions ?? [] };
  if (!question) return { ...reply, flags: RESPONSE | RCODES.REFUSED };
  const answers: Answer[] = [];
  let name = question.name.toLowerCase();
  for (let hops = 0; hops < 8; hops++) {
    const records = zone[name];
    const fails = question.type === (records?.failsFor ?? question.type) && records?.fails;
    if (fails === 'silent') return undefined;
    if (fails === 'garbage') return { ...reply, garbage: true };
    if (fails) return { ...reply, flags: RESPONSE | RCODES[fails] };
    if (records?.cname === undefined) break;
    answers.push({ type: 'CNAME', name, ttl: 60, data: records.cname });
    name = records.cname.toLowerCase();
  }
  answers.push(...recordsAt(name, question.type, zone[name]));
  const exists = Object.keys(zone).some((one) => one === name || one.endsWith(`.${name}`));
  return { ...reply, flags: RESPONSE | (exists ? RCODES.NOERROR : RCODES.NXDOMAIN), answers };
}

function recordsAt(name: string, type: string, records: Records = {}): Answer[] {
  const common = { name, ttl: 60 };
  if (type === 'A') return (records.a ?? []).map((data) => ({ ...common, type: 'A', data }));
  if (type === 'AAAA') {
    return (records.aaaa ?? []).map((data) => ({ ...common, type: 'AAAA', data }));
  }
  if (type === 'MX') {
    return (records.mx ?? []).map(([preference, exchange]) => ({
      ...common,
      type: 'MX',
      data: { preference, exchange },
    }));
  }
  if (type !== 'TXT') return [];
  return (records.txt ?? []).map((text) => ({
    ...common,
    type: 'TXT',
    data: inStrings(text).map((one) => Buffer.from(one, 'latin1')),
  }));
}

/** Strings of at most 255 octets, as a record has them. */
const inStrings = (text: string | readonly string[]): readonly string[] =>
  typeof text === 'string' ? (text.match(/.{1,255}/gs) ?? ['']) : text;

function toBytes(packet: Packet & { garbage?: true }): Buffer {
  const { garbage, ...rest } = packet;
  const bytes = encode(rest);
  // It claims answers that it has not.
  if (garbage) bytes.writeUInt16BE(7, 6);
  return bytes;
}
