import { CampaignError } from '../errors.js';

/** Values that words may hold as `{{ name }}`. */
export type WordValue = 'sender' | 'address' | 'topic' | 'contact';

interface Part {
  /** In English. */
  readonly text: string;
  readonly values: readonly WordValue[];
}

const part = (text: string, ...values: WordValue[]): Part => ({ text, values });

/** Every part of the page that can be replaced, in the order in which a reader may meet them. */
export const PARTS = {
  ask_heading: part('Unsubscribe from {{ sender }}?', 'sender', 'address'),
  ask_everything: part(
    'If you unsubscribe, we send no more mail to {{ address }}, whatever it is about.',
    'sender',
    'address',
  ),
  ask_topic: part(
    'If you unsubscribe, we send no more mail about “{{ topic }}” to {{ address }}. Mail about other things goes on.',
    'sender',
    'address',
    'topic',
  ),
  ask_button: part('Unsubscribe'),
  done_heading: part('You are unsubscribed'),
  done_everything: part(
    'We send no more mail to {{ address }}. A message that is already on its way may still arrive.',
    'sender',
    'address',
  ),
  done_topic: part(
    'We send no more mail about “{{ topic }}” to {{ address }}. A message that is already on its way may still arrive.',
    'sender',
    'address',
    'topic',
  ),
  mistake_button: part('It was a mistake: stay on the list'),
  back_heading: part('You stay on the list'),
  back: part('{{ address }} goes on getting mail from {{ sender }}.', 'sender', 'address'),
  stands_heading: part('You are still unsubscribed'),
  stands: part(
    'There is another record that {{ address }} wants no mail, which this link has not made and cannot take back.',
    'sender',
    'address',
  ),
  foreign_heading: part('This link is not one of ours'),
  foreign: part(
    'Nothing was changed. The link may be incomplete: please open it from the mail itself, or copy all of it. Or it is of another sender.',
  ),
  contact: part('If that does not help, write to {{ contact }}.', 'contact'),
  contact_unknown: part('If that does not help, answer the mail that the link is in.'),
  later_heading: part('Please try again in a few minutes'),
  later: part('What you asked for may not have been saved.'),
  many_heading: part('Too many wrong links'),
  many: part('Please wait a minute, then open the link from the mail again.'),
} as const satisfies Record<string, Part>;

export type PartName = keyof typeof PARTS;

/** The words of the page in one language. */
export interface Words {
  /** As in the `lang` attribute (BCP 47). */
  language: string;
  direction: 'ltr' | 'rtl';
  parts: Readonly<Record<PartName, string>>;
}

const NAMES = Object.keys(PARTS) as PartName[];
const ENGLISH = 'en';

export const DEFAULT_WORDS: Words = {
  language: ENGLISH,
  direction: 'ltr',
  parts: Object.fromEntries(NAMES.map((name) => [name, PARTS[name].text])) as Words['parts'],
};

/** `{{ name }}` in words. */
export const VALUE = /\{\{\s*([^{}]*?)\s*\}\}/g;
const MAX_PART_LENGTH = 1000;

const bad = (path: string, line: number | null, what: string, remedy: string): CampaignError =>
  new CampaignError(
    'BAD_TEMPLATE',
    `${path}${line === null ? '' : `, line ${line}`}: ${what}`,
    remedy,
  );

/**
 * Reads words that replace those of the page: lines `name: text`, which go on where the next is indented; `#` begins a
 * comment. `language` is one more; in any but English all parts are to be there.
 * @param path for errors
 * @throws CampaignError BAD_TEMPLATE naming the line
 */
export function readWords(path: string, text: string): Words {
  const given = new Map<string, { line: number; text: string }>();
  let last: { line: number; text: string } | undefined;
  for (const [index, content] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1;
    if (content.trim() === '' || content.startsWith('#')) continue;
    if (/^\s/.test(content) && last) {
      last.text = `${last.text} ${content.trim()}`.trim();
      continue;
    }
    const [, name = '', words = ''] = /^([a-z_]+)\s*:(.*)$/.exec(content) ?? [];
    if (name === '') {
      throw bad(
        path,
        line,
        'is neither "name: text" nor a comment',
        'write a part as `name: text`',
      );
    }
    if (name !== 'language' && !(NAMES as string[]).includes(name)) {
      throw bad(path, line, `there is no part "${name}"`, `use language, ${NAMES.join(', ')}`);
    }
    if (given.has(name)) throw bad(path, line, `"${name}" is there twice`, 'keep one of them');
    last = { line, text: words.trim() };
    given.set(name, last);
  }
  const language = languageOf(path, given.get('language'));
  const parts = Object.fromEntries(
    NAMES.map((name) => [name, partOf(path, name, given.get(name))]),
  ) as Words['parts'];
  const missing = NAMES.filter((name) => !given.has(name));
  if (language.language.split('-')[0] !== ENGLISH && missing.length > 0) {
    throw bad(
      path,
      null,
      `its language is ${language.language}, and these parts would be English: ${missing.join(', ')}`,
      'give all parts; `campaign help unsubscribe` lists them',
    );
  }
  return { ...language, parts };
}

function partOf(
  path: string,
  name: PartName,
  given: { line: number; text: string } | undefined,
): string {
  if (!given) return PARTS[name].text;
  const { line, text } = given;
  const values: readonly string[] = PARTS[name].values;
  if (text === '') throw bad(path, line, `"${name}" is empty`, 'give it words, or leave it out');
  if (text.length > MAX_PART_LENGTH) {
    throw bad(path, line, `"${name}" has ${text.length} characters`, `${MAX_PART_LENGTH} will do`);
  }
  for (const [written, value = ''] of text.matchAll(VALUE)) {
    if (values.includes(value)) continue;
    const known = values.map((one) => `{{ ${one} }}`).join(', ');
    throw bad(path, line, `"${name}" has no value ${written}`, `use ${known || 'words alone'}`);
  }
  if (/\{\{|\}\}/.test(text.replace(VALUE, ''))) {
    throw bad(path, line, `"${name}" has braces that name no value`, 'write {{ sender }}');
  }
  return text;
}

function languageOf(
  path: string,
  given: { line: number; text: string } | undefined,
): Pick<Words, 'language' | 'direction'> {
  if (!given) return DEFAULT_WORDS;
  try {
    const locale = new Intl.Locale(given.text) as Intl.Locale & WithTextInfo;
    const info = locale.getTextInfo?.() ?? locale.textInfo;
    return { language: locale.baseName, direction: info?.direction === 'rtl' ? 'rtl' : 'ltr' };
  } catch {
    throw bad(
      path,
      given.line,
      `"${given.text}" is no language`,
      'give its code, such as de or pt-BR',
    );
  }
}

/** A method since V8 12, a property before. */
interface WithTextInfo {
  getTextInfo?(): { direction: string };
  textInfo?: { direction: string };
}
