import { DEFAULT_RELAY, LONGEST_HOLD_DAYS } from '../../domain/relay.js';
import { REASON_LENGTH } from '../../domain/text.js';
import { CampaignError } from '../../errors.js';
import { defineCommand } from '../command.js';
import { duration, flag, optionalRelay, text } from '../readers.js';
import { Live } from '../results.js';

export default defineCommand({
  name: 'relay',
  summary: 'show what holds a relay and until when, hold it, or let it go on',
  arguments: { name: optionalRelay },
  options: {
    hold: duration({
      maxDays: LONGEST_HOLD_DAYS,
      help: 'start nothing on it for so long: 90s, 15m, 2h, 1d',
      conflicts: ['release'],
    }),
    reason: text({ max: REASON_LENGTH, help: 'with --hold: why, for `progress` and the events' }),
    release: flag('end its hold, whoever began it'),
  },
  prints: 'relay',
  json: 'print {"name", "rates", "connections", "heldUntil", …}, a line a relay',
  errors: ['NO_SUCH_RELAY', 'WRONG_STATE'],
  examples: [
    ['campaign relay', 'whether a relay is held: until when, and in whose words'],
    ['campaign relay default --hold 2h --reason "the provider asked for it"', 'stops every send'],
    ['campaign relay default --release', 'its limit was raised: go on now'],
  ],
  run: async ({ name, hold, reason, release }, context) => {
    if (reason !== undefined && hold === undefined) {
      throw new CampaignError('USAGE', '--reason goes with --hold', 'give --hold, or leave it out');
    }
    const { holdRelay, relay, relays, releaseRelay } = await import('../../operations/relay.js');
    const { workspace } = context;
    if (hold !== undefined) {
      return holdRelay(workspace, name ?? DEFAULT_RELAY, { seconds: hold, reason });
    }
    if (release) return releaseRelay(workspace, name ?? DEFAULT_RELAY);
    return name === undefined ? new Live(relays(workspace)) : relay(workspace, name);
  },
});
