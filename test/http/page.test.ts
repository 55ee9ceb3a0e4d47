import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PageWriter } from '../../src/http/page.ts';
import { DEFAULT_WORDS } from '../../src/http/words.ts';
import { axeFindings, startBrowser } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  type RunningEndpoint,
  type SeededSend,
  seedUnsubscribable,
  startEndpoint,
  suppressions,
} from '../support/endpoint.ts';

let browser: Browser;
let db: TestDatabase;
let send: SeededSend;
let endpoint: RunningEndpoint;
beforeAll(async () => {
  browser = await startBrowser();
  db = await createTestDatabase();
  send = await seedUnsubscribable(db.database, 20);
  endpoint = await startEndpoint(db.database);
});
afterAll(async () => {
  await browser.close();
  await endpoint.stop();
  await db.drop();
});

type Context = NonNullable<Parameters<Browser['newContext']>[0]>;

/** A tab without JavaScript, as wide as a small telephone, and whatever it complains of. */
async function open(
  url: string,
  context: Context = {},
): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage({
    viewport: { width: 320, height: 640 },
    javaScriptEnabled: false,
    ...context,
  });
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('requestfailed', (request) => complaints.push(request.url()));
  await page.goto(url);
  return { page, complaints };
}

const linkOf = (seq: number): string => `${endpoint.url}/u/${send.tokenOf(seq)}`;

/** Everything must be within the width: nobody has to scroll sideways (WCAG 2.2, 1.4.10). */
const overflow = (page: Page): Promise<number> =>
  page.locator('html').evaluate((root) => root.scrollWidth - root.clientWidth);

/** Every page there is, by whoever wrote it. */
const LONG = 'Gesellschaftsrechtsschutzversicherungsvertreterverband'.repeat(2);
const values = { sender: LONG, address: `a…@${'x'.repeat(63)}.example`, topic: 'z'.repeat(63) };
const PAGES = [
  {
    heading: 'ask_heading',
    texts: ['ask_everything'],
    button: { words: 'ask_button', answer: 'unsubscribe' },
    values,
  },
  {
    heading: 'ask_heading',
    texts: ['ask_topic'],
    button: { words: 'ask_button', answer: 'unsubscribe' },
    values,
  },
  {
    heading: 'done_heading',
    texts: ['done_topic'],
    button: { words: 'mistake_button', answer: 'mistake', quiet: true },
    values,
  },
  {
    heading: 'back_heading',
    texts: ['back'],
    button: { words: 'ask_button', answer: 'unsubscribe', quiet: true },
    values,
  },
  { heading: 'stands_heading', texts: ['stands', 'contact'], values },
  { heading: 'foreign_heading', texts: ['foreign', 'contact'] },
  { heading: 'later_heading', texts: ['later'] },
  { heading: 'many_heading', texts: ['many'] },
] as const satisfies Parameters<PageWriter['write']>[0][];

describe('a page', () => {
  it.each([
    ['light', 'ltr'],
    ['dark', 'ltr'],
    ['dark', 'rtl'],
  ] as const)(
    'has nothing that axe finds, and fits into 320 px: %s, %s',
    async (colorScheme, direction) => {
      const writer = new PageWriter(
        { ...DEFAULT_WORDS, direction },
        `${'m'.repeat(60)}@example.org`,
      );
      let html = '';
      const server = createServer((_, response) => {
        response.writeHead(200, {
          'Content-Type': 'text/html',
          'Content-Security-Policy': writer.policy,
        });
        response.end(html);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      try {
        for (const page of PAGES) {
          html = writer.write(page);
          // Isolated worlds, where axe runs, are off too where JavaScript is.
          const tab = await open(`http://127.0.0.1:${port}/`, {
            colorScheme,
            javaScriptEnabled: true,
          });
          expect(await axeFindings(tab.page)).toEqual([]);
          expect(await overflow(tab.page)).toBe(0);
          expect(tab.complaints).toEqual([]);
          await tab.page.close();
        }
      } finally {
        server.close();
      }
    },
  );

  it('is looked at by an axe that would find something', async () => {
    const { page } = await open('data:text/html,<p style="color:%23aaa">pale<img src="x">', {
      javaScriptEnabled: true,
    });
    const found = (await axeFindings(page)).join('\n');
    for (const rule of ['color-contrast', 'image-alt', 'html-has-lang', 'document-title']) {
      expect(found).toContain(rule);
    }
    await page.close();
  });

  it('is to a screen reader a heading, a text and a button', async () => {
    const { page } = await open(linkOf(1));
    expect(await page.locator('body').ariaSnapshot()).toBe(
      [
        '- main:',
        '  - heading "Unsubscribe from News?" [level=1]',
        '  - paragraph: If you unsubscribe, we send no more mail to r…@example.org, whatever it is about.',
        '  - button "Unsubscribe"',
      ].join('\n'),
    );
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    expect(await page.title()).toBe('Unsubscribe from News?');
    await page.close();
  });

  it('can be used by keyboard alone, without a script, there and back again', async () => {
    const { page, complaints } = await open(linkOf(2));
    const press = async (): Promise<void> => {
      await page.keyboard.press('Tab');
      const focused = "document.querySelector('button:focus-visible')";
      expect(await page.evaluate(`getComputedStyle(${focused}).outlineStyle`)).toBe('solid');
      await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    };
    const heading = () => page.locator('h1').textContent();
    await press();
    expect(await heading()).toBe('You are unsubscribed');
    expect(await suppressions(db.database)).toMatchObject([{ EMAIL_NORM: 'r2@example.org' }]);
    await press();
    expect(await heading()).toBe('You stay on the list');
    expect(await suppressions(db.database)).toEqual([]);
    await press();
    expect(await heading()).toBe('You are unsubscribed');
    await page.reload();
    expect(await heading()).toBe('You are unsubscribed');
    expect(complaints).toEqual([]);
    expect(page.url()).toBe(linkOf(2));
    expect(await page.context().cookies()).toEqual([]);
    await page.close();
  });
});
