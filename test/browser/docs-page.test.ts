import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestStack, type TestStack } from '../stack.ts';
import { startBrowser, type TestBrowser } from './browser.ts';

/** The page for people, in a real browser. The browser comes as a package for Linux on x64 alone. */
const hasBrowser = process.platform === 'linux' && process.arch === 'x64';

let test: TestStack;
let started: TestBrowser;

beforeAll(async () => {
  if (hasBrowser) [test, started] = await Promise.all([startTestStack(), startBrowser()]);
}, 120_000);
afterAll(async () => {
  if (!hasBrowser) return;
  await started.stop();
  await test.stop();
  expect(existsSync(started.folder)).toBe(false);
});

const open = async (viewport: { width: number; height: number }, colorScheme: 'light' | 'dark') => {
  const context = await started.browser.newContext({ viewport, colorScheme });
  const asked: string[] = [];
  const complaints: string[] = [];
  context.on('request', (request) => asked.push(request.url()));
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => complaints.push(message.text()));
  await page.goto(`${test.stack.keeperUrl}/docs`, { waitUntil: 'load' });
  return { context, page, asked, complaints };
};

describe.runIf(hasBrowser)('the page of the API', () => {
  it.each([
    [1280, 'light'],
    [360, 'dark'],
  ] as const)('asks for nothing but itself at %i pixels, and fits', async (width, colorScheme) => {
    const { context, page, asked, complaints } = await open({ width, height: 800 }, colorScheme);
    expect(asked).toEqual([`${test.stack.keeperUrl}/docs`]);
    expect(complaints).toEqual([]);
    const scrollWidth = await page.evaluate('document.documentElement.scrollWidth');
    expect(scrollWidth).toBeLessThanOrEqual(width);
    await context.close();
  });

  it('has every call, and leads to it', async () => {
    const { context, page } = await open({ width: 1024, height: 800 }, 'light');
    const description = (await (await fetch(`${test.stack.keeperUrl}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { summary: string }>>;
    };
    const summaries = Object.values(description.paths).flatMap((item) =>
      Object.values(item).map(({ summary }) => summary),
    );
    expect(summaries.length).toBeGreaterThan(15);
    for (const summary of new Set(summaries)) {
      expect(await page.getByRole('heading', { name: summary, exact: false }).count()).toBeGreaterThan(0);
    }
    const [first = ''] = summaries;
    await page.getByRole('navigation').getByRole('link', { name: first }).first().click();
    expect(new URL(page.url()).hash).not.toBe('');
    const target = page.locator(new URL(page.url()).hash);
    expect(await target.count()).toBe(1);
    await context.close();
  });
});
