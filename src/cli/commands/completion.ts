import { defineCommand } from '../command.js';
import { write } from '../output.js';
import { choice } from '../readers.js';

export default defineCommand({
  name: 'completion',
  summary: 'print what lets a shell complete commands, options, ids and files',
  arguments: {
    shell: choice(['bash', 'zsh', 'fish'], {
      placeholder: 'shell',
      help: 'bash, zsh or fish',
      required: true,
    }),
  },
  errors: [],
  examples: [
    [
      'campaign completion bash > ~/.local/share/bash-completion/completions/campaign',
      'once; or `source <(campaign completion bash)` in ~/.bashrc, with zsh in ~/.zshrc',
    ],
    [
      'campaign completion fish > ~/.config/fish/completions/campaign.fish',
      'once, and each fish from then on has it',
    ],
  ],
  run: async ({ shell }, context) => {
    const { SCRIPTS } = await import('../docs/completion/scripts.js');
    await write(context.stdout, SCRIPTS[shell]);
    return undefined;
  },
});
