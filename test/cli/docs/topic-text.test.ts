import { describe, expect, it } from 'vitest';
import { parseTopic, termsBlock } from '../../../src/cli/docs/topic-text.ts';

describe('a topic taken apart', () => {
  it('is headings, paragraphs, items, terms and literal lines', () => {
    const text = [
      'Some words\nof a paragraph.',
      'A HEADING',
      '- one item\n  over two lines\n- another',
      '- a third, apart',
      '  short      what it means,\n             at length\n  long --one\n             what that means',
      '    $ typed',
      '      as it  stands',
      'Some `more` words.\n',
    ].join('\n\n');
    expect(parseTopic(text)).toEqual([
      { kind: 'paragraph', text: 'Some words of a paragraph.' },
      { kind: 'heading', text: 'A HEADING' },
      { kind: 'items', items: ['one item over two lines', 'another', 'a third, apart'] },
      {
        kind: 'terms',
        terms: [
          { term: 'short', text: 'what it means, at length' },
          { term: 'long --one', text: 'what that means' },
        ],
      },
      { kind: 'literal', lines: ['$ typed', '', '  as it  stands'] },
      { kind: 'paragraph', text: 'Some `more` words.' },
    ]);
  });

  it.each([
    ['short terms', ['a', 'bcd']],
    ['a term too long to stand beside its text', ['a', 'CAMPAIGN_A_NAME_OF_THIRTY_ONE_S']],
  ])('gives back what it was laid out from: %s', (_what, names) => {
    const terms = names.map((term) => ({ term, text: 'some words '.repeat(20).trim() }));
    const block = termsBlock(terms);
    expect(block.split('\n').filter((line) => line.length > 78)).toEqual([]);
    expect(parseTopic(block)).toEqual([{ kind: 'terms', terms }]);
  });
});
