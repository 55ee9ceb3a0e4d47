import { possibleVerbs, type SendStatus, type SendVerb } from '../domain/states.js';
import { CampaignError } from '../errors.js';

export const noSuchSend = (id: number): CampaignError =>
  new CampaignError(
    'NO_SUCH_SEND',
    `there is no send ${id}`,
    '`campaign list` shows those there are',
  );

const PARTICIPLES = { pause: 'paused', resume: 'resumed', cancel: 'cancelled' } as const;

/** Says which state a send is in, and what can be done with it. */
export function wrongState(
  id: number,
  status: SendStatus,
  what: Extract<SendVerb, keyof typeof PARTICIPLES> | string,
): CampaignError {
  const participle = what in PARTICIPLES ? PARTICIPLES[what as keyof typeof PARTICIPLES] : what;
  const commands = possibleVerbs(status).map((verb) => `\`campaign ${verb} ${id}\``);
  if (status === 'completed')
    commands.push(`\`campaign retry ${id}\``, `\`campaign resolve ${id}\``);
  return new CampaignError(
    'WRONG_STATE',
    `send ${id} is ${status} and cannot be ${participle}`,
    commands.length > 0
      ? `possible now: ${commands.join(', ')}`
      : `queue those it had not mailed as a new send: \`campaign recipients ${id} --status pending --all --csv\` names them; the whole list would mail the others twice`,
  );
}
