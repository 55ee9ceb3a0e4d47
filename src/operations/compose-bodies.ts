import type { QueueFinding } from '../domain/queued.js';
import { inlineCss } from '../message/inline-css.js';
import { markdownToHtml } from '../message/markdown.js';
import type { NamedTemplate } from '../message/template.js';

/** What the bodies of a message are made of, beside its text. */
export interface BodySources {
  html?: string | NamedTemplate | null | undefined;
  /** Markdown, of which the HTML is made; not beside `html`. */
  markdown?: string | NamedTemplate | null | undefined;
  /** Whether the rules of style sheets go into the elements. */
  inlineCss?: boolean | undefined;
}

/** @param key what errors call one that has no name */
export const namedAs = (
  key: string,
  template: string | NamedTemplate | null | undefined,
): NamedTemplate | null =>
  typeof template === 'string' ? { name: key, source: template } : (template ?? null);

/**
 * The HTML template as it is stored.
 * @throws CampaignError BAD_TEMPLATE where it cannot be made
 */
export async function composeHtml(
  sources: BodySources,
  onFinding: (finding: QueueFinding) => void,
): Promise<NamedTemplate | null> {
  const markdown = namedAs('markdown', sources.markdown);
  const html = markdown
    ? { name: markdown.name, source: await markdownToHtml(markdown) }
    : namedAs('html', sources.html);
  if (!html || !sources.inlineCss) return html;
  const { html: source, sheets } = await inlineCss(html);
  if (sheets.length > 0) onFinding({ kind: 'linked-style-sheets', html: html.name, sheets });
  return { ...html, source };
}
