import { describe, expect, it } from 'vitest';
import type { Value } from '../../src/cli/command.ts';
import {
  anyText,
  choice,
  encoding,
  file,
  instant,
  sender,
  sendId,
  text,
  timeZone,
  Unfit,
  wholeNumber,
} from '../../src/cli/readers.ts';
import { count } from '../../src/domain/text.ts';
import { CampaignError } from '../../src/errors.ts';

const help = '';
const number = wholeNumber({ min: 0, max: 1_000_000, help });
const name = text({ max: 10_000, help });
const status = choice(['sent', 'failed'], { help });
const level = choice(['low', 'high'], { help, sentence: 'It must be low or high.' });
const time = instant({ help });
const zone = timeZone({ help });
const charset = encoding({ help });

const refused = async (value: Value<unknown>, given: string): Promise<Unfit> => {
  try {
    await value.read(given);
  } catch (error) {
    return error as Unfit;
  }
  throw new Error(`"${given}" was taken`);
};

describe('a value of a command line', () => {
  it.each<[Value<unknown>, string, unknown]>([
    [number, '0', 0],
    [number, '007', 7],
    [number, '1000000', 1_000_000],
    [name, '  Newsletter, №\u00a07  ', 'Newsletter, №\u00a07'],
    [anyText({ help }), ' as\tit stands ', ' as\tit stands '],
    [file({ help }), '-', '-'],
    [sender({ help }), 'x'.repeat(998), 'x'.repeat(998)],
    [status, 'failed', 'failed'],
    [zone, 'Europe/Berlin', 'Europe/Berlin'],
    [charset, 'Latin1', 'windows-1252'],
    [sendId, '42', 42],
  ])('is read: %# %s', async (value, given, read) => {
    expect(await value.read(given)).toEqual(read);
  });

  it.each([
    ['2030-01-31T09:00:00Z', '2030-01-31T09:00:00.000Z'],
    ['2030-01-31T09:00:00.5+01:30', '2030-01-31T07:30:00.500Z'],
    ['2028-02-29T23:59:59-00:00', '2028-02-29T23:59:59.000Z'],
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z'],
  ])('is a moment, whatever its offset: %s', async (given, utc) => {
    expect(await time.read(given)).toEqual(new Date(utc));
  });

  it.each([
    '',
    'tomorrow',
    '2030-01-31',
    '2030-01-31T09:00:00',
    '2030-01-31 09:00:00Z',
    '2030-01-31T09:00Z',
    '2030-01-31T09:00+01:00',
    '2030-01-31T09:00Z',
    '2030-01-31T09:00+01:00',
    '2030-01-31t09:00:00z',
    '2030-02-29T09:00:00Z',
    '2030-02-30T09:00:00Z',
    '2030-04-31T09:00:00Z',
    '2030-13-01T09:00:00Z',
    '2030-00-10T09:00:00Z',
    '2030-01-00T09:00:00Z',
    '2030-01-31T24:00:00Z',
    '2030-01-31T09:60:00Z',
    '2030-01-31T09:00:60Z',
    '2030-01-31T09:00:00.Z',
    '2030-01-31T09:00:00+24:00',
    '2030-01-31T09:00:00+0100',
    '1969-12-31T23:59:59Z',
    '1970-01-01T00:00:00+00:01',
    '0001-01-01T00:00:00Z',
    ' 2030-01-31T09:00:00Z',
  ])('is no moment: %j', async (given) => {
    expect((await refused(time, given)).wanted(count)).toMatch(/^a time as in RFC 3339, such as/);
  });

  it.each<[Value<unknown>, string, string, string]>([
    [
      number,
      '-1',
      'a whole number from 0 to 1,000,000',
      'It must be a whole number from 0 to 1000000.',
    ],
    [
      number,
      '1e3',
      'a whole number from 0 to 1,000,000',
      'It must be a whole number from 0 to 1000000.',
    ],
    [
      number,
      '1000001',
      'a whole number from 0 to 1,000,000',
      'It must be a whole number from 0 to 1000000.',
    ],
    [name, ' \t ', 'something that is not empty', 'It must be something that is not empty.'],
    [name, 'x'.repeat(10_001), 'at most 10,000 characters', 'It must be at most 10000 characters.'],
    [
      name,
      'a\u0000b',
      'text without control characters and line breaks',
      'It must be text without control characters and line breaks.',
    ],
    [file({ help }), '', 'the path of a file', 'It must be the path of a file.'],
    [
      sender({ help }),
      'x'.repeat(999),
      'at most 998 characters',
      'It must be at most 998 characters.',
    ],
    [status, 'Sent', 'one of sent, failed', 'Allowed choices are sent, failed.'],
    [level, 'medium', 'one of low, high', 'It must be low or high.'],
    [
      zone,
      '+01:00',
      'the name of a time zone, such as Europe/Berlin, America/New_York or UTC',
      'It must be the name of a time zone, such as Europe/Berlin, America/New_York or UTC.',
    ],
    [
      charset,
      'klingon',
      'the name of an encoding, such as utf-8, utf-16le, windows-1252, windows-1251 or shift_jis',
      'It must be the name of an encoding, such as utf-8, utf-16le, windows-1252, windows-1251 or shift_jis.',
    ],
  ])('that does not fit is told what it must be: %# %j', async (value, given, wanted, sentence) => {
    const unfit = await refused(value, given);
    expect(unfit).toBeInstanceOf(Unfit);
    expect([unfit.wanted(count), unfit.sentence]).toEqual([wanted, sentence]);
  });

  it.each(['', '0', '-1', '1.5', 'x', '1'.repeat(16)])(
    'is no number of a send: %j',
    async (given) => {
      const error = await refused(sendId, given);
      expect(error).toBeInstanceOf(CampaignError);
      expect(error.message).toBe(`"${given}" is not a send's number`);
    },
  );
});
