import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sparticuz, { inflate } from '@sparticuz/chromium';
import { type Browser, chromium } from 'playwright-core';

/**
 * A browser from an npm package, with the libraries that it needs: nothing of the machine's own is used but its C
 * library. It is unpacked into a temporary folder (some 200 MB), which goes with it.
 */
export interface TestBrowser {
  browser: Browser;
  folder: string;
  stop(): Promise<void>;
}

export const startBrowser = async (): Promise<TestBrowser> => {
  const folder = mkdtempSync(join(tmpdir(), 'lease-keeper-browser-'));
  const before = process.env.TMPDIR;
  let browser: Browser | undefined;
  const stop = async (): Promise<void> => {
    await browser?.close();
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    // The unpacking and the driver both ask for the temporary folder at each call.
    process.env.TMPDIR = folder;
    const executablePath = await sparticuz.executablePath();
    const libraries = new URL('../bin/al2023.tar.br', import.meta.resolve('@sparticuz/chromium'));
    await inflate(fileURLToPath(libraries));
    const fonts = join(folder, 'fonts');
    // The package's own list of fonts names folders outside of this one.
    writeFileSync(join(fonts, 'fonts.conf'), fontsConfiguration(fonts));
    browser = await chromium.launch({
      executablePath,
      // Tests run as root too, where the sandbox cannot.
      chromiumSandbox: false,
      args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
      env: {
        PATH: process.env.PATH ?? '',
        HOME: folder,
        TMPDIR: folder,
        TZ: 'UTC',
        LD_LIBRARY_PATH: join(folder, 'al2023/lib'),
        FONTCONFIG_FILE: join(fonts, 'fonts.conf'),
      },
    });
    return { browser, folder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

const fontsConfiguration = (fonts: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${fonts}</dir><cachedir>${fonts}/cache</cachedir><config></config></fontconfig>
`;
