import type { LintRule } from '../../domain/lint.js';
import { isPrivateHost } from '../../domain/site.js';
import { clip } from '../../domain/text.js';
import { decodeEntities } from '../plain-text.js';

/** What a URL is for. */
export type UrlUse = 'link' | 'picture' | 'form' | 'other';

/** What a URL is judged by, beside itself. */
export interface UrlContext {
  use: UrlUse;
  /** Whether the HTML has a base, which relative ones are of. */
  hasBase: boolean;
  /** Content-IDs of the pictures that go with the message. */
  cids: ReadonlySet<string>;
}

/** What is wrong with a URL; `what` follows where it stands, as in `href of <a>`. */
export interface UrlFault {
  rule: LintRule;
  what: string;
  remedy: string;
}

/** What of a URL is looked at: those of data have a picture behind it. */
const LOOKED_AT = 2000;
const SHOWN = 80;

const SCHEME = /^([a-z][a-z0-9+.-]*):/i;
/** A tag of another tool, which has a rule of its own, in place of a URL. */
const FOREIGN = /^(?:\*\||%|\[|<|\{|\$|#\{)/;

/** A URL as a mail program takes it from an attribute: references read, ends and line breaks left out. */
export function urlOf(written: string): string {
  const part = written.slice(0, LOOKED_AT);
  // References behind the ? are those of &amp;, and change nothing that is asked here.
  const [head = ''] = part.split('?', 1);
  const url = head.includes('&') ? decodeEntities(part) : part;
  return url.replace(/[\t\r\n]/g, '').trim();
}

export const shownUrl = (url: string): string =>
  url.length <= SHOWN ? url : `${clip(url, SHOWN)}…`;

/** What is wrong with a URL, or undefined. */
export function faultOfUrl(written: string, context: UrlContext): UrlFault | undefined {
  const url = urlOf(written);
  const { use } = context;
  if (url === '') return faultOfEmpty(use);
  if (url.startsWith('#')) return url === '#' && use === 'link' ? leadsNowhere(url) : undefined;
  const [, scheme] = SCHEME.exec(url) ?? [];
  if (scheme === undefined) return faultOfRelative(url, context);
  // A drive of Windows is no scheme.
  if (scheme.length === 1) return unreachable(url, 'a file of this machine');
  return faultOfScheme(scheme.toLowerCase(), url, context);
}

function faultOfScheme(
  scheme: string,
  url: string,
  { use, cids }: UrlContext,
): UrlFault | undefined {
  switch (scheme) {
    case 'http':
    case 'https':
      return faultOfWeb(scheme, url);
    case 'file':
    case 'blob':
      return unreachable(url, 'a file of this machine');
    case 'javascript':
    case 'vbscript':
    case 'about':
      return use === 'link' ? leadsNowhere(url) : undefined;
    case 'mailto':
    case 'tel':
      return url.length === scheme.length + 1 ? leadsNowhere(url) : undefined;
    case 'cid':
      return use !== 'picture' || cids.has(decoded(url.slice('cid:'.length)))
        ? undefined
        : unreachable(url, 'a picture that does not go with the message');
    case 'data':
      return faultOfData(url, use);
    default:
      return undefined;
  }
}

const faultOfEmpty = (use: UrlUse): UrlFault | undefined => {
  if (use === 'link') return leadsNowhere('');
  return use === 'picture' ? unreachable('', 'nothing') : undefined;
};

function faultOfData(url: string, use: UrlUse): UrlFault | undefined {
  if (use === 'link') return unreachable(url, 'what programs do not open from a mail');
  if (!/^data:image\//i.test(url)) return undefined;
  return {
    rule: 'data-image',
    what: 'is a picture written as data:, which Gmail and Outlook do not show',
    remedy: 'put it beside the HTML as a file, which then goes with the message, or on the Web',
  };
}

function faultOfWeb(scheme: string, url: string): UrlFault | undefined {
  if (!URL.canParse(url)) return unreachable(url, 'what is no URL');
  const { hostname } = new URL(url);
  if (isPrivateHost(hostname)) return unreachable(url, 'this machine, or a private network');
  if (scheme === 'https') return undefined;
  return {
    rule: 'insecure-url',
    what: `is ${shownUrl(url)}, which is not encrypted`,
    remedy: 'write https: where the site has it',
  };
}

function faultOfRelative(url: string, { use, hasBase }: UrlContext): UrlFault | undefined {
  if (url.startsWith('//')) {
    const isPrivate =
      URL.canParse(`https:${url}`) && isPrivateHost(new URL(`https:${url}`).hostname);
    return isPrivate ? unreachable(url, 'this machine, or a private network') : undefined;
  }
  if (hasBase || use === 'form' || FOREIGN.test(url)) return undefined;
  return /^www\./i.test(url)
    ? unreachable(url, 'without https:// before it')
    : unreachable(url, 'a place beside the message, where there is none');
}

const leadsNowhere = (url: string): UrlFault => ({
  rule: 'empty-link',
  what: url === '' ? 'is empty' : `is ${shownUrl(url)}, which leads nowhere`,
  remedy: 'give the link somewhere to lead to, or write its text without one',
});

const unreachable = (url: string, place: string): UrlFault => ({
  rule: 'unreachable-url',
  what: url === '' ? 'is empty' : `is ${shownUrl(url)}, ${place}: no reader gets there`,
  remedy: 'write all of a URL that readers reach: https://…',
});

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
