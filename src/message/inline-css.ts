import { HeldLiquid } from './hold-liquid.js';
import { replaceSpans } from './liquid-spans.js';
import { isTooDeep } from './nesting.js';
import { findStyleElements } from './style-elements.js';
import { badTemplate, type NamedTemplate } from './template.js';

const START_TAG = /<[a-z][^<>]*>/gi;
const ATTRIBUTE = /\s([^\s"'<>/=]+)(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))?/g;
const LINK = /<link\b[^<>]*>/gi;
const IS_SHEET = /\brel\s*=\s*["']?stylesheet\b/i;

/** Rules go out of their sheet only where they went into elements; those of `::before` cannot. */
const NOTHING_LOST = { removeStyleTags: false, preservedSelectors: ['::', ':before', ':after'] };

/** What decides which rules are for an element. */
const CHOOSING = /\b(?:class|id)\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+)/gi;

export interface InlinedCss {
  html: string;
  /** Links to style sheets, which are left: nothing is fetched. */
  sheets: string[];
}

/**
 * An HTML template with the rules of its style sheets in the elements' own `style`. What cannot stand there (media queries,
 * fonts, `:hover`), or is for no element, stays a sheet; so does a sheet with statements of Liquid, and all of them where
 * Liquid decides which classes an element has.
 * @throws CampaignError BAD_TEMPLATE where the HTML would lose something
 */
export async function inlineCss(template: NamedTemplate): Promise<InlinedCss> {
  const { default: juice } = await import('juice');
  const { source } = template;
  const held = new HeldLiquid(source);
  const hasStatement = new RegExp(held.statement);
  refuseChoices(template, held);
  const text = replaceSheets(held.text, (sheet) =>
    hasStatement.test(sheet) ? held.hold(sheet) : sheet,
  );
  if (isTooDeep(text)) throw notInlined(template, 'its elements stand in one another too deep');
  let inlined: string;
  try {
    inlined = juice(text, {
      ...NOTHING_LOST,
      removeInlinedSelectors: !choosesRules(held, text),
    });
  } catch (error) {
    throw notInlined(template, (error as Error).message);
  }
  refuseRepairs(template, held, text, inlined);
  const lost = firstLost(held.wordsIn(text), held.wordsIn(inlined));
  if (lost !== undefined) {
    throw badTemplate(
      template,
      positionOf(held.text, lost),
      'this would be lost or moved where CSS is inlined',
      REMEDY,
    );
  }
  return { html: held.restore(inlined), sheets: sheetsLinked(source) };
}

const replaceSheets = (html: string, replace: (sheet: string) => string): string =>
  replaceSpans(html, findStyleElements(html), replace);

const withoutSheets = (html: string): string => replaceSheets(html, () => '');

const sheetsLinked = (html: string): string[] =>
  (html.match(LINK) ?? []).filter((link) => IS_SHEET.test(link));

const REMEDY = 'write it another way, or inline the CSS yourself and leave --inline-css out';

const notInlined = (template: NamedTemplate, why: string): Error =>
  badTemplate(template, [], `its CSS cannot be inlined: ${why}`, REMEDY);

const END_TAG = /<\/([a-z][a-z0-9:-]*)/gi;

function countEnds(html: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [, name = ''] of withoutSheets(html).matchAll(END_TAG)) {
    counts.set(name.toLowerCase(), (counts.get(name.toLowerCase()) ?? 0) + 1);
  }
  return counts;
}

/**
 * What reads HTML ends each element that is begun, in both branches of an `if` too, of which a message has only one.
 * @throws CampaignError BAD_TEMPLATE where there are more, or fewer, end tags than before
 */
function refuseRepairs(
  template: NamedTemplate,
  held: HeldLiquid,
  before: string,
  after: string,
): void {
  if (!new RegExp(held.statement).test(before)) return;
  const [had, has] = [countEnds(before), countEnds(after)];
  const name = [...new Set([...had.keys(), ...has.keys()])].find(
    (key) => had.get(key) !== has.get(key),
  );
  if (name === undefined) return;
  throw badTemplate(
    template,
    [],
    `not each <${name}> of it has an end tag in the branch of the template in which it begins, which inlining CSS takes`,
    `write </${name}> where it is left out, and let each branch end what it begins; or inline the CSS yourself and leave --inline-css out`,
  );
}

/** Whether Liquid decides which rules are for an element. */
function choosesRules(held: HeldLiquid, text: string): boolean {
  const [word, statement] = [new RegExp(held.word), new RegExp(held.statement)];
  const tags = withoutSheets(text).match(START_TAG) ?? [];
  return tags.some(
    (tag) => statement.test(tag) || (tag.match(CHOOSING) ?? []).some((chosen) => word.test(chosen)),
  );
}

/** Words may stand more often than before, where a rule went into several elements. */
function firstLost(before: readonly string[], after: readonly string[]): string | undefined {
  const left = new Set(after);
  return before.find((word) => !left.has(word));
}

/** @throws CampaignError BAD_TEMPLATE where one element has an attribute twice, as the branches of an `if` write it */
function refuseChoices(template: NamedTemplate, held: HeldLiquid): void {
  const hasStatement = new RegExp(held.statement);
  for (const [tag] of held.text.matchAll(START_TAG)) {
    if (!hasStatement.test(tag)) continue;
    const names = [...tag.matchAll(ATTRIBUTE)].map(([, name = '']) => name.toLowerCase());
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice === undefined) continue;
    throw badTemplate(
      template,
      positionOf(held.text, tag),
      `one of the attributes "${twice}" would be lost where CSS is inlined`,
      `write the choice inside one: ${twice}="{% if … %}…{% else %}…{% endif %}"`,
    );
  }
}

/** Line of a text that stands in another one; a word is on the line of what it holds, unless that has lines of its own. */
const positionOf = (text: string, part: string): number[] => {
  const before = text.slice(0, Math.max(0, text.indexOf(part))).split('\n');
  return [before.length, (before.at(-1) ?? '').length + 1];
};
