import type { HeaderField } from '../domain/header-fields.js';
import {
  type ForTemplates,
  type MessageValues,
  TEMPLATE_KEYS,
  VALUE_KEYS,
} from '../domain/message-values.js';
import type { QueueFinding } from '../domain/queued.js';
import { checkForeignTags, type PlacedTag, placeForeignTags } from '../message/foreign-tags.js';
import { parseOwnHeaders } from '../message/own-headers.js';
import { type NamedTemplate, parseTemplates, parseText } from '../message/template.js';
import { type BodySources, namedAs } from './compose-bodies.js';
import type { MessageRequest, QueueRequest } from './queue-request.js';

/** Who is told while templates are checked. */
export interface TemplateListener {
  onFinding(finding: QueueFinding): void;
  /** Told of merge tags of other tools, where those that can be nothing else are no error. */
  onForeignTags?: ((tags: readonly PlacedTag[]) => void) | undefined;
}

export const templatesOf = (request: MessageRequest): ForTemplates<NamedTemplate> =>
  Object.fromEntries(
    TEMPLATE_KEYS.map((key) => [key, namedAs(key, request[key])]),
  ) as ForTemplates<NamedTemplate>;

export const valuesOf = (request: MessageRequest): MessageValues =>
  Object.fromEntries(
    VALUE_KEYS.map((key) => {
      const value = request[key] ?? null;
      return [key, value !== null && typeof value === 'object' ? value.source : value];
    }),
  ) as MessageValues;

/** The templates and headers of what is asked for, as their author wrote them. */
export function writtenTemplates(
  request: MessageRequest & BodySources & Pick<QueueRequest, 'headers'>,
): NamedTemplate[] {
  const markdown = namedAs('markdown', request.markdown);
  const written = { ...templatesOf(request), ...(markdown && { html: markdown }) };
  return [
    ...TEMPLATE_KEYS.flatMap((key) => written[key] ?? []),
    ...(request.headers ?? []).map(({ name, value }) => ({
      name: `the header ${name}`,
      source: value,
    })),
  ];
}

/**
 * @param sources templates and headers of what is asked for, and what they may use
 * @throws CampaignError BAD_TEMPLATE for one that these fields cannot fill
 */
export function checkTemplates(
  request: MessageRequest & BodySources,
  sources: Parameters<typeof parseTemplates>[0] & { headers: readonly HeaderField[] },
  { onFinding, onForeignTags }: TemplateListener,
): void {
  const written = writtenTemplates({ ...request, headers: sources.headers });
  if (onForeignTags) onForeignTags(placeForeignTags(written, sources.fieldNames));
  else {
    const tags = checkForeignTags(written, sources.fieldNames);
    if (tags.length > 0) onFinding({ kind: 'foreign-tags', tags });
  }
  const markdown = namedAs('markdown', request.markdown);
  // By itself first, for errors to name the place where its author wrote it.
  if (markdown) parseText(markdown, sources);
  parseTemplates(sources);
  parseOwnHeaders(sources.headers, sources);
}
