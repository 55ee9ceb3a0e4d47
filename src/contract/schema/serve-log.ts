import { z } from 'zod';
import { line } from './log-line.js';
import { count, id } from './parts.js';

const token = z.string().describe('the first characters of the token, never all of it');
const sendId = id.describe('number of the send');
const way = z.enum(['one-click', 'page']).describe('by a mail program (RFC 8058), or on the page');
const stands = z.boolean().describe('whether something else still keeps them from being mailed');
const reason = z.string().describe('why');

/** A line of the log of `serve`. */
export const serveLineSchema = z
  .discriminatedUnion('event', [
    line('listening', 'it answers from now on', {
      address: z.string().describe('where, as a URL'),
      loopback: z.boolean().describe('whether this machine alone reaches it'),
    }),
    line('unsubscribed', 'somebody unsubscribed', {
      sendId,
      token,
      way,
    }),
    line('unsubscribed-already', 'somebody unsubscribed who was unsubscribed already', {
      sendId,
      token,
      way,
    }),
    line('taken-back', 'somebody said that it was a mistake', {
      sendId,
      token,
      stands,
    }),
    line('nothing-to-take-back', 'somebody said so of what was not there, or was not theirs', {
      sendId,
      token,
      stands,
    }),
    line('test-token', 'a token of a test mail came, which changes nothing', { sendId, token }),
    line('foreign-token', 'a token is not one of ours', {
      token,
      way: z.enum(['one-click', 'page', 'look']).describe('what was asked for with it'),
    }),
    line('refused', 'a request was refused', {
      status: z.int().describe('of HTTP'),
      reason,
    }),
    line('database-away', 'the database went away', { reason }),
    line('database-back', 'the database is back', {
      afterMs: z.number().min(0).describe('milliseconds'),
    }),
    line('fault', 'a request met a fault of ours', { reason }),
    line('stopping', 'it stops', {
      open: count.describe('requests that may still end'),
      drainSeconds: count.describe('within this time'),
    }),
    line('stopped', 'it has stopped', {
      unsubscribed: count.describe('how often somebody unsubscribed since the start'),
      takenBack: count.describe('how often that was taken back'),
      foreign: count.describe('requests with a token that is not ours'),
    }),
  ])
  .meta({ title: 'a line of the log of `serve`' });
