/** Longer lines than any mail log has are cut, so that a file without line breaks takes no memory. */
const MAX_LINE = 65_536;

/** The lines of a text as it streams in, without their line breaks. */
export async function* linesOf(
  source: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<string[]> {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  for await (const chunk of source) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(0, MAX_LINE);
    yield lines;
  }
  if (rest !== '') yield [rest];
}
