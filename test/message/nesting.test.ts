import { expect, test } from 'vitest';
import { nestingOf } from '../../src/message/nesting.ts';

test.each([
  ['nothing', '', 0],
  ['text', 'a < b > c', 0],
  ['elements in one another', '<div><section><b>x</b></section></div>', 3],
  ['elements one behind the other', '<b>x</b><i>y</i>'.repeat(100), 1],
  ['elements that nobody ends, since others do', '<ul><li>x<p>y'.repeat(50), 50],
  ['elements without an end tag', '<br><img src=x><hr/><BR>'.repeat(50), 0],
  ['ends without a begin', '</div></div><div>x</div>', 1],
  ['elements of upper case and with attributes', '<DIV class="a"><Span\nid=b>x', 2],
])('how deep something stands: %s', (_, html, deep) => {
  expect(nestingOf(html)).toBe(deep);
});

test.each(['<div', '<div ', '<', '</', '<div a="', '<div/', 'a', 'a ', 'a/'])(
  'a million characters of %j take no more than one look at each',
  (part) => {
    expect(nestingOf(`<${part.repeat(1_000_000 / part.length)}`)).toBe(0);
  },
);
