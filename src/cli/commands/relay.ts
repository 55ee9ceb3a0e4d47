import { DEFAULT_RELAY, LONGEST_HOLD_DAYS, RELAY_CONNECTIONS } from '../../domain/relay.js';
import { REASON_LENGTH } from '../../domain/text.js';
import { CampaignError } from '../../errors.js';
import { defineCommand } from '../command.js';
import { duration, flag, numberOrNone, optionalRelay, rates, text } from '../readers.js';
import { Live } from '../results.js';

/** Several `--rate` as one, as it is kept; null for `none`. */
async function allOf(given: readonly string[]): Promise<string | null> {
  const { formatRates, readRates } = await import('../../domain/rates.js');
  const read = readRates(given.join(','));
  if ('wanted' in read) {
    throw new CampaignError(
      'USAGE',
      `--rate ${given.join(' --rate ')} do not go together`,
      `give ${read.wanted}`,
    );
  }
  return read.limits.length === 0 ? null : formatRates(read.limits);
}

export default defineCommand({
  name: 'relay',
  summary: 'show or set how much a relay takes; show what holds it, hold it, or let it go on',
  arguments: { name: optionalRelay },
  options: {
    rate: rates({
      help: 'send no more, over all hosts and sends: 14/s,500/h,10000/day, or none',
    }),
    connections: numberOrNone({
      ...RELAY_CONNECTIONS,
      help: 'connections at most, over all hosts; or none',
    }),
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
    [
      "campaign relay default --rate '14/s,50000/day' --connections 3",
      'the most that it takes, of all hosts together',
    ],
    ['campaign relay default --hold 2h --reason "the provider asked for it"', 'stops every send'],
    ['campaign relay default --release', 'its limit was raised: go on now'],
  ],
  run: async ({ name, rate, connections, hold, reason, release }, context) => {
    if (reason !== undefined && hold === undefined) {
      throw new CampaignError('USAGE', '--reason goes with --hold', 'give --hold, or leave it out');
    }
    const operation = await import('../../operations/relay.js');
    const { holdRelay, limitRelay, relay, relays, releaseRelay } = operation;
    const { workspace } = context;
    const limits = {
      ...(rate.length === 0 ? {} : { rates: await allOf(rate) }),
      ...(connections === undefined ? {} : { connections }),
    };
    const isLimited = Object.keys(limits).length > 0;
    if (hold === undefined && !release && !isLimited) {
      return name === undefined ? new Live(relays(workspace)) : relay(workspace, name);
    }
    const named = name ?? DEFAULT_RELAY;
    // Before the limits: where nothing is held nothing is to be changed.
    let shown = release ? await releaseRelay(workspace, named) : undefined;
    if (hold !== undefined) shown = await holdRelay(workspace, named, { seconds: hold, reason });
    return isLimited ? limitRelay(workspace, named, limits) : shown;
  },
});
