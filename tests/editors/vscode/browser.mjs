// What the scenarios share: a browser at a VS Code, and what a user does there.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { chromium } = createRequire(`${process.env.RLM_VSCODE}/`)("playwright-core");
export const given = JSON.parse(process.env.RLM_GIVEN);
const begun = Date.now();
export const log = (...said) => console.log(`[${((Date.now() - begun) / 1000).toFixed(1)}s]`, ...said);

/** Run a scenario; what it returns, or its error, becomes the result. */
export async function scenario(work) {
  const browser = await chromium.launch({ executablePath: process.env.RLM_BROWSER, args: ["--no-sandbox", "--disable-gpu"] });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(120_000);
  let found;
  try {
    found = await work(page);
  } catch (error) {
    found = { error: String(error?.stack ?? error) };
    await shot(page, `failed-${given.result.split("/").pop()}`).catch(() => {});
    process.exitCode = 1;
  }
  writeFileSync(given.result, JSON.stringify(found ?? {}));
  await browser.close();
}

export const shot = (page, name) => page.screenshot({ path: join(given.shots, `vscode-${name}.png`) });

export async function openFolder(page, query = "") {
  await page.goto(`${given.url}/?folder=${given.workspace}${query}`);
  await page.waitForSelector(".monaco-workbench");
  log("workbench");
}

export async function openFile(page, name) {
  await page.locator(".explorer-folders-view .monaco-list-row", { hasText: name }).first().dblclick();
  await page.locator(".tab", { hasText: name }).first().waitFor();
  await page.waitForSelector(".monaco-editor .view-line");
  log("open", name);
}

/** Let the model go on with a reply that is held. */
export const release = () => fetch(`${new URL(given.model).origin}/release`, { method: "POST" });

/**
 * Do something with a row of the list that `open` opens. A list closes when something else takes the focus, which may
 * be at any moment: then it is opened again, as a user would.
 */
export async function list(page, open, label, use) {
  const row = page.locator(".quick-input-list .monaco-list-row", { hasText: label }).first();
  let why;
  for (const until = Date.now() + 120_000; Date.now() < until; await page.keyboard.press("Escape")) {
    try {
      await open();
      await row.waitFor({ timeout: 15_000 });
      return await use(row);
    } catch (error) {
      why = error;
    }
  }
  throw new Error(`no list with ${label}: ${why}`);
}

/** Choose from a list. */
export const pick = (page, open, label) => list(page, open, label, (row) => row.click({ timeout: 5_000 }));

/** Open the palette, which lists the commands that are there at that moment, and look for some. */
export async function palette(page, title) {
  await page.locator(".statusbar-item", { hasText: "RLM" }).first().waitFor();
  await page.keyboard.press("F1");
  const box = page.locator(".quick-input-widget input").first();
  await box.waitFor({ timeout: 15_000 });
  await box.pressSequentially(title, { delay: 5, timeout: 15_000 });
}

export const command = (page, title) => pick(page, () => palette(page, title), title);

/** Choose from a context menu. It takes no notice of a click that comes at once after it has opened. */
export async function choose(page, title) {
  const item = page.locator(".monaco-menu .action-item", { hasText: title }).first();
  await item.waitFor();
  while (await item.isVisible()) {
    await item.click({ timeout: 2000 }).catch(() => {});
    await page.waitForTimeout(300);
  }
}

/** Answer an input box. */
export async function type(page, text) {
  await page.locator(".quick-input-widget .quick-input-title").first().waitFor();
  const box = page.locator(".quick-input-widget input").first();
  await box.pressSequentially(text, { delay: 5 });
  await box.press("Enter");
}

/** The document within a webview that has an element. */
export async function webview(page, selector) {
  for (const until = Date.now() + 300_000; Date.now() < until; await page.waitForTimeout(100)) {
    for (const frame of page.frames()) {
      if (await frame.locator(selector).first().isVisible().catch(() => false)) return frame;
    }
  }
  throw new Error(`no webview with ${selector}`);
}

/** The lines and columns that the status bar tells: "Ln 4, Col 1 (12 selected)". */
export const selection = async (page) => {
  const shown = page.locator("#status\\.editor\\.selection");
  // It is shown while an editor has the focus, which the answer beside it may have taken back.
  if (!(await shown.isVisible())) await page.keyboard.press("Control+1");
  return shown.innerText();
};
