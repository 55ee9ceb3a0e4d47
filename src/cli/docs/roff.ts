/** Bytes of a line that mandoc's style has. */
const LINE_BYTES = 79;

const NAMES: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '"': '\\(dq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
};

/**
 * Any text as one that a formatter prints as it stands, in ASCII: no character of it begins an escape, and hyphens and
 * quotes are those that one types. What cannot be seen becomes a space.
 */
export const escapeRoff = (text: string): string =>
  text
    .replace(/\p{C}/gu, ' ')
    .replace(/[\\\-'"`^~]/g, (character) => NAMES[character] as string)
    .replace(
      /[^ -~]/gu,
      (character) =>
        `\\[u${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}]`,
    );

/** A line that is text, whatever it begins with. */
const textLine = (line: string): string => (/^[.' ]/.test(line) ? `\\&${line}` : line);

export const bold = (text: string): string => `\\fB${escapeRoff(text)}\\fR`;
export const italic = (text: string): string => `\\fI${escapeRoff(text)}\\fR`;

/** Running text, code in it between backticks, as lines: a sentence begins a new one. */
export function running(text: string): string[] {
  const words = text
    .split(/(`[^`]+`)/)
    .map((part) =>
      /^`[^`]+`$/.test(part)
        ? part
            .slice(1, -1)
            .split(' ')
            .map((word) => (word === '' ? word : bold(word)))
            .join(' ')
        : escapeRoff(part),
    )
    .join('')
    .split(/\s+/)
    .filter((word) => word !== '');
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && (line.length + 1 + word.length > LINE_BYTES - 2 || endsSentence(line))) {
      lines.push(textLine(line));
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return line === '' ? lines : [...lines, textLine(line)];
}

const endsSentence = (line: string): boolean =>
  /[.!?]$/.test(line.replace(/(?:\\fR|\\\((?:aq|dq)|[)\]])+$/, ''));

/** Lines as they stand, indented. */
export const literal = (lines: readonly string[]): string[] => [
  '.PP',
  '.RS 4',
  '.nf',
  ...lines.map((line) => textLine(escapeRoff(line))),
  '.fi',
  '.RE',
];

export const section = (title: string): string => `.SH ${argument(title.toUpperCase())}`;
export const subsection = (title: string): string => `.SS ${argument(title)}`;

/** A term and what it means, the term escaped already. */
export const term = (head: string, text: string): string[] => ['.TP', head, ...running(text)];

/** A text as one argument of a macro. */
export const argument = (text: string): string => `"${escapeRoff(text)}"`;
