import type { Findings } from './findings.js';
import type { LintedMessage, LintedRow } from './linted.js';

/** Kinds of files that Gmail takes from nobody (https://support.google.com/mail/answer/6590). */
const BLOCKED = new Set(
  `ade adp apk appx appxbundle bat cab chm cmd com cpl diagcab diagcfg diagpkg dll dmg ex ex_ exe hta img ins iso isp jar jnlp
   js jse lib lnk mde mjs msc msi msix msixbundle msp mst nsh pif ps1 scr sct shb sys vb vbe vbs vhd vxd wsc wsf wsh xll`.split(
    /\s+/,
  ),
);

const isBlocked = (name: string): boolean =>
  BLOCKED.has(name.slice(name.lastIndexOf('.') + 1).toLowerCase()) && name.includes('.');

/** Looks at the names of what goes with messages. */
export function lintFiles(
  { files }: Pick<LintedMessage, 'files'>,
  rows: readonly Pick<LintedRow, 'seq' | 'fileNames'>[],
  findings: Findings,
): void {
  const tell = (name: string, where: string): void =>
    findings.add('blocked-attachment', {
      message: `${name} is a file of a kind that Gmail refuses, and with it the message`,
      remedy: 'leave it out, and link to where it can be had',
      where,
    });
  for (const { name } of files) if (isBlocked(name)) tell(name, `the file ${name}`);
  for (const { seq, fileNames = [] } of rows) {
    for (const name of fileNames) if (isBlocked(name)) tell(name, `row ${seq}`);
  }
}
