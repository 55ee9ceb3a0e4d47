import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isCommand } from '../../../src/cli/declarations.ts';
import { parseTopic } from '../../../src/cli/docs/topic-text.ts';
import { topics } from '../../../src/cli/docs/topics.ts';
import { SETTINGS } from '../../../src/config/table.ts';
import { ERROR_CODES, EXIT_CODES } from '../../../src/errors.ts';
import { width } from '../../../src/view/width.ts';

const TEXTS = readdirSync(new URL('../../../src/cli/docs/topics', import.meta.url)).map((file) =>
  file.replace(/\.ts$/, ''),
);

const LITERAL = /^ {4}\S/;

describe('the help topics', () => {
  it('are every text there is, each once; of the names of commands they have that of lint alone', () => {
    const names = topics.map(({ name }) => name);
    expect([...names].sort()).toEqual(TEXTS.sort());
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => isCommand(name) || name === 'help')).toEqual(['lint']);
    expect(names.filter((name) => !/^[a-z]+(-[a-z]+)*$/.test(name))).toEqual([]);
  });

  it('have summaries that fit beside their names', () => {
    expect(topics.filter(({ summary }) => width(summary) > 64 || summary.endsWith('.'))).toEqual(
      [],
    );
  });
});

describe.each(topics.map((topic) => [topic.name, topic] as const))('help %s', (_name, topic) => {
  it('reads well on 80 columns, and says nothing to a terminal', async () => {
    const text = await topic.load();
    expect(text).toMatch(/[^\n]\n$/);
    const lines = text.split('\n');
    expect(lines.filter((line) => width(line) > 78 && !LITERAL.test(line))).toEqual([]);
    expect(lines.filter((line) => line !== line.trimEnd())).toEqual([]);
    expect(text).not.toMatch(/\p{Cc}(?<!\n)/u);
  });

  it('keeps every word when it is taken apart for the man page', async () => {
    const text = await topic.load();
    const words = (all: string) => all.split(/\s+/).filter(Boolean);
    const parsed = parseTopic(text).map((block) => {
      if (block.kind === 'literal') return block.lines.join('\n');
      if (block.kind === 'items') return block.items.map((item) => `- ${item}`).join('\n');
      if (block.kind === 'terms')
        return block.terms.map(({ term, text }) => `${term} ${text}`).join('\n');
      return block.text;
    });
    expect(words(parsed.join('\n'))).toEqual(words(text));
    expect(parseTopic(text).filter((block) => block.kind === 'paragraph').length).toBeGreaterThan(
      0,
    );
  });

  it('names files that are there', async () => {
    const files = [...(await topic.load()).matchAll(/\b(src|sql)\/[\w./-]*\w/g)].map(
      ([file]) => file,
    );
    const root = new URL('../../../', import.meta.url);
    expect(files.filter((file) => !existsSync(new URL(file, root)))).toEqual([]);
  });

  it('closes every backtick within its block', async () => {
    const running = parseTopic(await topic.load()).flatMap((block) => {
      if (block.kind === 'items') return block.items;
      if (block.kind === 'terms') return block.terms.flatMap(({ term, text }) => [term, text]);
      return block.kind === 'literal' ? [] : [block.text];
    });
    expect(running.filter((text) => (text.match(/`/g) ?? []).length % 2 === 1)).toEqual([]);
  });
});

describe('help environment', () => {
  it('says of every setting what the table of settings says', async () => {
    const text = await topics.find(({ name }) => name === 'environment')?.load();
    const terms = parseTopic(text ?? '').flatMap((block) =>
      block.kind === 'terms' ? block.terms : [],
    );
    expect(terms.map(({ term }) => term)).toEqual(
      Object.values(SETTINGS).map(({ variable }) => variable),
    );
    for (const [index, { help }] of Object.values(SETTINGS).entries()) {
      expect(terms[index]?.text.startsWith(help)).toBe(true);
    }
    expect(text).toContain('idle send (default: 1800)');
  });
});

describe('help exit-codes', () => {
  it('has every exit code with its errors, and every error with its meaning', async () => {
    const text = await topics.find(({ name }) => name === 'exit-codes')?.load();
    const [exits, errors] = parseTopic(text ?? '').flatMap((block) =>
      block.kind === 'terms' ? [block.terms] : [],
    );
    expect(exits?.map(({ term }) => term)).toEqual(EXIT_CODES.map(({ exits }) => exits.join(', ')));
    for (const [index, { codes }] of EXIT_CODES.entries()) {
      expect(exits?.[index]?.text.endsWith(codes.join(', '))).toBe(true);
    }
    expect(errors).toEqual(
      Object.entries(ERROR_CODES).map(([term, { means }]) => ({ term, text: means })),
    );
  });
});
