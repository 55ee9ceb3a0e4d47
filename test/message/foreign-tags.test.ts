import { describe, expect, test } from 'vitest';
import { checkForeignTags, findForeignTags } from '../../src/message/foreign-tags.ts';

const FIELDS = ['first_name', 'city'];

describe('a merge tag of another tool', () => {
  test.each([
    ['Hi *|FNAME|*', '*|FNAME|*', 'Mailchimp'],
    ['*|IF:VIP|*', '*|IF:VIP|*', 'Mailchimp'],
    ['%recipient.name%', '%recipient.name%', 'Mailgun'],
    ['{{{first_name}}}', '{{{first_name}}}', 'Handlebars'],
    ['{{#if city}}x{{/if}}', '{{#if city}}', 'Handlebars'],
    ['<%= name %>', '<%= name %>', 'ERB or EJS'],
    ['[[first name]]', '[[first name]]', 'another tool'],
    ['%%City%%', '%%City%%', 'Salesforce'],
    ['<<City>>', '<<City>>', 'another tool'],
    ['$' + '{first_name}', '$' + '{first_name}', 'another tool'],
  ])('in %j is refused with its place', (source, written, tool) => {
    const template = { name: 'm.txt', source: `a\n  ${source}` };
    const at = source.indexOf(written) + 3;
    expect(() => checkForeignTags([template], FIELDS)).toThrow(
      `m.txt, line 2, column ${at}: "${written}" is a merge tag of ${tool}, and would be sent as it stands`,
    );
  });

  test.each([
    ['[[see here]]', ['[[see here]]']],
    ['%USERNAME% and %%thing%%', ['%%thing%%', '%USERNAME%']],
    ['[city] {first_name}', ['[city]', '{first_name}']],
    ['[town] {name} 100% of 50% [city](https://example.org)', []],
    ['{{ first_name }} {% raw %}*|FNAME|*{% endraw %} {% comment %}[[x]]{% endcomment %}', []],
    ['<style>a{city}</style><script>{city}</script>', []],
    ['https://example.org/%E2%80%94%ABC', []],
    ['a <<b 5 >> 3 <<< EOF', []],
  ])('that may be one is only told of: %j', (source, written) => {
    expect(findForeignTags(source, FIELDS).map((tag) => tag.written)).toEqual(written);
    expect(() => checkForeignTags([{ name: 'm', source }], FIELDS)).not.toThrow();
  });
});
