import { CommanderError } from 'commander';
import { errorJson } from '../contract/error.js';
import { CampaignError, EXIT } from '../errors.js';
import { printable } from '../view/printable.js';
import { isCommand } from './declarations.js';
import { jsonLine } from './output.js';

/** The command line that failed, and to whom it is told. */
interface Failed {
  args: readonly string[];
  asJson: boolean;
  /** Whether where it happened is told, too. */
  stackTraces: boolean;
  stderr: NodeJS.WriteStream;
  /** What was thrown, in our own words where the database said it. */
  explain(error: unknown): unknown;
}

/** Tells the user what went wrong, once. @returns the exit code */
export function reportError(error: unknown, failed: Failed): number {
  const known = asCampaignError(error, failed);
  if (known === undefined) return EXIT.ok;
  const { stderr, asJson, stackTraces } = failed;
  if (asJson) {
    stderr.write(jsonLine(errorJson(known)));
  } else {
    stderr.write(`campaign: ${printableLines(known.message)}\n`);
    if (known.remedy) stderr.write(`${printableLines(known.remedy)}\n`);
  }
  if (stackTraces && known.cause instanceof Error) stderr.write(`${known.cause.stack}\n`);
  return known.exitCode;
}

/** Undefined for what is no error: help and version were shown. */
function asCampaignError(error: unknown, { args, explain }: Failed): CampaignError | undefined {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? undefined : wrongUsage(error, args);
  }
  const explained = explain(error);
  if (explained instanceof CampaignError) return explained;
  const message = explained instanceof Error ? explained.message : String(explained);
  return new CampaignError(
    'INTERNAL',
    message || 'unexpected error',
    'this is a fault of campaign; CAMPAIGN_DEBUG=1 shows where it happened',
    { cause: explained },
  );
}

function wrongUsage({ code, message }: CommanderError, args: readonly string[]): CampaignError {
  const command = args.find(isCommand);
  const help = `see \`campaign ${command ? `${command} ` : ''}--help\``;
  if (code === 'commander.help') return new CampaignError('USAGE', 'no command given', help);
  const text = message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)$/, '; did you mean $1?');
  return new CampaignError('USAGE', text.replace(/\.?$/, dashHint(args) || '$&'), help);
}

/** What is wrong with the dashes of an option that was not taken for one. */
function dashHint(args: readonly string[]): string {
  const single = args.find((arg) => /^-[a-z]{2}/i.test(arg));
  if (single) return `; options have two dashes: -${single}`;
  const typeset = args.find((arg) => /^[\u2010-\u2015\u2212]/.test(arg));
  return typeset ? `; "${typeset}" begins with a dash that is no hyphen: write --` : '';
}

const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');
