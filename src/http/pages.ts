import { maskedAddress } from '../domain/address.js';
import type { Genuine } from '../operations/unsubscribe.js';
import type { Page } from './page.js';

/** A page about a genuine token. */
type About = (token: Genuine, norm: string) => Page;

const values = ({ sender, topic }: Genuine, norm: string) => ({
  sender,
  topic,
  address: maskedAddress(norm),
});

export const ask: About = (token, norm) => ({
  heading: 'ask_heading',
  texts: [token.topic === '' ? 'ask_everything' : 'ask_topic'],
  button: { words: 'ask_button', answer: 'unsubscribe' },
  values: values(token, norm),
});

export const done: About = (token, norm) => ({
  heading: 'done_heading',
  texts: [token.topic === '' ? 'done_everything' : 'done_topic'],
  button: { words: 'mistake_button', answer: 'mistake', quiet: true },
  values: values(token, norm),
});

export const back: About = (token, norm) => ({
  heading: 'back_heading',
  texts: ['back'],
  button: { words: 'ask_button', answer: 'unsubscribe', quiet: true },
  values: values(token, norm),
});

export const stands: About = (token, norm) => ({
  heading: 'stands_heading',
  texts: ['stands', 'contact'],
  values: values(token, norm),
});

export const FOREIGN: Page = { heading: 'foreign_heading', texts: ['foreign', 'contact'] };
export const MANY: Page = { heading: 'many_heading', texts: ['many'] };
export const LATER: Page = { heading: 'later_heading', texts: ['later'] };
