/** @param applied names of DDL files, in their order */
export const migrateJson = (applied: readonly string[]) => ({ applied: [...applied] });
