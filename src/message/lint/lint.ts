import type { LintFinding } from '../../domain/lint.js';
import { mapTemplates } from '../../domain/message-values.js';
import { count } from '../../domain/text.js';
import { mailLink, usableFields, webLink } from '../../domain/unsubscribe-link.js';
import { type Compiled, compileMessage, valuesFor } from '../compile.js';
import { deriveText } from '../content.js';
import { type PlacedTag, tellOfForeignTag } from '../foreign-tags.js';
import { htmlToText, seenIn, TooDeep } from '../plain-text.js';
import { PLACEHOLDER_TOKEN, placeholders } from '../preview.js';
import {
  type FieldValues,
  type ParsedTemplate,
  parseTemplates,
  renderTemplate,
} from '../template.js';
import { lintFiles } from './file-rules.js';
import { Findings } from './findings.js';
import { lintSenders, lintUnsubscribing } from './header-rules.js';
import { lintHtml } from './html-rules.js';
import type { LintedMessage, LintedRow } from './linted.js';
import { LintedTemplate, type Rendered } from './rendered.js';
import { lintSubjects, SUBJECT_NAME } from './subject-rules.js';

/** Characters of HTML after which no more rows are read: far more than 20 messages have that nobody clips. */
const MARKUP_READ = 4 * 1024 * 1024;
/** Characters of HTML up to which it is told what a reader sees of it; what is longer is clipped anyway. */
const TEXT_MADE = 512 * 1024;
/** Above it Gmail clips a message. */
const CLIPPED_BYTES = 102 * 1024;
/** Fewer are no text beside pictures. */
const FEW_CHARACTERS = 200;
/** Liquid in a value of the list. */
const TAG = /\{\{[^{}]{1,200}\}\}|\{%[^{}]{1,200}%\}/;

/** Looks at a message as the rows of a list get it. @param rows at least one */
export function lintMessage(
  linted: LintedMessage,
  rows: readonly LintedRow[],
  now: Date,
): LintFinding[] {
  const { message, tags, relay } = linted;
  const findings = new Findings();
  lintSenders(message, relay, findings);
  lintTags(tags, findings);
  const seen = new RowReader(linted, findings, now).readAll(rows);
  lintUnsubscribing(
    { ...message, hasRowFiles: linted.hasRowFiles },
    seen.body,
    seen.name,
    findings,
  );
  lintSubjects(seen.subjects, findings);
  lintFiles(linted, rows, findings);
  return findings.all();
}

/** Merge tags of other tools alone: where Liquid cannot read a template for them, no more can be told. */
export function lintTagsAlone(tags: readonly PlacedTag[]): LintFinding[] {
  const findings = new Findings();
  lintTags(tags, findings);
  return findings.all();
}

function lintTags(tags: readonly PlacedTag[], findings: Findings): void {
  for (const tag of tags) {
    const { template, line, written, isCertain } = tag;
    const [what, remedy] = tellOfForeignTag(tag);
    const isHeader = template === 'subject' || /^(?:the header |--)/.test(template);
    findings.add('foreign-merge-tag', {
      severity: isCertain ? undefined : 'warning',
      message: isCertain
        ? what
        : `"${written}" looks like a merge tag of another tool, and is sent as it stands`,
      remedy,
      where: isHeader
        ? template === 'subject'
          ? SUBJECT_NAME
          : template
        : `${template} line ${line}`,
      written,
    });
  }
}

/** What the rows came to. */
interface SeenRows {
  subjects: Rendered[];
  /** The first message as a reader sees it, with the addresses of its links. */
  body: string | undefined;
  /** What its body is called. */
  name: string;
}

class RowReader {
  /** Null where no text is made of the HTML, or none can be. */
  private readonly compiled: Compiled | null;
  private readonly subject: LintedTemplate;
  private readonly html: LintedTemplate | null;
  private readonly text: ParsedTemplate | null;
  private readonly ownText: LintedTemplate | null;
  private readonly cids: ReadonlySet<string>;
  private left = MARKUP_READ;
  private longest: { html: Rendered; bytes: number } | undefined;
  /** The row with pictures that has the least text. */
  private barest: { html: Rendered; characters: number } | undefined;

  constructor(
    private readonly linted: LintedMessage,
    private readonly findings: Findings,
    private readonly now: Date,
  ) {
    const { message, files } = linted;
    const parsed = parseTemplates({
      ...mapTemplates(message, (template, key) => ({ name: key, source: template })),
      fieldNames: usableFields(message),
      timezone: message.timezone,
    });
    const body = (key: 'html' | 'text'): LintedTemplate | null => {
      const [template, sent, authored] = [parsed[key], message[key], linted[key]];
      if (!template || sent === null || !authored) return null;
      return new LintedTemplate({ name: authored.name, source: sent }, template, authored.origin);
    };
    this.subject = new LintedTemplate(
      { name: SUBJECT_NAME, source: message.subject },
      parsed.subject,
      null,
    );
    this.html = body('html');
    this.ownText = body('text');
    this.compiled = this.compile();
    this.text =
      parsed.text ??
      (message.html === null || !this.compiled ? null : deriveText(message.html, message));
    this.cids = new Set(files.flatMap(({ cid }) => cid ?? []));
  }

  private compile(): Compiled | null {
    const { message } = this.linted;
    if ((message.html?.length ?? 0) > TEXT_MADE) return null;
    const source = { ...message, sendId: 0, topic: '', version: 1, queuedFrom: null };
    const withoutFiles = { ...source, files: [], rowFilesBytes: 0 };
    try {
      return compileMessage(withoutFiles, placeholders(withoutFiles));
    } catch (error) {
      if (!(error instanceof TooDeep)) throw error;
      const { message: why, remedy } = error;
      const where = this.html?.sent.name ?? 'the HTML';
      this.findings.add('failing-row', { message: why, remedy, where });
      return null;
    }
  }

  readAll(rows: readonly LintedRow[]): SeenRows {
    const seen: SeenRows = {
      subjects: [],
      body: undefined,
      name: (this.html ?? this.ownText)?.sent.name ?? 'the body',
    };
    let isFirst = true;
    for (const row of rows) {
      if (this.left <= 0) break;
      if (!this.canBeMade(row)) continue;
      const values = this.valuesOf(row);
      seen.subjects.push(this.subject.render(values, this.now, row.seq));
      this.lookForTags(row, values);
      const html = this.html?.render(values, this.now, row.seq);
      if (isFirst) seen.body = html ? this.toText(html) : this.textOf(values, undefined);
      if (html) this.readHtml(html, values);
      isFirst = false;
    }
    this.tellOfLength();
    this.tellOfPictures();
    return seen;
  }

  private valuesOf(row: LintedRow): FieldValues {
    const { unsubscribeUrl, unsubscribeMailto } = this.linted.message;
    const link =
      unsubscribeUrl !== null
        ? webLink(unsubscribeUrl, PLACEHOLDER_TOKEN)
        : unsubscribeMailto !== null
          ? mailLink(unsubscribeMailto, PLACEHOLDER_TOKEN)
          : undefined;
    return valuesFor(row, link);
  }

  private canBeMade(row: LintedRow): boolean {
    try {
      this.compiled?.fill({ ...row, attempts: 0, files: [] }, this.now);
      return true;
    } catch (error) {
      const [reason = ''] = (error as Error).message.split('\n');
      this.findings.add('failing-row', {
        message: `the message of ${row.email} cannot be made: ${reason}`,
        remedy: 'mend the template, or that row of the list',
        where: `row ${row.seq}`,
      });
      return false;
    }
  }

  /** Tags in values: those of the template are rendered, or stand there by its author's will. */
  private lookForTags({ seq }: LintedRow, values: FieldValues): void {
    for (const template of [this.subject, this.html, this.ownText]) {
      for (const field of template?.parsed.fields ?? []) {
        const [tag] = TAG.exec(values(field)) ?? [];
        if (tag === undefined || !template) continue;
        const where = `${template.sent.name}, row ${seq}`;
        this.findings.add('tag-in-value', {
          message: `the value of ${field} has ${tag} in it, which readers see as it stands`,
          remedy: 'fill that cell of the list with what is meant',
          where: () => ({ where, key: `${template.sent.name} ${field}` }),
          written: tag,
        });
      }
    }
  }

  private readHtml(html: Rendered, values: FieldValues): void {
    const bytes = Buffer.byteLength(html.text);
    if (bytes > (this.longest?.bytes ?? 0)) this.longest = { html, bytes };
    this.left -= html.text.length;
    const { pictures, characters } = lintHtml(html, this.cids, this.findings);
    if (pictures > 0 && characters < (this.barest?.characters ?? Number.POSITIVE_INFINITY)) {
      this.barest = { html, characters };
    }
    if (this.textOf(values, html)?.trim() !== '') return;
    this.findings.add('empty-text', {
      message: 'the text part is empty, for those who read no HTML',
      remedy: 'give pictures an alt text, or a text part with --text',
      where: () => ({
        where: (this.ownText ?? this.html ?? this.subject).whereOf(html.row),
        key: '',
      }),
    });
  }

  private textOf(values: FieldValues, html: Rendered | undefined): string | undefined {
    if (this.text) return renderTemplate(this.text, values, this.now);
    return html && this.toText(html);
  }

  /** As a reader sees it; undefined where that cannot be told. */
  private toText(html: Rendered): string | undefined {
    return this.compiled ? unlessTooDeep(() => htmlToText(html.text)) : undefined;
  }

  private tellOfLength(): void {
    if (!this.longest || this.longest.bytes <= CLIPPED_BYTES) return;
    const { html, bytes } = this.longest;
    this.findings.add('clipped-html', {
      message: `the HTML has ${count(Math.ceil(bytes / 1024))} KB, of which Gmail shows 102 and hides the rest`,
      remedy:
        'shorten it, or link to a page with the rest; styles of each element and blanks between them count',
      where: html.whereOfRow,
    });
  }

  private tellOfPictures(): void {
    const { barest } = this;
    const seen = barest && this.compiled && unlessTooDeep(() => seenIn(barest.html.text));
    if (!seen || seen.pictures === 0 || seen.characters >= FEW_CHARACTERS) return;
    this.findings.add('image-only', {
      severity: this.linted.hasRowFiles ? 'info' : undefined,
      message: `readers see ${count(seen.characters)} characters of text beside ${seen.pictures === 1 ? 'a picture' : 'pictures'}, which filters take for spam`,
      remedy: 'say in text what the pictures say: many readers do not have them shown',
      where: barest.html.whereOfRow,
    });
  }
}

/** Undefined where elements stand in one another so deep that no reading comes to an end. */
function unlessTooDeep<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof TooDeep) return undefined;
    throw error;
  }
}
