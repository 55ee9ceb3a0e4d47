/** What a file holds: its bytes, pieces of them, or where they are read, once, when it is stored. */
export type FileContent =
  | Buffer
  | AsyncIterable<Uint8Array | string>
  /** Within a folder, where it is to be in that: else it may be a link to anywhere. */
  | { readonly path: string; readonly folder?: string };

/** A file that is to go with a message, as it is given. */
export interface GivenFile {
  /** How errors call it: `--attach report.pdf`, `attachments[0]`. */
  called: string;
  /** What mail programs show: no path. */
  name: string;
  /** MIME type, with parameters if need be; told by the extension of the name where it is left out. */
  type?: string | undefined;
  content: FileContent;
}

/** One that the HTML shows: by its `cid`, as `cid:logo`, or, where that is left out, by its name, as `logo.png`. */
export interface GivenInline extends GivenFile {
  /** Content-ID, without brackets. */
  cid?: string | undefined;
}

/** The files that go with messages, as they are given; each part may be left out. */
export interface GivenFiles {
  attachments?: readonly GivenFile[] | undefined;
  inline?: readonly GivenInline[] | undefined;
  /** Where pictures are that the HTML names by paths; left out, such paths stay as they are. */
  imageFolder?: string | undefined;
  /** A file for each row: a column that names it (its header, or its position from 1), and the folder where it is. */
  rowFiles?: { column: string; folder: string } | undefined;
}
