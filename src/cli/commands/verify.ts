import { CampaignError } from '../../errors.js';
import { defineCommand } from '../command.js';
import { flag, optionalSendId } from '../readers.js';

export default defineCommand({
  name: 'verify',
  summary: 'recompute every figure from the ledger; exit 1 when something contradicts it',
  arguments: { id: optionalSendId },
  options: { all: flag('every send') },
  prints: 'verify',
  json: 'print {"id","ok","contradictions"}; an array of those with --all',
  errors: ['NO_SUCH_SEND', 'CONTRADICTION'],
  examples: [
    ['campaign verify 42', 'whether the books of send 42 balance'],
    ['campaign verify --all --json', 'of every send, for a program'],
  ],
  run: async ({ id, all }, context) => {
    if (all && id !== undefined) {
      throw new CampaignError(
        'USAGE',
        'verify takes a send or --all, not both',
        'leave out one of them',
      );
    }
    if (!all && id === undefined) {
      throw new CampaignError('USAGE', 'verify needs a send', 'give its number, or --all');
    }
    const { verify, verifyAll } = await import('../../operations/verify.js');
    return id === undefined ? verifyAll(context.workspace) : verify(context.workspace, { id });
  },
});
