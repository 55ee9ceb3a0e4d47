import { createHash } from 'node:crypto';
import { type PartName, VALUE, type Words, type WordValue } from './words.js';

/** The one hidden field of the page's forms, and what it may say. */
export const ANSWER = 'answer';
export type Answer = 'unsubscribe' | 'mistake';

/** What a page shows, by the parts of its words. */
export interface Page {
  heading: PartName;
  texts: readonly PartName[];
  button?: { words: PartName; answer: Answer; quiet?: true };
  values?: Readonly<Partial<Record<WordValue, string>>>;
}

/** No script, nothing from elsewhere; colours of at least 7 : 1 against what they stand on (WCAG 2.2, 1.4.6). */
const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #444c56; --page: #f3f4f6; --card: #fff; --edge: #d0d5dc;
  --main: #0b4a8f; --on-main: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f0f3f6; --soft: #c3cad3; --page: #0f1318; --card: #1a2028; --edge: #39424e; --main: #9ccbff; --on-main: #06203d; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--page);
  color: var(--ink); font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
main { width: 100%; max-width: 34rem; padding: clamp(1.25rem, 6vw, 2.5rem); background: var(--card);
  border: 1px solid var(--edge); border-radius: .75rem; }
h1 { margin: 0 0 1rem; font-size: clamp(1.375rem, 6vw, 1.75rem); line-height: 1.25; text-wrap: balance; }
p { margin: 0 0 1rem; color: var(--soft); }
p:last-child { margin-bottom: 0; }
form { margin: 1.75rem 0 0; }
button { width: 100%; min-height: 3rem; padding: .75rem 1.25rem; font: inherit; font-weight: 600; line-height: 1.3;
  color: var(--on-main); background: var(--main); border: 2px solid var(--main); border-radius: .5rem; cursor: pointer; }
button.quiet { color: var(--main); background: transparent; }
button:hover { text-decoration: underline; }
button:focus-visible { outline: 3px solid var(--ink); outline-offset: 3px; }
@media (forced-colors: active) { main, button { border-color: currentColor; } }
`;

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');

/** Writes pages in one language. */
export class PageWriter {
  /**
   * Lets a page do nothing but show itself and post its form to where it came from. (CSP level 3; the hash is that of the
   * style.)
   */
  readonly policy: string;

  /** @param contact whom a reader may write to, where the operator said so */
  constructor(
    private readonly words: Words,
    private readonly contact: string | null,
  ) {
    const hash = createHash('sha256').update(STYLE).digest('base64');
    this.policy = `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
  }

  /** Where nobody is named to write to, it says so in other words. */
  private known(name: PartName): PartName {
    return name === 'contact' && this.contact === null ? 'contact_unknown' : name;
  }

  /** HTML of a page. What is not the words' own is escaped, and set apart from the direction of what is around it. */
  write({ heading, texts, button, values = {} }: Page): string {
    const inWords = (name: PartName, mark: (value: string) => string): string =>
      escaped(this.words.parts[this.known(name)]).replace(VALUE, (_, value: WordValue) =>
        mark(escaped((value === 'contact' ? this.contact : values[value]) ?? '')),
      );
    const html = (name: PartName): string => inWords(name, (value) => `<bdi>${value}</bdi>`);
    const form = button
      ? `\n<form method="post"><input type="hidden" name="${ANSWER}" value="${button.answer}">` +
        `<button${button.quiet ? ' class="quiet"' : ''}>${html(button.words)}</button></form>`
      : '';
    return `<!doctype html>
<html lang="${this.words.language}" dir="${this.words.direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="referrer" content="no-referrer">
<title>${inWords(heading, (value) => value)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${html(heading)}</h1>
${texts.map((name) => `<p>${html(name)}</p>`).join('\n')}${form}
</main>
</body>
</html>
`;
  }
}
