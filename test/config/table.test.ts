import { describe, expect, it } from 'vitest';
import { SETTINGS, type Setting } from '../../src/config/table.ts';

const settings: [string, Setting][] = Object.entries(SETTINGS);

describe('the table of settings', () => {
  it('has each variable once', () => {
    const variables = settings.map(([, { variable }]) => variable);
    expect(new Set(variables).size).toBe(variables.length);
  });

  it.each(settings)('says of %s what it means, in words that go into a table', (_, setting) => {
    expect(setting.help).toMatch(/^[`\p{L}].*[^.\s]$/u);
    expect(setting.help).not.toContain(setting.variable);
  });

  it.each(
    settings.flatMap(([key, setting]) =>
      setting.kind === 'whole-number' ? [[key, setting] as const] : [],
    ),
  )('has a default for %s within its limits', (_, setting) => {
    expect(setting.default).toBeGreaterThanOrEqual(setting.min);
    expect(setting.default).toBeLessThanOrEqual(setting.max);
  });

  it('keeps secret whatever may hold a password', () => {
    const secret = settings.filter(([, setting]) => setting.secret).map(([key]) => key);
    expect(secret).toEqual(expect.arrayContaining(['databaseUrl', 'smtpUrl']));
    expect(secret).toEqual(
      expect.arrayContaining(settings.map(([key]) => key).filter((key) => /password/i.test(key))),
    );
  });
});
