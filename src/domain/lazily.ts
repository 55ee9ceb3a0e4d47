/** What is made when it is first asked for: patterns of Unicode properties take Node a millisecond each, which most commands need not spend. */
export function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
