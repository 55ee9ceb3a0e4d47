import { describe, expect, test } from 'vitest';
import { LINT_RULE_NAMES, readLintRules } from '../../src/domain/lint.ts';
import { LINT_RULES, type LintRuleDescription } from '../../src/domain/lint-rules.ts';

describe('the rules of lint', () => {
  test('have names in kebab-case, a line on what they find, and a source with its address', () => {
    for (const [name, rule] of Object.entries<LintRuleDescription>(LINT_RULES)) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(rule.finds).toMatch(/^\S.*[^.\s]$/);
      expect(rule.source).toMatch(/\S/);
      expect(URL.canParse(rule.url) && new URL(rule.url).protocol).toBe('https:');
    }
  });

  test.each([
    ['no-reply', ['no-reply']],
    ['no-reply, long-subject ,no-reply', ['no-reply', 'long-subject']],
    ['no-reply long-subject\n', ['no-reply', 'long-subject']],
    ['', []],
  ])('are named with commas or spaces between: %j', (text, rules) => {
    expect(readLintRules(text)).toEqual({ rules });
  });

  test.each([
    ['no-repli', 'there is no rule "no-repli"; did you mean no-reply?'],
    [
      'no-reply,image-without-allt',
      'there is no rule "image-without-allt"; did you mean image-without-alt?',
    ],
    ['toString', 'there is no rule "toString"'],
    ['quite-another', 'there is no rule "quite-another"'],
  ])('that are none are told of, with what may have been meant: %j', (text, what) => {
    expect(readLintRules(text)).toEqual({
      what,
      remedy: `the rules are ${LINT_RULE_NAMES.join(', ')}`,
    });
  });
});
