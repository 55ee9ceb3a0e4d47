import { describe, expect, it } from 'vitest';
import { answerText, sendCandidates } from '../../../../src/cli/docs/completion/answer.ts';
import { offerFor } from '../../../../src/cli/docs/completion/candidates.ts';
import { DECLARATIONS, GROUPS, TOPICS } from '../../../support/declarations.ts';

const CATALOGUE = { commands: DECLARATIONS, groups: GROUPS, topics: TOPICS };

const offer = (...typed: string[]) => offerFor(typed, CATALOGUE);

/** The words that are offered. */
function words(...typed: string[]): string[] {
  const offered = offer(...typed);
  if (offered.kind !== 'words') throw new Error(`offers ${offered.kind}`);
  return offered.words.map(({ value }) => value);
}

describe('completion offers', () => {
  it('commands, commands of commands, and what they are for', () => {
    const commands = ['pause', 'progress', 'list', 'queue', 'sandbox', 'help'];
    expect(words('')).toEqual(commands);
    expect(words()).toEqual(commands);
    expect(words('p')).toEqual(['pause', 'progress']);
    expect(words('sandbox', '')).toEqual(['start', 'stop']);
    expect(words('sandbox', 'sto')).toEqual(['stop']);
    expect(words('-')).toEqual(['--help']);
    expect(words('frob', '')).toEqual([]);
    expect(offer('sand')).toMatchObject({ words: [{ description: GROUPS.sandbox }] });
  });

  it('commands and topics behind help', () => {
    expect(words('help', 'pa')).toEqual(['pause', 'pacing']);
    expect(words('help', 'sandbox', '')).toEqual(['start', 'stop']);
    expect(words('help', 'pause', '')).toEqual([]);
  });

  it('options that are not given yet and go with those that are, none that is hidden', () => {
    expect(words('list', '--')).toEqual([
      '--status',
      '--before',
      '--limit',
      '--csv',
      '--json',
      '--help',
    ]);
    expect(words('list', '')).toEqual(words('list', '--'));
    expect(words('list', '--csv', '--')).not.toContain('--json');
    expect(words('list', '--json', '--')).not.toContain('--csv');
    expect(words('queue', '--text', 'a', '--h')).toEqual(['--help']);
    expect(words('queue', '--html=a', '--')).toEqual(['--list', '--yes', '--json', '--help']);
    expect(words('list', '--limit', '5', '--li')).toEqual([]);
    expect(words('sandbox', 'stop', '--')).toEqual(['--help']);
  });

  it('choices of an option, in one word with it or behind it', () => {
    expect(words('list', '--status', 'pa')).toEqual(['paused']);
    expect(words('list', '--status=pa')).toEqual(['--status=paused']);
    // As bash hands them over.
    expect(words('list', '--status', '=', 'pa')).toEqual(['paused']);
    expect(words('list', '--status', '=')).toContain('paused');
    expect(words('list', '--limit', '')).toEqual([]);
    expect(words('list', '--frob=')).toEqual([]);
    expect(words('list', '--csv=')).toEqual([]);
  });

  it('files where a file is meant', () => {
    for (const typed of [['--list', 'a'], ['--list='], ['--list', '='], ['--list', '=', 'a']]) {
      expect(offer('queue', ...typed)).toEqual({ kind: 'files' });
    }
  });

  it('sends with the statuses that make sense, for an argument or an option', () => {
    expect(offer('pause', '4')).toEqual({
      kind: 'sends',
      statuses: ['running'],
      typed: '4',
      before: '',
    });
    expect(offer('pause', '--reason', 'x', '')).toMatchObject({ kind: 'sends' });
    expect(offer('pause', '--', '-')).toMatchObject({ kind: 'sends', typed: '-' });
    expect(offer('list', '--before', '')).toMatchObject({ kind: 'sends', statuses: undefined });
    expect(offer('list', '--before=4')).toMatchObject({ typed: '4', before: '--before=' });
    expect(words('pause', '4', 'x')).toEqual([]);
    expect(words('pause', '4', '')).toContain('--reason');
    expect(words('pause', '--reason', 'x')).toEqual([]);
  });
});

describe('an answer to a shell', () => {
  it('is a line a word, without those that mean something to a shell', () => {
    const text = answerText(offer('list', '--status', '') as { kind: 'files' });
    expect(text).toBe('words\npaused\t\nrunning\t\n');
    expect(answerText({ kind: 'files' })).toBe('files\n');
  });

  it('names sends in letters, digits and harmless signs, whatever they are called', () => {
    const sends = [
      { id: 42, name: 'Spring: what’s new?', status: 'running' },
      { id: 43, name: '`touch x` $(touch x); \'"\\ \t\n\u001b[31m%n !!', status: 'paused' },
      { id: 7, name: '\ud83d\ude00'.repeat(99), status: 'paused' },
      { id: 44, name: `${'ü'.repeat(99)}`, status: 'paused' },
    ];
    const all = { kind: 'sends', statuses: undefined, typed: '4', before: '' } as const;
    expect(answerText({ kind: 'words', words: sendCandidates(all, sends) })).toBe(
      [
        'words',
        '42\trunning Spring: what’s new',
        '43\tpaused touch x touch x ’ 31m n',
        `44\tpaused ${'ü'.repeat(53)}`,
        '',
      ].join('\n'),
    );
    const assigned = { ...all, typed: '7', before: '--before=' };
    expect(sendCandidates(assigned, sends)).toMatchObject([{ value: '--before=7' }]);
  });
});
