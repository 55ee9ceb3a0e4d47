import {
  Context,
  type Liquid,
  type LiquidError,
  Output,
  type StaticAnalysis,
  Tag,
  type Template,
  type Variables,
} from 'liquidjs';
import { EMAIL_FIELD, fieldName } from '../domain/fields.js';
import { type ForTemplates, MESSAGE_VALUES, mapTemplates } from '../domain/message-values.js';
import { UNSUBSCRIBE_FIELD } from '../domain/unsubscribe-link.js';
import { CampaignError } from '../errors.js';
import { Cell } from './cell.js';
import { findEncodedTag } from './encoded-tags.js';
import { type Encoding, FOR_HTML, FOR_TEXT, FOR_URL } from './encodings.js';
import { type HeaderRule, headerOf } from './headers.js';
import { engineFor, markStatic, NOW, ZONE } from './liquid.js';
import { TracedCell } from './traced.js';

/** A template as the user wrote it. */
export interface NamedTemplate {
  /** Named in messages: its file, or `subject`. */
  name: string;
  source: string;
  /** Lines that the user did not write, above those that he did. */
  linesAbove?: number;
}

/** What a template may use beside `email`. */
export interface MergeFields {
  fieldNames: readonly string[];
  /** Names that more than one column has, with those columns in words: no template may use them. */
  twins?: ReadonlyMap<string, readonly string[]>;
}

export interface TemplateSources extends MergeFields, ForTemplates<NamedTemplate> {
  /** In which `now` and times with an offset are shown. */
  timezone: string;
}

/** What fills a template: the value of a merge field. */
export type FieldValues = (field: string) => string;

/** A piece of a template, in the order of the text. */
export type TemplatePiece = Piece & {
  /** Where it begins in the template. */
  at: number;
};

type Piece =
  | { kind: 'static'; text: string }
  /** A merge field and nothing more; null where it stands raw. */
  | { kind: 'field'; field: string; encoding: Encoding | null }
  /** Rendered by Liquid; pieces of one template share a scope, so that variables carry over. */
  | { kind: 'liquid'; render: (scope: Context) => string };

export interface ParsedTemplate {
  pieces: readonly TemplatePiece[];
  /** Merge fields that it uses. */
  fields: readonly string[];
  /** A scope for the `liquid` pieces of one message, and the time it is rendered. */
  scope(values: FieldValues, now: Date): Context;
}

export type ParsedTemplates = ForTemplates<ParsedTemplate>;

/** @param position line and column in the template */
export const badTemplate = (
  template: NamedTemplate,
  position: readonly number[],
  what: string,
  remedy: string,
): CampaignError => {
  const [line = 0, column] = position;
  const own = line - (template.linesAbove ?? 0);
  const where = own < 1 ? '' : `, line ${own}, column ${column}`;
  return new CampaignError('BAD_TEMPLATE', `${template.name}${where}: ${what}`, remedy);
};

/** A tag with what editors of HTML and encoders of URLs put into one. */
const OF_AN_EDITOR =
  /\{[{%](?:(?![%}]\}).){0,200}?(?:&#?\w+;|%[0-9a-f]{2}|[“”„‘’«»]|<\/?[a-z][^<>]*>)/i;

function parse(engine: Liquid, template: NamedTemplate): Template[] {
  try {
    return engine.parse(template.source);
  } catch (error) {
    const { token, originalError, message } = error as Partial<LiquidError> & Error;
    const position = token?.getPosition() ?? [];
    const line = template.source.split('\n')[(position[0] ?? 0) - 1] ?? '';
    throw badTemplate(
      template,
      position,
      (originalError?.message ?? message).replace(/, line:\d+, col:\d+$/, ''),
      OF_AN_EDITOR.test(line)
        ? 'write the tag in plain characters: no &nbsp;, %20, “quotes” or markup of an editor inside'
        : 'correct the template; its language is Liquid (https://liquidjs.com/tags/overview.html)',
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
      throw badTemplate(
        template,
        row === undefined || col === undefined ? [] : [row, col],
        columns
          ? `the merge field "${written}" could be any of the columns ${columns.join(', ')}`
          : `there is no merge field "${written}"`,
        columns ? 'rename all but one of them' : remedyFor(field, known),
      );
    }
    used.set(written, field);
  }
  return used;
}

const remedyFor = (field: string, known: ReadonlySet<string>): string =>
  field === UNSUBSCRIBE_FIELD
    ? 'give --unsubscribe-url or --unsubscribe-mailto, whose link it is'
    : `use one of: ${[...known].join(', ')}`;

const PROPERTIES = ['size', 'first', 'last'];
/** Those of lists, of their parts as `group_by` makes them, and of the loops over them. */
const PROPERTIES_OF_LISTS = [
  ...[...PROPERTIES, 'name', 'items', 'length', 'index', 'index0', 'rindex', 'rindex0'],
  ...['row', 'col', 'col0', 'col_first', 'col_last'],
];

/** @throws CampaignError BAD_TEMPLATE where a property is read that no value can have */
function refuseProperties(template: NamedTemplate, { variables, globals }: StaticAnalysis): void {
  for (const variable of Object.values(variables).flat()) {
    const [name, ...path] = variable.segments;
    const isField = globals[String(name)]?.includes(variable) ?? false;
    const known: unknown[] = isField ? PROPERTIES : PROPERTIES_OF_LISTS;
    const wrong = path.find(
      (part) => (isField || typeof part === 'string') && !known.includes(part),
    );
    if (wrong === undefined) continue;
    const { row, col } = variable.location;
    throw badTemplate(
      template,
      [row, col],
      `${isField ? 'the merge field ' : ''}"${String(name)}" has no property "${String(wrong)}"`,
      `write {{ ${String(name)} }} alone, or one of the properties ${known.join(', ')}`,
    );
  }
}

/** @throws CampaignError BAD_TEMPLATE where a tag stands that Liquid does not see */
function refuseEncodedTags(template: NamedTemplate, known: readonly string[]): void {
  const found = findEncodedTag(template.source, known);
  if (!found) return;
  const before = template.source.slice(0, found.index).split('\n');
  throw badTemplate(
    template,
    [before.length, (before.at(-1) ?? '').length + 1],
    `"${found.written}" is a tag that was encoded, and would be sent as it stands`,
    `write ${found.meant} instead, or {% raw %}${found.meant}{% endraw %} where readers are to see the braces`,
  );
}

const PLAIN_OUTPUT = /^\s*([\p{L}\p{M}\p{N}_-]+)\s*(?:\|\s*(raw|escape)\s*)?$/u;

/** What a template by itself is parsed with. */
export type TemplateSetting = MergeFields & Pick<TemplateSources, 'timezone'>;

/**
 * Parses one template.
 * @param traces whether its scopes note which empty fields are printed: see `printedIn`
 * @throws CampaignError BAD_TEMPLATE
 */
export function parseTemplate(
  template: NamedTemplate,
  sources: TemplateSetting,
  encoding: Encoding,
  traces = false,
): ParsedTemplate {
  const engine = engineFor(encoding, traces);
  const nodes = parse(engine, template);
  refuseEncodedTags(template, [EMAIL_FIELD, ...sources.fieldNames]);
  const analysis = engine.analyzeSync(nodes);
  const { locals } = analysis;
  const used = usedFields(template, analysis.globals, sources);
  refuseProperties(template, analysis);

  const toPiece = (node: Template): Piece => {
    if (node instanceof Output) {
      const [, written = '', filter] = PLAIN_OUTPUT.exec(node.token.content) ?? [];
      const field = written in locals ? undefined : used.get(written);
      if (field !== undefined) {
        return { kind: 'field', field, encoding: filter === 'raw' ? null : encoding };
      }
    } else if (!(node instanceof Tag)) {
      return { kind: 'static', text: String(engine.renderSync([node])) };
    } else if (encoding.marksStatic) {
      markStatic([node], encoding);
    }
    return {
      kind: 'liquid',
      render: (scope) => encoding.finish(String(engine.renderSync([node], scope))),
    };
  };

  const pieces = nodes.map((node): TemplatePiece => {
    const piece = toPiece(node);
    const { begin } = node.token;
    // What Liquid trims off a text stands before it.
    const at = piece.kind === 'static' ? template.source.indexOf(piece.text, begin) : begin;
    return { ...piece, at };
  });
  const inLiquid = engine.analyzeSync(
    nodes.filter((_, index) => pieces[index]?.kind === 'liquid'),
  ).globals;
  const inScope = [...used].filter(([written]) => written in inLiquid);
  return {
    pieces,
    fields: [...new Set(used.values())],
    scope: (values, now) => {
      const variables: Record<string, Cell> = {};
      for (const [written, field] of inScope) {
        const cell = new Cell(encoding.clean(values(field)));
        variables[written] = traces && cell.isEmpty() ? new TracedCell([field]) : cell;
      }
      const scope = new Context(variables, engine.options, { sync: true }, { liquid: engine });
      scope.setRegister(NOW, now.getTime());
      scope.setRegister(ZONE, sources.timezone);
      return scope;
    },
  };
}

const URL_START = /^(https:\/\/|mailto:)[^/?#]/i;

const UNLIKE_A_URL = '😀 <a b> 100%';

/**
 * One click takes HTTPS (RFC 8058 §3.1), so nothing less is taken for the Web. What the template makes with values and
 * without is tried here: once it is queued nobody can mend it.
 */
function refuseBadUrl(template: NamedTemplate, parsed: ParsedTemplate, rule: HeaderRule): void {
  const [first] = parsed.pieces;
  if (first?.kind !== 'static' || !URL_START.test(first.text)) {
    throw badTemplate(
      template,
      [],
      'does not begin with https:// or mailto:',
      'write all of the URL',
    );
  }
  const urlWith = (value: string): string => renderTemplate(parsed, () => value, new Date(0));
  try {
    for (const value of ['x', '']) rule(urlWith(value));
    // Rendered alone: what is to go into a URL by `raw` does not look like this.
    urlWith(UNLIKE_A_URL);
  } catch (error) {
    throw badTemplate(
      template,
      [],
      (error as Error).message,
      'percent-encode spaces, < and >, and what is not ASCII; values are encoded by themselves',
    );
  }
}

const ENCODINGS = { text: FOR_TEXT, html: FOR_HTML, url: FOR_URL };

/**
 * Parses a message's templates and checks that they use only fields the list has, whatever case they are written in.
 * Values are escaped for HTML and percent-encoded for URLs unless `| raw` says otherwise.
 * @throws CampaignError BAD_TEMPLATE naming the template, line and column
 */
export const parseTemplates = (sources: TemplateSources, traces = false): ParsedTemplates =>
  mapTemplates(sources, (template, key) => {
    const { kind } = MESSAGE_VALUES[key];
    const parsed = parseTemplate(template, sources, ENCODINGS[kind], traces);
    const rule = headerOf(key);
    if (kind === 'url' && rule) refuseBadUrl(template, parsed, rule);
    return parsed;
  });

/** A template by itself, of text. */
export const parseText = (template: NamedTemplate, sources: TemplateSetting): ParsedTemplate =>
  parseTemplate(template, sources, FOR_TEXT);

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
      return piece.encoding ? piece.encoding.encode(values(piece.field)) : values(piece.field);
    case 'liquid':
      return piece.render(scope());
  }
}

/** A template with its values filled in. */
export function renderTemplate(template: ParsedTemplate, values: FieldValues, now: Date): string {
  const scope = lazyScope(template, values, now);
  return template.pieces.map((piece) => renderPiece(piece, values, scope)).join('');
}

/** Rendering needs no scope where all pieces are static text and plain fields, as they mostly are. */
export function lazyScope(template: ParsedTemplate, values: FieldValues, now: Date): () => Context {
  let scope: Context | undefined;
  return () => {
    scope ??= template.scope(values, now);
    return scope;
  };
}
