import { z } from 'zod';

export const id = z.int().min(1);

export const count = z.int().min(0);

/** Of a file, from 1. */
export const line = z.int().min(1);

/** See `time`. */
export const timestamp = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)
  .meta({ format: 'date-time' });
