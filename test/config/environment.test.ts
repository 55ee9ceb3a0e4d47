import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { appearance } from '../../src/config/environment.ts';

describe('how things are shown', () => {
  it('is in colour unless NO_COLOR holds something or the terminal is dumb', () => {
    expect(appearance({ TERM: 'xterm', NO_COLOR: '' })).toMatchObject({ color: true, dumb: false });
    expect(appearance({ TERM: 'xterm', NO_COLOR: '1' })).toMatchObject({ color: false });
    expect(appearance({ TERM: 'dumb' })).toMatchObject({ color: false, dumb: true });
  });

  it('is with stack traces where CAMPAIGN_DEBUG is 1', () => {
    expect(appearance({ CAMPAIGN_DEBUG: '1' }).stackTraces).toBe(true);
    expect(appearance({ CAMPAIGN_DEBUG: '0' }).stackTraces).toBe(false);
    expect(appearance({}).stackTraces).toBe(false);
  });
});

it('is read by one file of src alone', () => {
  const src = fileURLToPath(new URL('../../src/', import.meta.url));
  const readers = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && readFileSync(`${src}${file}`, 'utf8').includes('process.env'),
  );
  expect(readers).toEqual(['config/environment.ts']);
});
