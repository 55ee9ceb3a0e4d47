import type { AnyOption } from './command.js';

/** `--batch-size` of the key `batchSize`. */
export const flagOf = (key: string): string =>
  `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** An option as help writes it: `--limit <n>`. */
export const flagsOf = (key: string, option: AnyOption): string =>
  option.kind === 'flag' ? flagOf(key) : `${flagOf(key)} <${option.placeholder}>`;
