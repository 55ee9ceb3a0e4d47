import { type ChildProcess, spawn } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { createInterface } from 'node:readline';
import { type DkimKey, dnsNameOf, readDkimKey } from '../../src/domain/dkim.ts';
import { PYTHON, requirePython } from './programs.ts';

const PEM = { type: 'pkcs8', format: 'pem' } as const;

/** A private key in PEM, made anew. */
export const newPem = (type: 'rsa' | 'ed25519', bits = 2048): string =>
  (type === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: bits })
    : generateKeyPairSync('ed25519')
  ).privateKey
    .export(PEM)
    .toString();

const PEMS = new Map<string, string>();
/** A private key in PEM, made once a process. */
export function pemOf(type: 'rsa' | 'ed25519'): string {
  const pem = PEMS.get(type) ?? newPem(type);
  PEMS.set(type, pem);
  return pem;
}

export function keyOf(
  type: 'rsa' | 'ed25519',
  domain = 'example.org',
  selector: string = type,
): DkimKey {
  const read = readDkimKey(pemOf(type));
  if ('unfit' in read) throw new Error(read.unfit);
  return { ...read, domain, selector };
}

/** The TXT record that the help has one publish for a key. */
export function recordOf({ key, algorithm }: DkimKey): string {
  const der = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return algorithm === 'rsa-sha256'
    ? `v=DKIM1; k=rsa; p=${der.toString('base64')}`
    : `v=DKIM1; k=ed25519; p=${der.subarray(-32).toString('base64')}`;
}

const SCRIPT = `
import base64, dkim, json, sys
def results(message, records):
    found = []
    names = [name for name, _ in dkim.DKIM(message).headers if name.lower() == b"dkim-signature"]
    for i in range(len(names)):
        one = dkim.DKIM(message)
        try:
            ok = one.verify(idx=i, dnsfunc=lambda name, timeout=5: records.get(name.decode().rstrip(".")))
        except dkim.DKIMException:
            ok = False
        found.append({"domain": (one.domain or b"").decode(), "selector": (one.selector or b"").decode(), "ok": ok})
    return found
for line in sys.stdin:
    given = json.loads(line)
    records = {name: text.encode() for name, text in given["records"].items()}
    print(json.dumps([results(base64.b64decode(message), records) for message in given["messages"]]), flush=True)
`;

export interface VerifiedSignature {
  domain: string;
  selector: string;
  ok: boolean;
}

/** One for all tests of a file, which it ends with; to start Python takes longer than to verify. */
let verifier: { child: ChildProcess; answers: AsyncIterator<string> } | undefined;

function startVerifier(): NonNullable<typeof verifier> {
  requirePython(['dkim', 'nacl.signing'], ['python3-dkim', 'python3-nacl']);
  const child = spawn(PYTHON, ['-c', SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
  return { child, answers: createInterface(child.stdout)[Symbol.asyncIterator]() };
}

/** Ends what was started for `verifyDkim`, which a process without a test runner is to do before its end. */
export function endVerifier(): void {
  verifier?.child.kill();
  verifier = undefined;
}

/** What python3-dkim says of each signature of each message, which is given as it was received; top to bottom. */
export async function verifyDkim(
  messages: readonly (string | Buffer)[],
  keys: readonly DkimKey[],
): Promise<VerifiedSignature[][]> {
  verifier ??= startVerifier();
  const given = {
    records: Object.fromEntries(keys.map((key) => [dnsNameOf(key), recordOf(key)])),
    messages: messages.map((message) => Buffer.from(message).toString('base64')),
  };
  verifier.child.stdin?.write(`${JSON.stringify(given)}\n`);
  const { value } = await verifier.answers.next();
  return JSON.parse(value) as VerifiedSignature[][];
}
