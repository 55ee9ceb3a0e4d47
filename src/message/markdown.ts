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

const OPENS = /^\{%-?\s*(?:if|unless|case|for|tablerow|capture)\b/;
const CLOSES = /^\{%-?\s*end/;

/**
 * The held text where a statement that begins before a block's first word and ends beyond the block (a list in a loop, `{% if
 * … %}` around paragraphs), or the other way round, has a line of its own: else its paragraph would begin once, and end in
 * each turn.
 */
function apart(held: HeldLiquid): string {
  const alone = new RegExp(`^[ \\t]*(?:${held.statement}[ \\t]*)+$`);
  const leading = new RegExp(`^([ \\t]*)((?:${held.statement})+)(?=.)`);
  const trailing = new RegExp(`((?:${held.statement})+)[ \\t]*$`);
  const depthOf = (lines: readonly string[]): number =>
    lines
      .flatMap((line) => held.wordsIn(line))
      .map((word) => held.restore(word))
      .reduce((sum, piece) => sum + (OPENS.test(piece) ? 1 : CLOSES.test(piece) ? -1 : 0), 0);
  const result: string[] = [];
  let block: string[] = [];
  const flush = (): void => {
    const depth = depthOf(block);
    if (depth > 0) block[0] = (block[0] ?? '').replace(leading, '$1$2\n$1');
    if (depth < 0) block.push((block.pop() ?? '').replace(trailing, '\n$1'));
    result.push(...block);
    block = [];
  };
  for (const line of held.text.split('\n')) {
    if (line.trim() !== '' && !alone.test(line)) {
      block.push(line);
      continue;
    }
    flush();
    result.push(line);
  }
  flush();
  return result.join('\n');
}

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
  const marked = apart(held)
    .replace(new RegExp(`<(${held.output})>`, 'g'), '[$1]($1)')
    .replace(new RegExp(`^([ \\t]*)((?:${held.statement}[ \\t]*)+)$`, 'gm'), '$1<!--$2-->');
  let html: string;
  try {
    html = await new Marked().parse(marked);
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split('\n');
    throw badTemplate(
      { name, source },
      [1, 1],
      `cannot be read as Markdown: ${reason}`,
      'nest it less deeply',
    );
  }
  const lines = new RegExp(`(?:<|&lt;)!--((?:${held.word}[ \\t]*)+)--(?:>|&gt;)`, 'g');
  // Braces that were escaped in the Markdown are text, and stay it.
  const body = html.replace(/\{(?=[{%])/g, '{{ "{" }}').replace(lines, '$1');
  const restored = held.restore(body);
  return /<html[\s>]/i.test(restored) ? restored : page(restored);
}
