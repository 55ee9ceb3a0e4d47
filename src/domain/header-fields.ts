/** A header of the sender's own choice; its value is a Liquid template. */
export interface HeaderField {
  name: string;
  value: string;
}

/** What is wrong with headers, and what to do about it. */
export interface HeaderFault {
  what: string;
  remedy: string;
}

export const MAX_HEADERS = 50;
/** Characters that a name may have: with its colon it fits on the first line of a folded header. */
const MAX_NAME = 64;
const MAX_VALUE = 10_000;

/** Those that every message has, unless it is given others. */
const OF_BULK = ['Auto-Submitted', 'Precedence', 'List-Id', 'Feedback-ID'];

/** RFC 5322 §3.6.5, RFC 2156 (Importance, Priority), RFC 2369 §3, RFC 1036 §2.2.8 (Organization). */
const ALLOWED = [
  'Organization',
  'Importance',
  'Priority',
  'Keywords',
  'Comments',
  'List-Help',
  'List-Owner',
  'List-Archive',
  'In-Reply-To',
  'References',
  ...OF_BULK,
];
const ALLOWED_NAMES = new Set(ALLOWED.map((name) => name.toLowerCase()));

/** Those that have a flag of their own. */
const FLAGS: Readonly<Record<string, string>> = {
  from: '--from',
  'reply-to': '--reply-to',
  subject: '--subject',
  'return-path': '--envelope-from',
  'list-unsubscribe': '--unsubscribe-url or --list-unsubscribe',
  'list-unsubscribe-post': '--unsubscribe-url or --list-unsubscribe',
};

const REMEDY = `X-… (but X-Campaign-…), ${ALLOWED.join(', ')} are allowed`;

/** Of a message that was saved they tell of whoever sent that. */
export const isOfBulk = (name: string): boolean =>
  OF_BULK.some((one) => one.toLowerCase() === name.toLowerCase());

/** Headers that hold URLs in angle brackets (RFC 2369 §2). */
export const holdsLinks = (name: string): boolean => /^list-(?!id$)/i.test(name);

/** Headers that hold Message-IDs (RFC 5322 §3.6.4). */
export const holdsMessageIds = (name: string): boolean =>
  /^(?:in-reply-to|references)$/i.test(name);

/** Why nobody may give a header of this name; undefined where he may. */
export function faultOfName(name: string): HeaderFault | undefined {
  const key = name.toLowerCase();
  if (!/^[a-z0-9][a-z0-9_.-]*$/i.test(name)) {
    return {
      what: `${JSON.stringify(name)} is no name of a header`,
      remedy: "write it as 'X-Name: value'; a name has letters, digits and hyphens",
    };
  }
  if (name.length > MAX_NAME) {
    return {
      what: `the name ${name.slice(0, 20)}… has ${name.length} characters; ${MAX_NAME} are allowed`,
      remedy: 'give a shorter name',
    };
  }
  const isOwn = /^x-(?!campaign(?:-|$))./.test(key);
  if (isOwn || ALLOWED_NAMES.has(key)) return undefined;
  const flag = FLAGS[key];
  return {
    what: `the header ${name} is not to be given`,
    remedy: flag === undefined ? REMEDY : `give ${flag}`,
  };
}

/** What is wrong with the first of these headers that is none, has no value, or stands twice; undefined where all are well. */
export function faultOfHeaders(headers: readonly HeaderField[]): HeaderFault | undefined {
  if (headers.length > MAX_HEADERS) {
    return {
      what: `there are ${headers.length} headers; at most ${MAX_HEADERS} are allowed`,
      remedy: `leave ${headers.length - MAX_HEADERS} of them out`,
    };
  }
  const seen = new Set<string>();
  for (const { name, value } of headers) {
    const fault = faultOfName(name);
    if (fault) return fault;
    const key = name.toLowerCase();
    if (seen.has(key)) {
      return { what: `the header ${name} is given twice`, remedy: 'give it once' };
    }
    seen.add(key);
    if (value.trim() === '') {
      return { what: `the header ${name} has no value`, remedy: `write it as '${name}: value'` };
    }
    if (value.length > MAX_VALUE) {
      return {
        what: `the header ${name} has ${value.length} characters; ${MAX_VALUE} are allowed`,
        remedy: 'give a shorter value',
      };
    }
  }
  return undefined;
}

/** `Name: value`; null where there is no colon. */
export function readHeaderField(text: string): HeaderField | null {
  const colon = text.indexOf(':');
  return colon === -1
    ? null
    : { name: text.slice(0, colon).trim(), value: text.slice(colon + 1).trim() };
}
