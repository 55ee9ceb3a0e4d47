/** Which column, or expression, of a SELECT is read into which key of a value. */
export type Columns<K extends string = string> = Readonly<Record<K, string>>;

/** The list of a SELECT: "s.ID AS `id`, …". */
export const select = (columns: Columns): string =>
  Object.entries(columns)
    .map(([key, column]) => `${column} AS \`${key}\``)
    .join(', ');

/** Some of the columns. */
export const pick = <K extends string>(columns: Columns<K>, ...keys: readonly K[]): Columns<K> =>
  Object.fromEntries(keys.map((key) => [key, columns[key]])) as Columns<K>;
