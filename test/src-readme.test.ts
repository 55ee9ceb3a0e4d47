import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('..', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
const PAGE = read('src/README.md');

/** What stands in backticks, in order, code blocks aside. */
const CODE = [...PAGE.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(
  ([, code = '']) => code,
);

const isPath = (code: string): boolean =>
  /^[\w.-]+(\/[\w.*-]+)*(\/|\.(ts|js|cjs|md|sql|json))$/.test(code);

/** Of `src/`, or of the folder above it. */
const located = (path: string): string | undefined =>
  [`src/${path}`, path].find((candidate) => existsSync(new URL(candidate, ROOT)));

/** A file as it defines a name: as a function, a method or a value. */
const defines = (source: string, name: string): boolean =>
  new RegExp(
    `(function\\*? |const |class |get |readonly |async \\*?|^ {2}(private |protected )?)\\*?${name}\\b(?=[ =:(<])`,
    'm',
  ).test(source);

describe('the way into the code', () => {
  it('names files and folders that are there', () => {
    const paths = CODE.filter(isPath);
    expect(paths.length).toBeGreaterThan(50);
    expect(paths.filter((path) => !located(path))).toEqual([]);
  });

  it('names each function behind the file that has it', () => {
    let file = '';
    const astray: string[] = [];
    for (const code of CODE) {
      if (isPath(code)) file = code;
      const [, name] = /^(?:\w+\.)?(\w+)\(\)$/.exec(code) ?? [];
      if (name === undefined) continue;
      const path = located(file);
      if (!path?.endsWith('.ts') || !defines(read(path), name)) astray.push(`${file}: ${code}`);
    }
    expect(CODE.filter((code) => code.endsWith('()')).length).toBeGreaterThan(20);
    expect(astray).toEqual([]);
  });

  it('maps every room', () => {
    const rooms = readdirSync(new URL('src', ROOT), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    const mapped = [...PAGE.matchAll(/^\| `(\w+)\/` \|/gm)].map(([, room]) => room);
    expect(mapped.sort()).toEqual(rooms.sort());
  });

  it('is a page', () => {
    expect(PAGE.split('\n').length).toBeLessThan(220);
  });
});
