/** Which replies: a class (400 for 4xx), one SMTP code, or one enhanced code. */
export type CodeFilter = { class: 400 | 500 } | { code: number } | { enhanced: string };

/** @returns undefined for what is neither 4xx, 5xx, a code such as 550 nor one such as 5.1.1 */
export function parseCodeFilter(text: string): CodeFilter | undefined {
  if (/^[45]xx$/i.test(text)) return { class: text.startsWith('4') ? 400 : 500 };
  if (/^[2-5]\d\d$/.test(text)) return { code: Number(text) };
  if (/^[245]\.\d{1,3}\.\d{1,3}$/.test(text)) return { enhanced: text };
  return undefined;
}
