import { type HeaderField, holdsLinks, holdsMessageIds } from '../domain/header-fields.js';
import { FOR_TEXT, FOR_URL } from './encodings.js';
import { fieldRule, type HeaderRule, hasForm } from './headers.js';
import {
  badTemplate,
  type NamedTemplate,
  type ParsedTemplate,
  parseTemplate,
  renderTemplate,
  type TemplateSetting,
} from './template.js';

/** A header of the sender's own choice, ready to be filled. */
export interface OwnHeader {
  rule: HeaderRule;
  template: ParsedTemplate;
}

/**
 * Parses headers of the sender's own choice; values are percent-encoded in those that hold URLs.
 * @throws CampaignError BAD_TEMPLATE naming the header
 */
export const parseOwnHeaders = (
  headers: readonly HeaderField[],
  setting: TemplateSetting,
  traces = false,
): OwnHeader[] =>
  headers.map(({ name, value }) => {
    const given = { name: `the header ${name}`, source: value };
    const rule = fieldRule(name);
    const template = parseTemplate(given, setting, holdsLinks(name) ? FOR_URL : FOR_TEXT, traces);
    if (holdsLinks(name) || holdsMessageIds(name)) {
      refuseBadValue(given, template, rule, IN_BRACKETS);
    } else if (hasForm(name)) refuseBadValue(given, template, rule, IN_FORM);
    return { rule, template };
  });

const IN_BRACKETS = 'write all of it in angle brackets; merge fields may stand inside';
const IN_FORM = 'write it so, or leave it out: there is one without it';

/** What the template makes with a value is tried here: once it is queued nobody can mend it. */
function refuseBadValue(
  given: NamedTemplate,
  template: ParsedTemplate,
  rule: HeaderRule,
  remedy: string,
): void {
  try {
    rule(renderTemplate(template, () => 'x', new Date(0)));
  } catch (error) {
    throw badTemplate(given, [], (error as Error).message, remedy);
  }
}
