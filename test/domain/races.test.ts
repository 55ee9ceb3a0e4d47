import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { unlessAborted, within } from '../../src/domain/races.ts';
import { collectGarbage } from '../support/garbage.ts';

const never = new Promise<never>(() => undefined);

describe('waiting for work unless aborted', () => {
  it('gives what the work comes to, or throws what it throws', async () => {
    const { signal } = new AbortController();
    expect(await unlessAborted(Promise.resolve(7), signal)).toBe(7);
    await expect(unlessAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
  });

  it('ends at the abort, whatever the work does', async () => {
    const controller = new AbortController();
    const waiting = unlessAborted(never, controller.signal);
    controller.abort();
    expect(await waiting).toBeNull();
    expect(await unlessAborted(never, controller.signal)).toBeNull();
  });

  it('keeps nothing of the work that has ended while the signal lives on', async () => {
    const { signal } = new AbortController();
    const result = async (): Promise<WeakRef<object>> => {
      const value = await unlessAborted(Promise.resolve({ looked: true }), signal);
      return new WeakRef(value as object);
    };
    const kept: WeakRef<object>[] = [];
    for (let i = 0; i < 100; i++) kept.push(await result());
    // A WeakRef holds what it names until the turn it was made in has ended.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(kept.filter((ref) => ref.deref() !== undefined)).toEqual([]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('waiting for so long at most', () => {
  it.each([5, 0, -5])('ends after %d ms, without a warning', async (ms) => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    expect(await within(never, ms)).toBe(false);
    expect(await within(Promise.resolve(), ms)).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });
});
