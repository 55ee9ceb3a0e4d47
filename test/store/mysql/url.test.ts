import { describe, expect, it } from 'vitest';
import { Database } from '../../../src/store/mysql/database.ts';
import { parseDatabaseUrl } from '../../../src/store/mysql/url.ts';

describe('a database URL', () => {
  it.each([
    ['mysql://u@h:99999/app', 'port'],
    ['mysql://u@h:0/app', 'port'],
    ['mysql://u@h', 'database name'],
    ['mysql://u@h/app?tls=maybe', 'tls=maybe'],
  ])('refuses %s', (url, what) => {
    expect(() => parseDatabaseUrl(url)).toThrow(
      expect.objectContaining({ code: 'BAD_SETTING', message: expect.stringContaining(what) }),
    );
  });

  it('with authorities that cannot be read says so before anything is asked of the database', () => {
    const address = parseDatabaseUrl('mysql://u@db.example.org/app?tls-ca=/no/such.pem');
    expect(() => new Database(address)).toThrow(
      expect.objectContaining({ code: 'BAD_FILE', remedy: expect.stringContaining('tls-ca') }),
    );
  });
});
