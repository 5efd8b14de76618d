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
 * page or a dialog wider than its place.
 */
export async function lookAt(page: Page, name: string, open: (page: Page) => Promise<void>) {
  for (const size of SIZES) {
    for (const theme of THEMES) {
      await base.step(`${name}, ${theme}, ${size.width} px`, async () => {
        await page.setViewportSize(size);
        await page.addInitScript((chosen) => localStorage.setItem("gpt-load.theme", chosen), theme);
        await open(page);
        await expectAccessible(page);
        expect(await page.evaluate(excess), "pixels beyond the window or the dialog").toBeLessThanOrEqual(0);
        await picture(page, `${name}-${theme}-${size.width}`);
      });
    }
  }
}

/** In the page: by how much it, or a dialog, is wider than its place. */
function excess(): number {
  const parts = [...document.querySelectorAll("[role=dialog], [role=dialog] > *")].map((part) => part.scrollWidth - part.clientWidth);
  return Math.max(document.documentElement.scrollWidth - window.innerWidth, ...parts);
}

/** With SHOTS=folder, a picture of the page there. */
export async function picture(page: Page, name: string) {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });
}
