/** A document of rows that come page by page, as pieces of one text: ten million rows are never in memory. */
export interface RowsText<R> {
  rows(rows: readonly R[]): string;
  /** @param next cursor of the next page, null after the last */
  end(next: string | null): string;
}

/** `{"<key>":[…],"next":…}`, an object a line. */
export function rowsDocument<R>(key: string, json: (row: R) => unknown): RowsText<R> {
  let separator = `{"${key}":[`;
  return {
    rows: (rows) =>
      rows
        .map((row) => {
          const text = `${separator}\n${JSON.stringify(json(row))}`;
          separator = ',';
          return text;
        })
        .join(''),
    end: (next) => `${separator === ',' ? '\n' : separator}],"next":${JSON.stringify(next)}}\n`,
  };
}
