import { HeldLiquid } from './hold-liquid.js';
import { badTemplate, type NamedTemplate } from './template.js';

const FRONT_MATTER = /^---[ \t]*\n(?:[\w-]+:.*\n|[ \t]+.*\n|#.*\n)*---[ \t]*(?:\n|$)/;

/** Lines no longer than can be read, in a face without serifs, for a mail program's own is as it may be. */
const page = (body: string): string =>
  `<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
</head>
<body style="margin: 0 auto; padding: 16px; max-width: 640px; font-family: sans-serif; line-height: 1.5">
${body.trim()}
</body>
</html>
`;

/**
 * The HTML template of a Markdown template (GFM; HTML in it stays). Compiled once, before there are values, so that no value
 * is read as Markdown; the Liquid is where it was, a tag alone on its line outside of paragraphs.
 * @throws CampaignError BAD_TEMPLATE for front matter, which is another tool's
 */
export async function markdownToHtml({ name, source }: NamedTemplate): Promise<string> {
  const text = source.replace(/\r\n?/g, '\n');
  if (FRONT_MATTER.test(text)) {
    throw badTemplate(
      { name, source },
      [1, 1],
      'begins with front matter, which would be sent as text',
      'leave it out; sender, subject and headers are options of `campaign queue`',
    );
  }
  const { Marked } = await import('marked');
  const held = new HeldLiquid(text);
  const marked = held.text
    .replace(new RegExp(`<(${held.output})>`, 'g'), '[$1]($1)')
    .replace(new RegExp(`^([ \\t]*)((?:${held.statement}[ \\t]*)+)$`, 'gm'), '$1<!--$2-->');
  const html = await new Marked().parse(marked);
  const lines = new RegExp(`(?:<|&lt;)!--((?:${held.word}[ \\t]*)+)--(?:>|&gt;)`, 'g');
  // Braces that were escaped in the Markdown are text, and stay it.
  const body = html.replace(/\{(?=[{%])/g, '{{ "{" }}').replace(lines, '$1');
  const restored = held.restore(body);
  return /<html[\s>]/i.test(restored) ? restored : page(restored);
}
