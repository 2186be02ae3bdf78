// An answer with charts: a point by mouse, a bar by keyboard; the same in the trace of a run that was still under way.
import { command, given, log, openFile, openFolder, pick, release, scenario, selection, shot, type, webview } from "./browser.mjs";

const titles = (frame) => frame.locator("figcaption").allInnerTexts();

/** The point of a curve that is highest in the picture. */
const highest = (frame) =>
  frame.locator("figure").first().locator("a[data-citation] circle").evaluateAll((dots) => {
    const heights = dots.map((dot) => Number(dot.getAttribute("cy")));
    return heights.indexOf(Math.min(...heights));
  });

const selected = async (page, from) => {
  for (const until = Date.now() + 180_000; Date.now() < until; await page.waitForTimeout(100)) {
    const now = await selection(page).catch(() => "");
    if (now.includes("selected") && now !== from) return now;
  }
  throw new Error("nothing new was selected");
};

await scenario(async (page) => {
  const found = {};
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await openFolder(page);
  await openFile(page, "gateway.log");
  await command(page, "RLM: Ask About This File");
  await type(page, given.question);
  const answer = await webview(page, "#thread article");
  await answer.locator(".turn").first().waitFor();
  await command(page, "RLM: Show Trace");
  const trace = await webview(page, "#timeline details");
  await release();
  await trace.locator("figure .chart").nth(1).waitFor();
  found.traced = { titles: await titles(trace) };
  await shot(page, `chart-trace-${given.theme}`);
  await trace.locator("figure").first().locator("a[data-citation] circle").nth(await highest(trace)).click();
  found.traced.selection = await selected(page, "");
  log("trace", found.traced.selection);

  await page.locator(".tab", { hasText: "RLM: How did" }).first().click();
  await answer.locator("figure .chart").nth(1).waitFor();
  found.titles = await titles(answer);
  const bar = answer.locator("figure").nth(1).locator("a[data-citation]", { hasText: "pay-1" });
  await bar.focus();
  await page.keyboard.press("Enter");
  found.keyed = await selected(page, found.traced.selection);
  await answer.locator("figure").first().locator("a[data-citation] circle").nth(await highest(answer)).click();
  found.clicked = await selected(page, found.keyed);
  await shot(page, `chart-${given.theme}`);
  const colour = (selector) => answer.locator(selector).first().evaluate((element) => getComputedStyle(element).color);
  found.ink = await colour("figure .chart text");
  found.text = await colour(".answer p");

  await pick(page, () => answer.locator("button[data-action=data]").first().click(), "Copy as CSV");
  await page.locator(".statusbar-item", { hasText: "in the clipboard" }).first().waitFor();
  found.table = await page.evaluate(() => navigator.clipboard.readText());
  return found;
});
