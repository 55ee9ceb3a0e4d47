import { EMAIL_FIELD, fieldName } from '../domain/fields.js';
import type { FoundTag } from '../domain/queued.js';
import { readHtml, type Span } from './html-attributes.js';
import { LineIndex } from './line-index.js';
import { blanked, findLiquid, findUnread } from './liquid-spans.js';
import { badTemplate, type NamedTemplate } from './template.js';

/** A merge tag of another tool, which Liquid takes for text. */
export interface ForeignTag {
  /** Where it begins in the template. */
  index: number;
  written: string;
  /** Whose it is. */
  tool: string;
  /** As it is written here, where that is known. */
  meant: string | null;
  /** Whether it can be nothing else: its form, or the name of a merge field in it, says so. */
  isCertain: boolean;
}

interface Form {
  tool: string;
  /** Its first group is the name. */
  pattern: RegExp;
  /** Whether it is a tag whatever is in it; else it may be, and is one for certain where it names a merge field. */
  isCertain?: true;
  /** Whether it is nothing but where it names a merge field. */
  isField?: true;
}

const NAME = String.raw`[\p{L}_](?:[\p{L}\p{N}_ .-]{0,60}[\p{L}\p{N}_])?`;

/** Each with the tool that most of its users know it from; the tools' own pages on merge tags are the source. */
const FORMS: readonly Form[] = [
  { tool: 'Mailchimp', pattern: /\*\|([^|*\n]{1,100})\|\*/gu, isCertain: true },
  { tool: 'Mailgun', pattern: /%recipient[._]([\w.-]{1,60})%/giu, isCertain: true },
  {
    tool: 'Handlebars',
    pattern: /\{\{\{([^{}]{0,100})\}\}\}/gu,
    isCertain: true,
  },
  {
    tool: 'Handlebars',
    pattern: /\{\{\s{0,20}[#^>&]([^{}]{0,100})\}\}|\{\{\s{0,20}\/\s{0,20}\w+\s{0,20}\}\}/gu,
    isCertain: true,
  },
  { tool: 'ERB or EJS', pattern: /<%[=-]?([^<>%]{1,100}?)-?%>/gu, isCertain: true },
  {
    tool: 'Salesforce',
    pattern: new RegExp(String.raw`%%=?\s*(${NAME})\s*=?%%|\{!\s*(${NAME})\s*\}`, 'giu'),
  },
  { tool: 'others', pattern: new RegExp(String.raw`\[\[\s*(${NAME})\s*\]\]`, 'gu') },
  { tool: 'others', pattern: new RegExp(`(?<!<)<<(${NAME})>>`, 'gu') },
  { tool: 'others', pattern: new RegExp(String.raw`[$#]\{\s*(${NAME})\s*\}`, 'gu') },
  { tool: 'MailerLite', pattern: /\{\$\s*([\w.]{1,60})\s*\}/gu },
  { tool: 'ActiveCampaign', pattern: /%([A-Z][A-Z0-9_]{2,60})%/gu },
  {
    tool: 'others',
    pattern: new RegExp(String.raw`(?<!\[)\[(${NAME})\](?![\](])`, 'gu'),
    isField: true,
  },
  {
    tool: 'others',
    pattern: new RegExp(String.raw`(?<![{$#])\{\s*(${NAME})\s*\}(?!\})`, 'gu'),
    isField: true,
  },
];

/** Single braces in style sheets and scripts are no tags. */
function withoutRaw(source: string): string {
  const raw: Span[] = [];
  readHtml(source, {
    raw: (name, span) => {
      if ((name === 'style' || name === 'script') && span.end < source.length) raw.push(span);
    },
  });
  return blanked(source, raw);
}

/** What begins as an output, and is a tag of Handlebars. */
const OF_HANDLEBARS = /\{\{(?:\{|\s*[#^>&/])/y;
/** What is longer is no tag of Liquid, but one that was left open. */
const MAX_TAG = 2004;

/** The template without what Liquid sees, what it is told to leave alone, and where single braces are no tags. */
function unseenBy(source: string): string {
  const text = withoutRaw(blanked(source, findUnread(source)));
  const takes = (start: number, end: number): boolean => {
    OF_HANDLEBARS.lastIndex = start;
    return end - start <= MAX_TAG && text[start - 1] !== '{' && !OF_HANDLEBARS.test(text);
  };
  return blanked(text, findLiquid(text, { takes }));
}

/**
 * Finds tags of other tools, in the order of the forms, in a template that need not be one of Liquid.
 * @param fields merge fields of the list
 */
export function findForeignTags(source: string, fields: readonly string[]): ForeignTag[] {
  const unseen = unseenBy(source);
  const known = new Set(fields);
  return FORMS.flatMap(({ tool, pattern, isCertain, isField }) =>
    [...unseen.matchAll(pattern)].flatMap((match): ForeignTag[] => {
      const written = match[0];
      const name = (match.slice(1).find((group) => group !== undefined) ?? '').trim();
      const field = fieldName(name.replace(/^.*\./, ''), 0);
      const isKnown = known.has(field);
      if (isField && !isKnown) return [];
      return [
        {
          index: match.index,
          written,
          tool,
          meant: isKnown ? `{{ ${field} }}` : null,
          isCertain: isCertain === true || (isKnown && !isField),
        },
      ];
    }),
  );
}

/** A merge tag of another tool, and the template in which it stands. */
export interface PlacedTag extends FoundTag, Pick<ForeignTag, 'tool' | 'meant' | 'isCertain'> {}

/** Finds them in several templates. */
export const placeForeignTags = (
  templates: readonly NamedTemplate[],
  fieldNames: readonly string[],
): PlacedTag[] =>
  templates.flatMap(({ name, source }) => {
    const lines = new LineIndex(source);
    return findForeignTags(source, [EMAIL_FIELD, ...fieldNames]).map(({ index, ...tag }) => {
      const [line, column] = lines.positionOf(index);
      return { ...tag, template: name, line, column };
    });
  });

/** What is wrong with one that can be nothing else, and what to do about it. */
export const tellOfForeignTag = ({
  written,
  tool,
  meant,
}: Pick<PlacedTag, 'written' | 'tool' | 'meant'>): [what: string, remedy: string] => [
  `"${written}" is a merge tag of ${tool === 'others' ? 'another tool' : tool}, and would be sent as it stands`,
  `write ${meant ?? 'a merge field as {{ name }}'} instead, or {% raw %}${written}{% endraw %} where readers are to see it`,
];

/**
 * @returns what may be tags of other tools, or text
 * @throws CampaignError BAD_TEMPLATE at the first that can be nothing else, and would be sent as it stands
 */
export const checkForeignTags = (
  templates: readonly NamedTemplate[],
  fieldNames: readonly string[],
): FoundTag[] =>
  placeForeignTags(templates, fieldNames).map((tag) => {
    const { template, line, column, written, isCertain } = tag;
    if (!isCertain) return { template, line, column, written };
    throw badTemplate({ name: template, source: '' }, [line, column], ...tellOfForeignTag(tag));
  });
