import { LINT_RULE_NAMES, readLintRules } from '../../domain/lint.js';
import { CampaignError } from '../../errors.js';
import { defineCommand } from '../command.js';
import { custom, flag, optionalSendId } from '../readers.js';
import { messageOptions } from './message-options.js';

export default defineCommand({
  name: 'lint',
  summary:
    'say what is wrong with a message before it goes out: of a list before it is queued, or of a send',
  arguments: { id: optionalSendId },
  options: {
    dns: flag(
      'ask DNS too, of the domains that it is from: MX, SPF, DKIM records against our keys, DMARC (CAMPAIGN_DNS_SERVERS)',
    ),
    strict: flag('exit 2 where an error or a warning is found'),
    ignore: custom(
      {
        placeholder: 'rules',
        completion: LINT_RULE_NAMES,
        help: 'leave out rules, with commas between, beside those of CAMPAIGN_LINT_IGNORE; `campaign help lint` has all',
      },
      (text) => {
        const read = readLintRules(text);
        if ('rules' in read) return read.rules;
        throw new CampaignError('USAGE', `--ignore: ${read.what}`, read.remedy);
      },
    ),
    ...messageOptions,
  },
  prints: 'lint',
  json: 'print {"findings", "rows", "ignored"}',
  tellsUnfit: 'as-remedy',
  errors: [
    'NO_SUCH_SEND',
    'NO_SUCH_RECIPIENT',
    'BAD_LIST',
    'BAD_TEMPLATE',
    'BAD_ADDRESS',
    'BAD_FILE',
    'LINT_FOUND',
  ],
  examples: [
    [
      'campaign lint --list people.csv --from news@example.org --subject "Hello {{ name }}" --html news.html',
      'before it is queued; no database is needed',
    ],
    ['campaign lint 42 --dns', 'with what receivers look up of its sender'],
    ['campaign lint 42 --strict', 'for a script: exit 2 unless all is well'],
    ['campaign lint 42 --ignore no-reply,long-subject', 'without what is meant so'],
  ],
  run: async ({ id, dns, strict, ignore, ...given }, context) => {
    const { lintMail } = await import('../lint.js');
    return lintMail({ id, dns, strict, ignore }, given, context);
  },
});
