import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type ParsedMail, parseByMailparser } from '../support/parsed-mail.ts';
import { runCommand } from '../support/run-command.ts';
import { type SmtpServer, startSmtpServer } from '../support/smtp.ts';

const GOLDEN = fileURLToPath(new URL('golden', import.meta.url));
const golden = (name: string): string => join(GOLDEN, name);
/** Where the pictures are left to be looked at: a folder that is named, or one that is deleted. */
const pictures = process.env.GOLDEN_PICTURES ?? mkdtempSync(join(tmpdir(), 'golden-'));

let db: TestDatabase;
let smtp: SmtpServer;
let browser: Browser;
beforeAll(async () => {
  db = await createTestDatabase();
  smtp = await startSmtpServer();
  browser = await startBrowser();
}, 120_000);
afterAll(async () => {
  await browser.close();
  await smtp.close();
  await db.drop();
  if (process.env.GOLDEN_PICTURES === undefined) rmSync(pictures, { recursive: true });
});

/** Each shape of a message, and what makes it. */
const SHAPES: Record<string, readonly string[]> = {
  text: [`--text=${golden('text.txt')}`, '--subject=Grüße, {{ name }}'],
  html: [`--html=${golden('news.html')}`, '--subject=News for {{ name }}', '--inline-css'],
  'html-and-text': [
    `--html=${golden('news.html')}`,
    `--text=${golden('text.txt')}`,
    '--subject=News for {{ name }}',
    '--unsubscribe-url=https://example.org/leave',
  ],
  pictures: [`--html=${golden('pictures.html')}`, '--subject=With pictures'],
  files: [
    `--text=${golden('text.txt')}`,
    '--subject=With files',
    `--attach=${golden('Übersicht März.csv')}`,
    '--attach-column=invoice',
    `--attach-dir=${GOLDEN}`,
  ],
  everything: [
    `--html=${golden('pictures.html')}`,
    `--text=${golden('text.txt')}`,
    '--subject=With all of it',
    `--attach=${golden('terms.txt')}`,
    '--attach-column=invoice',
    `--attach-dir=${GOLDEN}`,
  ],
  markdown: [`--markdown=${golden('letter.md')}`, '--subject=In Markdown'],
  saved: [`--eml=${golden('saved.eml')}`],
  folder: [`--message=${golden('folder')}`],
};

/** What is different each time. */
const settled = (raw: string): string => {
  const found = [...raw.matchAll(/boundary="([^"]+)"/g)].map(([, boundary = '']) => boundary);
  return [...new Set(found)]
    .reduce((text, one, index) => text.replaceAll(one, `boundary-${index + 1}`), raw)
    .replace(/^Date: .*$/m, 'Date: …')
    .replace(/^Message-ID: .*$/m, 'Message-ID: …')
    .replace(/(example\.org\/leave\/)[\w-]+/g, '$1…')
    .replaceAll('\r\n', '\n');
};

async function arrived(shape: string): Promise<string> {
  const queued = await runCommand(
    [
      'queue',
      `--list=${golden('list.csv')}`,
      '--yes',
      ...(shape === 'saved' || shape === 'folder' ? [] : ['--from=News <news@example.org>']),
      ...(SHAPES[shape] ?? []),
    ],
    { url: db.url },
  );
  expect([queued.code, queued.stderr]).toEqual([0, expect.any(String)]);
  smtp.messages.length = 0;
  const { code } = await runCommand(['run-scheduler', '--until-idle'], {
    url: db.url,
    env: { CAMPAIGN_SMTP_URL: smtp.url },
  });
  expect([code, smtp.messages.length]).toEqual([0, 1]);
  return smtp.messages[0]?.raw ?? '';
}

/** The message's HTML as a mail program shows it, its pictures from its parts. */
async function shown(mail: ParsedMail, width: number): Promise<Page> {
  const html = mail.files.reduce(
    (text, { cid, type, content }) =>
      cid === undefined
        ? text
        : text.replaceAll(
            `cid:${cid.replace(/^<|>$/g, '')}"`,
            `data:${type};base64,${content.toString('base64')}"`,
          ),
    mail.html ?? '',
  );
  const page = await browser.newPage({ viewport: { width, height: 600 } });
  await page.setContent(html);
  return page;
}

/** The colour of a place in an element, in shares of its width and height, as the picture of the page has it. */
async function colourOf(page: Page, selector: string, x = 0.5, y = 0.5): Promise<number[]> {
  const picture = await page.locator(selector).screenshot();
  const looker = await browser.newPage();
  try {
    return await looker.evaluate(`(async () => {
      const image = new Image();
      image.src = 'data:image/png;base64,${picture.toString('base64')}';
      await image.decode();
      const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
      context.drawImage(image, 0, 0);
      return [...context.getImageData(image.width * ${x}, image.height * ${y}, 1, 1).data].slice(0, 3);
    })()`);
  } finally {
    await looker.close();
  }
}

const RED = [204, 0, 0];
const GREEN = [0, 170, 85];
const BLUE = [0, 51, 102];
const BROWN = [102, 51, 0];

/** What somebody sees of a shape who looks at it. */
const SEEN: Record<string, (page: Page, width: number) => Promise<void>> = {
  html: async (page, width) => {
    expect(await colourOf(page, '.band')).toEqual(width > 400 ? BLUE : BROWN);
    expect(await colourOf(page, 'a', 0.05, 0.5)).toEqual(GREEN);
    expect(await page.locator('a').getAttribute('style')).toContain('background: #00aa55');
    expect(await page.locator('#greeting').textContent()).toBe('Dear Änne Müller,');
    expect(await page.getByText('under the subject').isVisible()).toBe(false);
  },
  'html-and-text': async (page) => {
    expect(await colourOf(page, 'a', 0.05, 0.5)).toEqual(GREEN);
  },
  pictures: async (page) => {
    expect(await colourOf(page, '#first')).toEqual(RED);
    expect(await colourOf(page, '#second')).toEqual(RED);
  },
  everything: async (page) => {
    expect(await colourOf(page, '#first')).toEqual(RED);
  },
  markdown: async (page) => {
    expect(await page.locator('h1').textContent()).toBe('Hello Änne Müller');
    expect(await page.locator('li').count()).toBe(2);
    expect(await page.locator('td').allTextContents()).toEqual(['Tea', '4.20']);
  },
  saved: async (page) => {
    expect(await page.locator('#greeting').textContent()).toBe('Dear Änne Müller, grüße');
  },
  folder: async (page) => {
    expect(await colourOf(page, '#first')).toEqual(RED);
    expect(await page.locator('p').textContent()).toBe('Dear Änne Müller');
  },
};

describe.each(Object.keys(SHAPES))('a message of the shape “%s”', (shape) => {
  let raw = '';
  beforeAll(async () => {
    raw = await arrived(shape);
  });

  it('arrives as it is kept', async () => {
    await expect(settled(raw)).toMatchFileSnapshot(golden(`arrived/${shape}.eml`));
  });

  const see = SEEN[shape];
  if (see === undefined) return;
  it.each([320, 800])('is seen as it is meant on a screen %i wide', async (width) => {
    const page = await shown(await parseByMailparser(raw), width);
    await page.screenshot({ path: join(pictures, `${shape}-${width}.png`), fullPage: true });
    await see(page, width);
    const wide = await page.evaluate('document.documentElement.scrollWidth');
    expect(wide).toBeLessThanOrEqual(width);
    await page.close();
  });
});
