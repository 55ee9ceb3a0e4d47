import {
  Context,
  Liquid,
  type LiquidError,
  Output,
  Tag,
  type Template,
  type Variables,
} from 'liquidjs';
import { EMAIL_FIELD, fieldName } from '../domain/fields.js';
import { CampaignError } from '../errors.js';

/** Milliseconds one rendering may take: a loop without end must not hold the worker. */
const RENDER_LIMIT_MS = 5_000;
/** liquidjs' measure of what a rendering creates, about a character each. */
const MEMORY_LIMIT = 5_000_000;

/** A template as the user wrote it. */
export interface NamedTemplate {
  /** Named in messages: its file, or `subject`. */
  name: string;
  source: string;
}

export interface TemplateSources {
  subject: NamedTemplate;
  html: NamedTemplate | null;
  text: NamedTemplate | null;
  /** Merge fields of the list, beside `email`. */
  fieldNames: readonly string[];
}

/** What fills a template: the value of a merge field. */
export type FieldValues = (field: string) => string;

/** A piece of a template, in the order of the text. */
export type TemplatePiece =
  | { kind: 'static'; text: string }
  /** A merge field and nothing more. */
  | { kind: 'field'; field: string; escape: boolean }
  /** Rendered by Liquid; pieces of one template share a scope, so that variables carry over. */
  | { kind: 'liquid'; render: (scope: Context) => string };

export interface ParsedTemplate {
  pieces: readonly TemplatePiece[];
  /** A scope for the `liquid` pieces of one message. */
  scope(values: FieldValues): Context;
}

export interface ParsedTemplates {
  subject: ParsedTemplate;
  html: ParsedTemplate | null;
  text: ParsedTemplate | null;
}

const HTML_ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

/** Escapes text for HTML content and quoted attributes, as Liquid's `escape` does. */
const escapeHtml = (text: string): string =>
  /[&<>"']/.test(text)
    ? text.replace(/[&<>"']/g, (character) => HTML_ESCAPES[character] ?? '')
    : text;

class NoFiles extends Tag {
  constructor(...given: ConstructorParameters<typeof Tag>) {
    super(...given);
    throw new Error(`{% ${this.name} %} is not available: a template cannot read other files`);
  }
  override *render(): IterableIterator<string> {
    yield '';
  }
}

function createEngine(html: boolean): Liquid {
  const engine = new Liquid({
    ...(html ? { outputEscape: 'escape' as const } : {}),
    templates: {},
    strictFilters: true,
    ownPropertyOnly: true,
    renderLimit: RENDER_LIMIT_MS,
    memoryLimit: MEMORY_LIMIT,
  });
  for (const name of ['include', 'render', 'layout', 'block']) engine.registerTag(name, NoFiles);
  return engine;
}

const bad = (
  template: NamedTemplate,
  position: readonly number[],
  what: string,
  remedy: string,
): CampaignError => {
  const [line, column] = position;
  const where = line === undefined ? '' : `, line ${line}, column ${column}`;
  return new CampaignError('BAD_TEMPLATE', `${template.name}${where}: ${what}`, remedy);
};

function parse(engine: Liquid, template: NamedTemplate): Template[] {
  try {
    return engine.parse(template.source);
  } catch (error) {
    const { token, originalError, message } = error as Partial<LiquidError> & Error;
    throw bad(
      template,
      token?.getPosition() ?? [],
      (originalError?.message ?? message).replace(/, line:\d+, col:\d+$/, ''),
      'correct the template; its language is Liquid (https://liquidjs.com/tags/overview.html)',
    );
  }
}

/**
 * Merge fields a template uses, by the names it writes them with.
 * @param variables where each variable that the template does not set itself is used
 */
function usedFields(
  template: NamedTemplate,
  variables: Variables,
  fieldNames: readonly string[],
): Map<string, string> {
  const known = new Set([EMAIL_FIELD, ...fieldNames]);
  const used = new Map<string, string>();
  for (const [written, uses] of Object.entries(variables)) {
    const field = known.has(written) ? written : fieldName(written, 0);
    if (!known.has(field)) {
      const { row, col } = uses[0]?.location ?? {};
      throw bad(
        template,
        row === undefined || col === undefined ? [] : [row, col],
        `there is no merge field "${written}"`,
        `use one of: ${[...known].join(', ')}`,
      );
    }
    used.set(written, field);
  }
  return used;
}

const PLAIN_OUTPUT = /^\s*([\p{L}\p{M}\p{N}_-]+)\s*(\|\s*raw\s*)?$/u;

function parseTemplate(
  template: NamedTemplate,
  fieldNames: readonly string[],
  html: boolean,
): ParsedTemplate {
  const engine = createEngine(html);
  const nodes = parse(engine, template);
  const { globals, locals } = engine.analyzeSync(nodes);
  const used = usedFields(template, globals, fieldNames);

  const toPiece = (node: Template): TemplatePiece => {
    if (node instanceof Output) {
      const [, written = '', raw] = PLAIN_OUTPUT.exec(node.token.content) ?? [];
      const field = written in locals ? undefined : used.get(written);
      if (field !== undefined) {
        return { kind: 'field', field, escape: html && raw === undefined };
      }
    } else if (!(node instanceof Tag)) {
      return { kind: 'static', text: String(engine.renderSync([node])) };
    }
    return { kind: 'liquid', render: (scope) => String(engine.renderSync([node], scope)) };
  };

  return {
    pieces: nodes.map(toPiece),
    scope: (values) => {
      const variables: Record<string, string> = {};
      for (const [written, field] of used) variables[written] = values(field);
      return new Context(variables, engine.options, { sync: true }, { liquid: engine });
    },
  };
}

/**
 * Parses a message's templates and checks that they use only fields the list has, whatever case they are written in.
 * HTML values are escaped unless `| raw` says otherwise.
 * @throws CampaignError BAD_TEMPLATE naming the template, line and column
 */
export const parseTemplates = (sources: TemplateSources): ParsedTemplates => ({
  subject: parseTemplate(sources.subject, sources.fieldNames, false),
  html: sources.html && parseTemplate(sources.html, sources.fieldNames, true),
  text: sources.text && parseTemplate(sources.text, sources.fieldNames, false),
});

/** One piece with its values filled in. */
export function renderPiece(
  piece: TemplatePiece,
  values: FieldValues,
  scope: () => Context,
): string {
  switch (piece.kind) {
    case 'static':
      return piece.text;
    case 'field':
      return piece.escape ? escapeHtml(values(piece.field)) : values(piece.field);
    case 'liquid':
      return piece.render(scope());
  }
}
