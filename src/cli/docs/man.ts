import type { CommandDeclaration } from '../command.js';
import { type DocumentedOption, helpOf, optionsOf, usageOf } from './manual.js';
import { argument, bold, italic, literal, running, section, subsection, term } from './roff.js';
import { type Block, parseTopic } from './topic-text.js';

export interface ManualPage {
  readonly commands: readonly CommandDeclaration[];
  readonly chapters: readonly { readonly name: string; readonly text: string }[];
  readonly version: string;
  /** Day of this version. */
  readonly date: Date;
}

/** Titles that manual pages have for these topics. */
const TITLES: Readonly<Record<string, string>> = { 'exit-codes': 'exit status' };

/** The page of section 1, in the macros of man(7). */
export function manPage({ commands, chapters, version, date }: ManualPage): string {
  const lines = [
    `.TH CAMPAIGN 1 "${date.toISOString().slice(0, 10)}" ${argument(`campaign ${version}`)} "User Commands"`,
    section('name'),
    ...running('campaign - send an email campaign from MySQL tables over SMTP'),
    section('synopsis'),
    `${bold('campaign')} ${italic('command')} [${italic('options')}]`,
    section('description'),
    ...running(
      'Mails a list from MySQL tables over SMTP, in paced batches that can be watched, paused and cancelled while they run. Nobody is mailed twice, nobody is silently skipped, and every figure can be proved from the ledger.',
    ),
    section('commands'),
    ...commands.flatMap(commandLines),
    ...chapters.flatMap(({ name, text }) => [
      section(TITLES[name] ?? name),
      ...parseTopic(text).flatMap((block, i) => blockLines(block, i === 0)),
    ]),
    section('examples'),
    ...commands
      .flatMap(({ examples }) => examples)
      .flatMap(([line, what]) => term(bold(line), what)),
  ];
  // Right below a heading a paragraph begins by itself.
  return `${lines.filter((line, i) => line !== '.PP' || !/^\.S[HS]/.test(lines[i - 1] ?? '')).join('\n')}\n`;
}

const commandLines = (command: CommandDeclaration): string[] => [
  subsection(`campaign ${usageOf(command)}`),
  ...running(`${command.summary}.`),
  ...Object.values(command.arguments ?? {}).flatMap(({ placeholder, help }) =>
    term(italic(placeholder), help),
  ),
  ...optionsOf(command).flatMap((option) => term(headOf(option), helpOf(option))),
];

const headOf = ({ flag, placeholder }: DocumentedOption): string =>
  placeholder === undefined ? bold(flag) : `${bold(flag)} ${italic(placeholder)}`;

function blockLines(block: Block, first: boolean): string[] {
  switch (block.kind) {
    case 'heading':
      return [subsection(block.text)];
    case 'paragraph':
      return [...(first ? [] : ['.PP']), ...running(block.text)];
    case 'items':
      return block.items.flatMap((item) => ['.IP \\(bu 2', ...running(item)]);
    case 'terms':
      return block.terms.flatMap(({ term: head, text }) => term(bold(head), text));
    case 'literal':
      return literal(block.lines);
  }
}
