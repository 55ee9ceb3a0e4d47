import { describe, expect, it } from 'vitest';
import { topics } from '../../src/cli/docs/topics.ts';
import { runCommand } from '../support/run-command.ts';

describe('campaign help', () => {
  it.each([[['help']], [['--help']]])('lists the commands, and every topic: %j', async (args) => {
    const { code, stdout, stderr } = await runCommand(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^ {2}pause /m);
    for (const { name, summary } of topics) {
      expect(stdout.split('\n')).toContainEqual(
        expect.stringMatching(new RegExp(`^ {2}${name} +${summary}$`)),
      );
    }
  });

  it.each(topics.map((topic) => [topic.name, topic] as const))(
    '%s prints the topic as it stands, needs no setting, and exits 0',
    async (name, topic) => {
      const { code, stdout, stderr } = await runCommand(['help', name]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toBe(await topic.load());
    },
  );

  it.each([[['pacing']], [['help', 'pacing', '42']], [['help', 'pacng']]])(
    'takes a topic for no command, and what is near one for no topic: %j',
    async (args) => {
      const { code, stdout, stderr } = await runCommand(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^campaign: unknown command '\w+'/);
    },
  );

  it('says how to read a topic whose name is typed as a command', async () => {
    for (const args of [['lists'], ['lists', '42'], ['lists', '--json']]) {
      const { code, stdout, stderr } = await runCommand(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain('see `campaign help lists`');
    }
    const { stderr } = await runCommand(['frob', 'lists']);
    expect(stderr).not.toContain('help lists');
  });
});
