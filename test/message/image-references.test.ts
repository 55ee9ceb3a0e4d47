import { describe, expect, test } from 'vitest';
import { findImages } from '../../src/message/image-references.ts';

const namesIn = (html: string) => findImages(html).map(({ names }) => names);

describe('pictures of HTML with a base', () => {
  test.each([
    '<base href="https://e.example/"><img src="a.png">',
    '<BASE target=_blank HREF=HTTP://e.example><td background="/a.png">',
    "<base href='//e.example/'><img srcset='a.png 1x, b.png 2x'>",
    '<base href="&#104;ttps://e.example/{{ city }}/"><p style="background:url(a.png)">',
    '<img src="a-{{ city }}.png"><base href="https://e.example/">',
  ])('on the Web are there: %s', (html) => {
    expect(namesIn(html)).toEqual([]);
  });

  test.each([
    '<base href="pictures/"><img src="a.png">',
    '<base target="_blank"><img src="a.png">',
    '<!-- <base href="https://e.example/"> --><img src="a.png">',
    '<base href="file:///tmp/"><base href="https://e.example/"><img src="a.png">',
  ])('anywhere else are files: %s', (html) => {
    expect(namesIn(html)).toEqual([{ path: 'a.png' }]);
  });

  test('that go with the message, or are named by Liquid alone, are what they are', () => {
    const html = '<base href="https://e.example/"><img src="cid:a"><img src="{{ picture }}">';
    expect(namesIn(html)).toEqual([{ cid: 'a' }, 'liquid']);
  });
});
