import { z } from 'zod';
import { timestamp } from './parts.js';

/** A line of a log: what all have, and what this one has beside it. */
export const line = <Event extends string, Details extends z.ZodRawShape>(
  event: Event,
  title: string,
  details: Details,
) =>
  z
    .object({
      level: z.int().describe('20 debug, 30 info, 40 warn, 50 error'),
      time: timestamp.describe('by the clock of this host'),
      event: z.literal(event).describe('what happened'),
      ...details,
      msg: z.string().describe('the same in words'),
    })
    .meta({ title });
