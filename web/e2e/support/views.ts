import { test as base, type Page } from "@playwright/test";

import { expectAccessible } from "./axe";
import { expect } from "./test";

const THEMES = ["light", "dark"] as const;
const SIZES = [
  { width: 1440, height: 900 },
  { width: 360, height: 740 },
];

/**
 * Looks at a page, or at whatever `open` makes of it, in both themes, at 1440 px and at 360 px: axe finds nothing, and nothing makes the
 * page itself wider than the window. With SHOTS=folder it leaves pictures there.
 */
export async function lookAt(page: Page, name: string, open: (page: Page) => Promise<void>) {
  for (const size of SIZES) {
    for (const theme of THEMES) {
      await base.step(`${name}, ${theme}, ${size.width} px`, async () => {
        await page.setViewportSize(size);
        await page.addInitScript((chosen) => localStorage.setItem("gpt-load.theme", chosen), theme);
        await open(page);
        await expectAccessible(page);
        const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(excess, "pixels beyond the window").toBeLessThanOrEqual(0);
        if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}-${theme}-${size.width}.png` });
      });
    }
  }
}
