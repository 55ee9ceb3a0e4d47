import type { Reply } from '../../src/domain/reply.ts';

/** `550 5.1.1 words` as a reply. */
export function reply(line: string): Reply {
  const [, code = '', enhanced, text = ''] =
    /^(\d{3})(?: ([245]\.\d+\.\d+))? ?(.*)$/.exec(line) ?? [];
  return { code: Number(code), enhanced: enhanced ?? null, text };
}
