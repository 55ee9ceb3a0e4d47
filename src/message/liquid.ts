import {
  CaptureTag,
  CaseTag,
  type Context,
  defaultOperators,
  type Emitter,
  evalToken,
  filters,
  Liquid,
  RawTag,
  TablerowTag,
  Tag,
  type Template,
  TypeGuards,
  toValue,
  toValueSync,
} from 'liquidjs';
import { Cell, comparable } from './cell.js';
import { readMoment, strftime, type Zone } from './dates.js';
import { type Encoding, FOR_URL, wellFormed } from './encodings.js';
import { decodeEntities } from './plain-text.js';
import { type FilterHandler, notePrinted, registerTracingTags, tracingFilter } from './traced.js';

/** Milliseconds one rendering may take: a loop without end must not hold the worker. */
const RENDER_LIMIT_MS = 5_000;
/** liquidjs' measure of what a rendering creates, about a character each. */
const MEMORY_LIMIT = 5_000_000;

type FilterCall = ThisParameterType<FilterHandler>;
type Operator = (left: unknown, right: unknown, context: Context) => unknown;

const { '==': equal, '!=': unequal, contains } = defaultOperators as Record<string, Operator>;

/** Cells compare as cells on either side. */
const cellFirst =
  (operator: Operator | undefined): Operator =>
  (left, right, context) =>
    right instanceof Cell && !(left instanceof Cell)
      ? operator?.(right, left, context)
      : operator?.(left, right, context);

const OPERATORS = {
  ...defaultOperators,
  '==': cellFirst(equal),
  '!=': cellFirst(unequal),
  contains: (left: unknown, right: unknown, context: Context) =>
    !(right instanceof Cell && right.isEmpty()) &&
    contains?.(comparable(left), comparable(right), context),
} as typeof defaultOperators;

class NoFiles extends Tag {
  constructor(...given: ConstructorParameters<typeof Tag>) {
    super(...given);
    throw new Error(`{% ${this.name} %} is not available: a template cannot read other files`);
  }
  override *render(): IterableIterator<string> {
    yield '';
  }
}

/** Takes a cell's own word for what it equals, where Liquid's takes its text. */
class CellCase extends CaseTag {
  override *render(context: Context, emitter: Emitter): Generator<unknown, void, unknown> {
    const target = yield this.value.value(context, context.opts.lenientIf);
    let isElse = true;
    for (const { values, templates } of this.branches) {
      for (const token of values) {
        const value = yield evalToken(token, context);
        if (!(yield OPERATORS['==']?.(target, value, context))) continue;
        isElse = false;
        yield this.liquid.renderer.renderTemplates(templates, context, emitter);
        break;
      }
    }
    if (isElse) {
      yield this.liquid.renderer.renderTemplates(this.elseTemplates, context, emitter);
    }
  }
}

/** Tags that hold text or write some, in terms of an encoding. */
function registerTags(engine: Liquid, encoding: Encoding): void {
  engine.registerTag('case', CellCase);
  engine.registerTag(
    'capture',
    class extends CaptureTag {
      override *render(context: Context): Generator<unknown, void, string> {
        const text = yield this.liquid.renderer.renderTemplates(this.templates, context);
        context.bottom()[this.variable] = new Cell(text, encoding.unmark(text));
      }
    },
  );
  if (!encoding.marksStatic) return;
  engine.registerTag(
    'raw',
    class extends RawTag {
      override render(): string {
        return encoding.mark(super.render());
      }
    },
  );
  engine.registerTag(
    'tablerow',
    class extends TablerowTag {
      override *render(context: Context, emitter: Emitter): Generator<unknown, void, unknown> {
        const { templates, liquid } = this;
        const inside: Template = {
          token: this.token,
          *render() {
            yield liquid.renderer.renderTemplates(templates, context, emitter);
          },
        };
        const marking = { write: (html: unknown) => emitter.write(encoding.mark(String(html))) };
        this.templates = [inside];
        try {
          yield* super.render(context, marking as Emitter);
        } finally {
          this.templates = templates;
        }
      }
    },
  );
}

/** Marks the static text inside the tags of a template. */
export function markStatic(nodes: readonly Template[], encoding: Encoding): void {
  for (const node of nodes) {
    const text = node as Template & { str?: unknown };
    if (typeof text.str === 'string') text.str = encoding.mark(text.str);
    else if (node.children) markStatic(toValueSync(node.children(false, true)), encoding);
  }
}

/** A value's text, as Liquid writes it. */
function textOf(value: unknown): string {
  if (value instanceof Cell) return value.toString();
  const plain: unknown = toValue(value);
  return Array.isArray(plain) ? plain.map(textOf).join('') : String(plain ?? '');
}

const unwrap = (value: unknown): unknown => (value instanceof Cell ? value.toString() : value);

/** What looks at characters as such gets the template's own as they are; what decodes them must bring no marks. */
const READS_CHARACTERS = new Set([
  ...['url_encode', 'cgi_escape', 'uri_escape', 'url_decode', 'slugify', 'base64_encode'],
  ...['base64_decode', 'sha256', 'hmac_sha256', 'json', 'jsonify', 'inspect', 'to_integer'],
]);

/** What looks for a text, its first argument, and may put another in its place. */
const LOOKS_FOR = new Set([
  ...['split', 'remove', 'remove_first', 'remove_last'],
  ...['replace', 'replace_first', 'replace_last'],
]);

/** A literal that stands in the value as markup is looked for, and replaced, as that: `split: "<br />"`. */
function asMarkup(
  call: FilterCall,
  value: unknown,
  given: unknown[],
  { mark }: Encoding,
): unknown[] {
  const [wanted] = given;
  if (typeof wanted !== 'string' || mark(wanted) === wanted) return given;
  if (!TypeGuards.isQuotedToken(call.token.args[0])) return given;
  if (!textOf(value).includes(mark(wanted))) return given;
  return given.map((argument, index) =>
    typeof argument === 'string' && TypeGuards.isQuotedToken(call.token.args[index])
      ? mark(argument)
      : argument,
  );
}

/** One of Liquid's filters on cells and marked text: what it makes of a cell is one. */
function overCells(name: string, handler: FilterHandler, encoding: Encoding): FilterHandler {
  const readsCharacters = READS_CHARACTERS.has(name);
  const looksFor = LOOKS_FOR.has(name);
  const inputOf = name === 'default' ? toValue : unwrap;
  return function (value: unknown, ...given: unknown[]) {
    let input: unknown = inputOf(value);
    let args = given.some((argument) => argument instanceof Cell) ? given.map(unwrap) : given;
    if (readsCharacters && typeof input === 'string') input = wellFormed(encoding.unmark(input));
    else if (looksFor) args = asMarkup(this, input, args, encoding);
    const result: unknown = handler.call(this, input, ...args);
    if (typeof result !== 'string') return result;
    const text = readsCharacters ? encoding.clean(result) : result;
    return value instanceof Cell ? new Cell(text, encoding.unmark(text)) : text;
  };
}

/** Where a scope keeps the time of the rendering, in milliseconds since 1970, and the zone that it is shown in. */
export const NOW = 'now';
export const ZONE = 'zone';

function momentOf(call: FilterCall, value: unknown, zone: unknown) {
  const { context } = call;
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const isGiven = zone !== undefined && zone !== null && zone !== '';
  const shownIn = isGiven ? zone : context.getRegister<string>(ZONE);
  return readMoment(value, shownIn as Zone, context.getRegister<number>(NOW) ?? 0);
}

const formatted = (format: string): FilterHandler =>
  function (value: unknown, given?: unknown, zone?: unknown) {
    const moment = momentOf(this, value, zone);
    const { memoryLimit } = this.context;
    return moment ? strftime(moment, textOf(given ?? format), (n) => memoryLimit.use(n)) : value;
  };

const dayFormatted = (month: '%b' | '%B'): FilterHandler =>
  function (value: unknown, type?: unknown, style?: unknown) {
    const format =
      type !== 'ordinal'
        ? `%d ${month} %Y`
        : style === 'US'
          ? `${month} %-d%q, %Y`
          : `%-d%q ${month} %Y`;
    return formatted(format).call(this, value);
  };

const DATE_FILTERS: Record<string, FilterHandler> = {
  date: formatted('%A, %B %-e, %Y at %-l:%M %P %z'),
  date_to_xmlschema(value: unknown) {
    return formatted('%Y-%m-%dT%H:%M:%S%:z').call(this, value);
  },
  date_to_rfc822(value: unknown) {
    return formatted('%a, %d %b %Y %H:%M:%S %z').call(this, value);
  },
  date_to_string: dayFormatted('%b'),
  date_to_long_string: dayFormatted('%B'),
};

/** Values are encoded when all is rendered, so Liquid's own ways to encode them leave them alone. */
function encodingFilters(encoding: Encoding): Record<string, FilterHandler> {
  return {
    ...Object.fromEntries(['escape', 'xml_escape', 'h'].map((name) => [name, textOf])),
    escape_once: (value) => encoding.clean(decodeEntities(textOf(value))),
    newline_to_br: (value) =>
      textOf(value).replace(/\r\n?|\n/g, (lineEnd) => `${encoding.lineBreak}${lineEnd}`),
    strip_html(value) {
      const marked =
        /\uFDD1(script|style)\b[\s\S]*?\uFDD1\/\1\uFDD2|\uFDD1!--[\s\S]*?--\uFDD2|\uFDD1[^\uFDD2]*\uFDD2/gi;
      return (filters.strip_html as FilterHandler).call(this, textOf(value).replace(marked, ''));
    },
    url_decode(value) {
      try {
        return (filters.url_decode as FilterHandler).call(this, value);
      } catch {
        // Text that was never encoded, such as `100 %`, is what it says.
        return value;
      }
    },
    raw: (value) => (encoding.marksStatic ? encoding.mark(textOf(value)) : textOf(value)),
    ...(encoding === FOR_URL
      ? Object.fromEntries(['url_encode', 'cgi_escape', 'uri_escape'].map((n) => [n, textOf]))
      : {}),
  };
}

const engines = new Map<Encoding, Liquid>();
const tracingEngines = new Map<Encoding, Liquid>();

/**
 * Liquid as this program's templates have it: cells as values, dates in a scope's zone, everything encoded once.
 * @param traces whether a rendering notes which empty cells it prints: for looking at lists, never on the sending path
 */
export function engineFor(encoding: Encoding, traces = false): Liquid {
  const known = traces ? tracingEngines : engines;
  let engine = known.get(encoding);
  if (!engine) {
    engine = createEngine(encoding, traces);
    known.set(encoding, engine);
  }
  return engine;
}

const noted: FilterHandler = function (value: unknown) {
  notePrinted(this.context, value);
  return unwrap(value);
};

function createEngine(encoding: Encoding, traces: boolean): Liquid {
  const engine = new Liquid({
    // Cells print as they stand, not as what they are in a condition.
    outputEscape: (traces ? noted : unwrap) as never,
    operators: OPERATORS,
    templates: {},
    strictFilters: true,
    ownPropertyOnly: true,
    renderLimit: RENDER_LIMIT_MS,
    memoryLimit: MEMORY_LIMIT,
  });
  for (const name of ['include', 'render', 'layout', 'block']) engine.registerTag(name, NoFiles);
  registerTags(engine, encoding);
  if (traces) registerTracingTags(engine, encoding);
  const handlers = { ...filters, ...DATE_FILTERS, ...encodingFilters(encoding) };
  for (const [name, handler] of Object.entries(handlers)) {
    const filter = overCells(name, handler as FilterHandler, encoding);
    engine.registerFilter(name, traces ? tracingFilter(name, filter) : filter);
  }
  return engine;
}
