import type { Context } from 'liquidjs';
import type { HeaderField } from '../domain/header-fields.js';
import { TEMPLATE_KEYS } from '../domain/message-values.js';
import { parseOwnHeaders } from './own-headers.js';
import {
  type FieldValues,
  type ParsedTemplate,
  parseTemplates,
  type TemplatePiece,
  type TemplateSources,
} from './template.js';
import { printedIn } from './traced.js';

/** Tells which of a row's empty cells its message prints. */
export interface MissingCheck {
  /** The merge fields that the message uses: where none of these is empty nothing is missing. */
  fields: readonly string[];
  /** Those that are empty and printed, by the branches that these values take. */
  missing(values: FieldValues): string[];
}

const isBlank = (cell: string): boolean => cell.trim() === '';

/**
 * @param now what `now` is in the templates
 * @throws CampaignError BAD_TEMPLATE as `parseTemplates` does
 */
export function missingCheck(
  sources: TemplateSources & { headers: readonly HeaderField[] },
  now: Date,
): MissingCheck {
  const parsed = parseTemplates(sources, true);
  const templates = [
    ...TEMPLATE_KEYS.flatMap((key) => parsed[key] ?? []),
    ...parseOwnHeaders(sources.headers, sources, true).map(({ template }) => template),
  ];
  return {
    fields: [...new Set(templates.flatMap(({ fields }) => fields))],
    missing: (values) => {
      const found = templates
        .filter(({ fields }) => fields.some((field) => isBlank(values(field))))
        .flatMap((template) => missingIn(template, values, now));
      return [...new Set(found)];
    },
  };
}

function missingIn(template: ParsedTemplate, values: FieldValues, now: Date): string[] {
  const scope = template.scope(values, now);
  const plain = template.pieces.flatMap((piece) => {
    if (piece.kind === 'field') return isBlank(values(piece.field)) ? [piece.field] : [];
    if (piece.kind === 'liquid') tryToRender(piece, scope);
    return [];
  });
  return [...plain, ...printedIn(scope)];
}

/** What fails for these values is no business of this check. */
function tryToRender(piece: TemplatePiece & { kind: 'liquid' }, scope: Context): void {
  try {
    piece.render(scope);
  } catch {
    // The row fails when its message is made, with that reason.
  }
}
