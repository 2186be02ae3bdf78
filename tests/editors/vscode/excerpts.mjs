// A log that the editor does not show: asked about from its tab, the answer's citation opens the lines around the place.
import { choose, given, list, log, openFolder, scenario, selection, shot, type, webview } from "./browser.mjs";

/** The lines on the screen, each with the number that stands before it (drawn by style, not text). */
const numbered = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll(".monaco-editor .view-line")].map((line) => {
      const drawn = [...line.querySelectorAll("span")].map((span) => getComputedStyle(span, "::before").content);
      const number = drawn.find((content) => /^"[\d\s]+"$/.test(content)) ?? "";
      return `${number.replace(/\D/g, "")}|${line.innerText.replaceAll("\u00a0", " ")}`;
    }).join("\n"),
  );

await scenario(async (page) => {
  const found = {};
  await openFolder(page);
  await page.locator(".explorer-folders-view .monaco-list-row", { hasText: "huge.log" }).first().dblclick();
  await page.locator(".monaco-editor-pane-placeholder").first().waitFor();
  found.warning = await page.locator(".monaco-editor-pane-placeholder").first().innerText();
  // The key asks about what is shown, not about the folder.
  await page.locator(".statusbar-item", { hasText: "RLM" }).first().waitFor();
  const keys = async () => {
    await page.keyboard.press("Control+k");
    await page.keyboard.press("Alt+a");
  };
  await list(page, keys, "Outline", () => shot(page, "questions"));
  await type(page, given.question);
  const answer = await webview(page, "#thread article");
  await answer.locator(".answer li a[data-citation]").first().waitFor();
  found.about = await answer.locator(".about").first().innerText();
  log("answered");

  const picture = answer.locator(".answer figure .chart").first();
  await picture.waitFor();
  found.drawn = {
    points: await picture.locator("a[data-citation]").count(),
    heading: await answer.locator(".answer figcaption").first().innerText(),
    table: await answer.locator(".answer table").count(),
  };
  await shot(page, "chart");
  // A bar is a citation: the lines that it counts from.
  await picture.locator("a[data-citation]", { hasText: "SECOND" }).locator("rect").click();
  await page.locator(".monaco-editor .view-line", { hasText: given.further }).first().waitFor();
  found.bar = await numbered(page);
  await shot(page, "chart-bar");
  log("bar");

  await answer.locator(".answer li a[data-citation]").first().click();
  await page.locator("#status\\.editor\\.selection", { hasText: "selected" }).waitFor();
  // The line of the bar begins with no time: this lens is the citation's.
  await page.locator(".codelens-decoration", { hasText: "The whole hour" }).first().waitFor();
  await page.locator(".monaco-editor .view-line", { hasText: given.cited }).first().waitFor();
  found.selection = await selection(page);
  found.excerpt = await numbered(page);
  found.tab = await page.locator(".tab.active").first().innerText();
  found.lenses = await page.locator(".codelens-decoration").allInnerTexts();
  await shot(page, "excerpt");
  log("excerpt", found.selection);

  await page.locator(".codelens-decoration a", { hasText: "Search further" }).first().click();
  await type(page, given.further);
  await page.locator(".monaco-editor .view-line", { hasText: given.further }).first().waitFor();
  await page.locator("#status\\.editor\\.selection", { hasText: "selected" }).waitFor();
  found.further = await numbered(page);
  await shot(page, "excerpt-further");
  log("further");

  await answer.locator(".answer button.peek").first().click();
  await page.waitForSelector(".peekview-widget .view-line");
  await page.locator(".peekview-widget .view-line", { hasText: given.cited }).first().waitFor();
  found.peeked = await page.locator(".peekview-widget .peekview-title").innerText();
  await shot(page, "excerpt-peek");
  await page.keyboard.press("Escape");
  log("peeked");

  // A compressed file, from the explorer.
  await page.locator(".explorer-folders-view .monaco-list-row", { hasText: "small.log.gz" }).first().click({ button: "right" });
  await choose(page, "Ask RLM About This…");
  await type(page, given.question);
  for (const until = Date.now() + 180_000; Date.now() < until && !found.compressed; await page.waitForTimeout(100)) {
    for (const frame of page.frames()) {
      const link = frame.locator(".answer li a[data-citation]", { hasText: "small.log.gz" }).first();
      if (await link.isVisible().catch(() => false)) {
        await link.click();
        found.compressed = true;
        break;
      }
    }
  }
  await page.locator(".tab.active", { hasText: "small.log.gz" }).first().waitFor();
  await page.locator(".codelens-decoration", { hasText: "Search further" }).first().waitFor();
  await page.locator("#status\\.editor\\.selection", { hasText: "selected" }).waitFor();
  found.gz = await numbered(page);
  await shot(page, "excerpt-compressed");
  return found;
});
