// Where no document is open: an address, several files, a folder, and a PDF whose citation opens its text at the page.
import { choose, command, given, log, openFolder, scenario, selection, shot, type, webview } from "./browser.mjs";

const row = (page, name) => page.locator(".explorer-folders-view .monaco-list-row", { hasText: name }).first();

/** The newest answer's view: what it is about, and a citation of it. */
async function answered(page, about) {
  for (const until = Date.now() + 180_000; Date.now() < until; await page.waitForTimeout(100)) {
    for (const frame of page.frames()) {
      const article = frame.locator("article", { has: frame.locator(".about", { hasText: about }) }).first();
      const link = article.locator(".answer li a[data-citation]").first();
      if (await link.isVisible().catch(() => false)) return { said: await article.locator(".answer").innerText(), link };
    }
  }
  throw new Error(`no answer about ${about}`);
}

await scenario(async (page) => {
  const found = {};
  await openFolder(page);
  await command(page, "RLM: Ask About an Address");
  await page.locator(".quick-input-widget .quick-input-title", { hasText: "address" }).first().waitFor();
  await type(page, given.address);
  await page.locator(".quick-input-widget .quick-input-title", { hasText: "Ask about far.log" }).first().waitFor();
  await type(page, given.question);
  found.address = (await answered(page, "about far.log")).said;
  log("address");

  await row(page, "a.log").click();
  await row(page, "b.log").click({ modifiers: ["Control"] });
  await row(page, "b.log").click({ button: "right" });
  await choose(page, "Ask RLM About This…");
  await page.locator(".quick-input-widget .quick-input-title", { hasText: "2 files" }).first().waitFor();
  await type(page, given.question);
  found.several = (await answered(page, "about 2 files")).said;
  log("several files");

  await row(page, "logs").click({ button: "right" });
  await choose(page, "Ask RLM About This…");
  await page.locator(".quick-input-widget .quick-input-title", { hasText: "/logs/**" }).first().waitFor();
  await type(page, given.question);
  found.folder = (await answered(page, "about /logs/**")).said;
  log("folder");

  await row(page, "report.pdf").click({ button: "right" });
  await choose(page, "Ask RLM About This…");
  await page.locator(".quick-input-widget .quick-input-title", { hasText: "report.pdf" }).first().waitFor();
  await type(page, given.question);
  const pdf = await answered(page, "about report.pdf");
  found.pdf = pdf.said;
  await pdf.link.click();
  await page.locator(".tab.active", { hasText: "report.pdf" }).first().waitFor();
  await page.locator("#status\\.editor\\.selection", { hasText: "selected" }).waitFor();
  await page.locator(".monaco-editor .view-line", { hasText: given.cited }).first().waitFor();
  found.selection = await selection(page);
  found.lines = await page.locator(".monaco-editor .view-line").allInnerTexts();
  await shot(page, "excerpt-pdf");
  return found;
});
