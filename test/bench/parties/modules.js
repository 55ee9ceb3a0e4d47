/** The program as the modules it is bundled of, so that a profile says which room a function belongs to. */
import { main } from '../../../dist/main.js';

process.exitCode = await main(process.argv.slice(2));
