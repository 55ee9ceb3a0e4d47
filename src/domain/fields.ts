/** The address a message goes to; every template can use it. */
export const EMAIL_FIELD = 'email';

/**
 * The merge field a column is filled in by: its header in lower case, runs of anything but letters, digits and
 * underscores as one `_`, none at the ends (`First Name` → `first_name`, `E-Mail (work)` → `e_mail_work`).
 * A name that would begin with a digit gets a `_` in front; a column without a header is `column_<position>`.
 * @param position of the column, from 1
 */
export function fieldName(header: string, position: number): string {
  const name = header
    .normalize('NFC')
    .toLowerCase()
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}_]+/gu, '_')
    .replace(/^_+|_+$/g, '');
  if (name === '') return `column_${position}`;
  return /^\p{N}/u.test(name) ? `_${name}` : name;
}

/** A text's letters and digits, without accents and the marks that some write over alif, in one width and case. */
export const squeeze = (text: string): string =>
  text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f\u0653-\u0655]|[^\p{L}\p{M}\p{N}]/gu, '');
