import { ERROR_CODES, EXIT_CODES } from '../../../errors.js';
import { termsBlock } from '../topic-text.js';

const exits = EXIT_CODES.map(({ exits, means, codes }) => ({
  term: exits.join(', '),
  text: [means, ...(codes.length > 0 ? [codes.join(', ')] : [])].join(': '),
}));

const errors = Object.entries(ERROR_CODES).map(([term, { means }]) => ({ term, text: means }));

export default `Every command ends with one of these; behind them the errors that bring them,
by the codes that ‘--json’ gives them (see ‘campaign help scripting’).

${termsBlock(exits)}

THE ERRORS

${termsBlock(errors)}
`;
