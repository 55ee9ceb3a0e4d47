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
import { unsubscribeHeaders } from './headers.js';

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

/** Null where there is none. */
export const named = (name: string, source: string | null): NamedTemplate | null =>
  source === null ? null : { name, source };

/** What a template may use beside `email`. */
interface MergeFields {
  fieldNames: readonly string[];
  /** Names that more than one column has, with those columns in words: no template may use them. */
  twins?: ReadonlyMap<string, readonly string[]>;
}

export interface TemplateSources extends MergeFields {
  subject: NamedTemplate;
  html: NamedTemplate | null;
  text: NamedTemplate | null;
  /** The URL of List-Unsubscribe. */
  listUnsubscribe: NamedTemplate | null;
}

/** What fills a template: the value of a merge field. */
export type FieldValues = (field: string) => string;

/** A piece of a template, in the order of the text. */
export type TemplatePiece =
  | { kind: 'static'; text: string }
  /** A merge field and nothing more. */
  | { kind: 'field'; field: string; encode: Encoding | null }
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
  listUnsubscribe: ParsedTemplate | null;
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

/** What makes a value harmless where its template is used: a merge field alone, and any other output of Liquid. */
interface Encoding {
  text(value: string): string;
  output: 'escape' | ((value: unknown) => string);
}

const FOR_HTML: Encoding = { text: escapeHtml, output: 'escape' };

const percentEncode = (value: unknown): string =>
  encodeURIComponent(Array.isArray(value) ? value.join('') : String(value ?? ''));

const FOR_URL: Encoding = { text: percentEncode, output: percentEncode };

class NoFiles extends Tag {
  constructor(...given: ConstructorParameters<typeof Tag>) {
    super(...given);
    throw new Error(`{% ${this.name} %} is not available: a template cannot read other files`);
  }
  override *render(): IterableIterator<string> {
    yield '';
  }
}

function createEngine(encoding: Encoding | null): Liquid {
  const engine = new Liquid({
    ...(encoding ? { outputEscape: encoding.output } : {}),
    templates: {},
    strictFilters: true,
    ownPropertyOnly: true,
    renderLimit: RENDER_LIMIT_MS,
    memoryLimit: MEMORY_LIMIT,
  });
  for (const name of ['include', 'render', 'layout', 'block']) engine.registerTag(name, NoFiles);
  // Liquid's own filters for URLs do no more than what is done anyway.
  if (encoding === FOR_URL) {
    for (const name of ['url_encode', 'cgi_escape', 'uri_escape']) {
      engine.registerFilter(name, { raw: true, handler: percentEncode });
    }
  }
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
  { fieldNames, twins }: MergeFields,
): Map<string, string> {
  const known = new Set([EMAIL_FIELD, ...fieldNames]);
  const used = new Map<string, string>();
  for (const [written, uses] of Object.entries(variables)) {
    const field = known.has(written) ? written : fieldName(written, 0);
    if (!known.has(field)) {
      const { row, col } = uses[0]?.location ?? {};
      const columns = twins?.get(field);
      throw bad(
        template,
        row === undefined || col === undefined ? [] : [row, col],
        columns
          ? `the merge field "${written}" could be any of the columns ${columns.join(', ')}`
          : `there is no merge field "${written}"`,
        columns ? 'rename all but one of them' : `use one of: ${[...known].join(', ')}`,
      );
    }
    used.set(written, field);
  }
  return used;
}

const PLAIN_OUTPUT = /^\s*([\p{L}\p{M}\p{N}_-]+)\s*(\|\s*raw\s*)?$/u;

function parseTemplate(
  template: NamedTemplate,
  fields: MergeFields,
  encoding: Encoding | null,
): ParsedTemplate {
  const engine = createEngine(encoding);
  const nodes = parse(engine, template);
  const { globals, locals } = engine.analyzeSync(nodes);
  const used = usedFields(template, globals, fields);

  const toPiece = (node: Template): TemplatePiece => {
    if (node instanceof Output) {
      const [, written = '', raw] = PLAIN_OUTPUT.exec(node.token.content) ?? [];
      const field = written in locals ? undefined : used.get(written);
      if (field !== undefined) {
        return { kind: 'field', field, encode: raw === undefined ? encoding : null };
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

const URL_START = /^(https:\/\/|mailto:)[^/?#]/i;

/**
 * One click takes HTTPS (RFC 8058 §3.1), so nothing less is taken for the Web. What the template makes with values and
 * without is tried here: once it is queued nobody can mend it.
 */
function parseUrlTemplate(template: NamedTemplate, fields: MergeFields): ParsedTemplate {
  const parsed = parseTemplate(template, fields, FOR_URL);
  const [first] = parsed.pieces;
  if (first?.kind !== 'static' || !URL_START.test(first.text)) {
    throw bad(template, [], 'does not begin with https:// or mailto:', 'write all of the URL');
  }
  for (const value of ['x', '']) {
    try {
      unsubscribeHeaders(renderTemplate(parsed, () => value));
    } catch (error) {
      throw bad(
        template,
        [],
        (error as Error).message,
        'percent-encode spaces, < and >, and what is not ASCII; values are encoded by themselves',
      );
    }
  }
  return parsed;
}

/**
 * Parses a message's templates and checks that they use only fields the list has, whatever case they are written in.
 * Values are escaped for HTML and percent-encoded for URLs unless `| raw` says otherwise.
 * @throws CampaignError BAD_TEMPLATE naming the template, line and column
 */
export const parseTemplates = (sources: TemplateSources): ParsedTemplates => ({
  subject: parseTemplate(sources.subject, sources, null),
  html: sources.html && parseTemplate(sources.html, sources, FOR_HTML),
  text: sources.text && parseTemplate(sources.text, sources, null),
  listUnsubscribe: sources.listUnsubscribe && parseUrlTemplate(sources.listUnsubscribe, sources),
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
      return piece.encode ? piece.encode.text(values(piece.field)) : values(piece.field);
    case 'liquid':
      return piece.render(scope());
  }
}

/** A template with its values filled in. */
export function renderTemplate(template: ParsedTemplate, values: FieldValues): string {
  const scope = lazyScope(template, values);
  return template.pieces.map((piece) => renderPiece(piece, values, scope)).join('');
}

/** Rendering needs no scope where all pieces are static text and plain fields, as they mostly are. */
export function lazyScope(template: ParsedTemplate, values: FieldValues): () => Context {
  let scope: Context | undefined;
  return () => {
    scope ??= template.scope(values);
    return scope;
  };
}
