import { clip } from '../../domain/text.js';
import { findCssUrls } from '../css-urls.js';
import { type Attribute, readHtml, type Span, type Tag, valuesOf } from '../html-attributes.js';
import { findCandidates, isWebBase } from '../image-references.js';
import { countCharacters, decodeEntities } from '../plain-text.js';
import { isRefresh } from '../refresh.js';
import { isSpacer } from '../visible.js';
import type { Findings } from './findings.js';
import type { Rendered } from './rendered.js';
import { misledBy } from './shown-host.js';
import { faultOfUrl, type UrlUse, urlOf } from './url-rules.js';

/** What the markup of a row came to, beside findings. */
export interface Markup {
  pictures: number;
  /** Of text, whether it is seen or hidden, blanks between words counted once. */
  characters: number;
}

const ACTIVE = new Set(['script', 'iframe', 'object', 'embed', 'applet']);
/** Data of other kinds, such as what Gmail takes actions from (JSON-LD), is no script. */
const DATA = /^\s*application\/(?:ld\+)?json\s*$/i;
/** A link's text, as far as it can name a site. */
const LINK_TEXT = 2000;

const LINKING = /^(?:a|area|v:.*)$/;
const SHOWING = /^(?:img|image|input|v:.*)$/;
const PLAYING = /^(?:audio|video|source|track|iframe|embed)$/;

/** Looks at the HTML of one row. */
export function lintHtml(html: Rendered, cids: ReadonlySet<string>, findings: Findings): Markup {
  const reader = new MarkupReader(html, cids, findings);
  readHtml(html.text, reader);
  return reader.markup;
}

class MarkupReader {
  readonly markup: Markup = { pictures: 0, characters: 0 };
  private hasBase = false;
  /** The link that is open, and its text so far. */
  private link: { tag: Tag; href: Span; text: string } | undefined;

  constructor(
    private readonly html: Rendered,
    private readonly cids: ReadonlySet<string>,
    private readonly findings: Findings,
  ) {}

  tag(tag: Tag): void {
    const { name, attributes } = tag;
    if (name === 'base' && isWebBase(this.valueOf(tag, 'href'))) this.hasBase = true;
    if (name === 'a') this.openLink(tag);
    if (isRefresh(this.html.text, tag)) this.tellOfActive(tag, '<meta http-equiv="refresh">');
    if (ACTIVE.has(name) && !DATA.test(this.valueOf(tag, 'type'))) this.tellOfActive(tag);
    if (name === 'img') this.markup.pictures += 1;
    if (name === 'img' || (name === 'input' && /^\s*image\s*$/i.test(this.valueOf(tag, 'type')))) {
      const values = valuesOf(this.html.text, tag);
      if (!values.has('alt') && !isSpacer(values)) this.tellOfNoAlt(tag);
    }
    // Of attributes with one name the first counts (HTML Standard §13.2.5.33).
    const seen = new Map<string, Attribute>();
    for (const attribute of attributes) {
      if (!seen.has(attribute.name)) seen.set(attribute.name, attribute);
    }
    for (const attribute of seen.values()) this.lookAt(tag, attribute);
  }

  endTag(name: string): void {
    if (name === 'a') this.closeLink();
  }

  text({ start, end }: Span): void {
    const text = this.html.text.slice(start, end);
    this.markup.characters += countCharacters(text);
    if (this.link && this.link.text.length < LINK_TEXT) this.link.text += text.slice(0, LINK_TEXT);
  }

  raw(name: string, content: Span): void {
    if (name === 'style') this.lookAtStyle('url() of a style sheet', content);
  }

  private written({ start, end }: Span): string {
    return this.html.text.slice(start, end);
  }

  private valueOf({ attributes }: Tag, name: string): string {
    const attribute = attributes.find((one) => one.name === name);
    return attribute ? this.written(attribute) : '';
  }

  private lookAt(tag: Tag, attribute: Attribute): void {
    const place = `${attribute.name} of <${tag.name}>`;
    if (attribute.name === 'style') {
      this.lookAtStyle(`url() in the style of <${tag.name}>`, attribute);
    } else if (attribute.name === 'srcset') {
      for (const candidate of findCandidates(this.html.text, attribute)) {
        this.lookAtUrl(place, candidate, 'picture', tag.start);
      }
    } else {
      const use = this.useOf(tag, attribute);
      if (use) this.lookAtUrl(place, attribute, use, tag.start);
    }
  }

  /** What an attribute's URL is for; undefined where it has none, or none that anybody follows. */
  private useOf(tag: Tag, { name }: Attribute): UrlUse | undefined {
    switch (name) {
      case 'href':
      case 'xlink:href':
        if (LINKING.test(tag.name)) return 'link';
        return tag.name === 'link' && /\bstylesheet\b/i.test(this.valueOf(tag, 'rel'))
          ? 'other'
          : undefined;
      case 'src':
        if (SHOWING.test(tag.name)) return 'picture';
        return PLAYING.test(tag.name) ? 'other' : undefined;
      case 'background':
      case 'poster':
        return 'other';
      case 'action':
      case 'formaction':
        return 'form';
      default:
        return undefined;
    }
  }

  private lookAtStyle(place: string, style: Span): void {
    for (const url of findCssUrls(this.html.text, style)) {
      // Behind a # stands what Outlook alone knows: `url(#default#VML)`.
      if (url.end > url.start) this.lookAtUrl(place, url, 'picture', url.start);
    }
  }

  private lookAtUrl(place: string, span: Span, use: UrlUse, from: number): void {
    const { hasBase, cids, html } = this;
    const written = this.written(span);
    const fault = faultOfUrl(written, { use, hasBase, cids });
    if (!fault) return;
    const { rule, what, remedy } = fault;
    this.findings.add(rule, {
      message: `${place} ${what}`,
      remedy,
      where: () =>
        html.placeOf(span.start, clip(written, LINK_TEXT), html.text.slice(from, span.start)),
      written,
    });
  }

  private openLink(tag: Tag): void {
    this.closeLink();
    const href = tag.attributes.find(({ name }) => name === 'href');
    if (href) this.link = { tag, href, text: '' };
  }

  private closeLink(): void {
    const { link, html } = this;
    this.link = undefined;
    if (!link) return;
    const href = this.written(link.href);
    const misled = misledBy(decodeEntities(link.text.slice(0, LINK_TEXT)), urlOf(href));
    if (!misled) return;
    this.findings.add('misleading-link', {
      message: `the text of a link names ${misled.shown}, and the link leads to ${misled.real}`,
      remedy: 'link to the site that the text names, or say in words where the link leads',
      where: () =>
        html.placeOf(
          link.href.start,
          clip(href, LINK_TEXT),
          html.text.slice(link.tag.start, link.href.start),
        ),
      written: `${misled.shown} ${misled.real}`,
    });
  }

  private tellOfActive(tag: Tag, what = `<${tag.name}>`): void {
    this.findings.add('active-content', {
      message: `${what} is removed by mail programs, and distrusted by filters`,
      remedy: `leave it out, and link to a page ${tag.name === 'meta' ? 'instead' : 'that has it'}`,
      where: () => this.placeOfTag(tag),
      written: this.written(tag),
    });
  }

  private tellOfNoAlt(tag: Tag): void {
    const src = this.valueOf(tag, 'src').trim();
    const which = src === '' ? `<${tag.name}>` : `the picture ${clip(src, 60)}`;
    this.findings.add('image-without-alt', {
      message: `${which} has no alt attribute: nothing stands for it where pictures are not shown`,
      remedy: 'say in alt what it shows, or write alt="" where it is decoration',
      where: () => this.placeOfTag(tag),
      written: this.written(tag),
    });
  }

  private placeOfTag(tag: Tag) {
    const written = this.written(tag);
    const src = this.valueOf(tag, 'src');
    // Markdown has the picture, not the tag.
    return this.html.placeOf(
      tag.start,
      clip(src === '' ? written : src, LINK_TEXT),
      `<${tag.name}`,
    );
  }
}
