// A trace as a file in a browser: drawn without errors, in the reader's colours, by keyboard, and what is in it stays text.
import { given, scenario, shot } from "./browser.mjs";

await scenario(async (page) => {
  const found = { problems: [], requests: [] };
  page.on("console", (message) => found.problems.push(message.text()));
  page.on("pageerror", (error) => found.problems.push(error.message));
  page.on("request", (request) => found.requests.push(request.url()));
  await page.goto(given.url);
  await page.locator("#timeline details").first().waitFor();
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  found.light = await ground();
  await page.emulateMedia({ colorScheme: "dark" });
  found.dark = await ground();
  await page.locator("#open-all").press("Enter");
  found.text = await page.locator("body").innerText();
  found.tree = await page.locator(".child").first().evaluate((child) => child.parentElement.closest("details").className);
  found.hacked = await page.evaluate(() => globalThis.hacked ?? false);
  await shot(page, "page");
  await page.locator("#close-all").press("Enter");
  // A bar leads to its line, which is in the page.
  const point = page.locator("figure .chart a[data-citation]");
  const shown = () => page.locator("#excerpt-1").evaluate((details) => details.open);
  await page.locator("summary", { hasText: "Answer" }).first().click();
  found.chart = { points: await point.count(), before: await shown() };
  await point.first().focus();
  await page.keyboard.press("Enter");
  found.chart.after = await shown();
  await page.locator("#close-all").press("Enter");
  await page.locator("summary").first().focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  found.keyboard = await page.evaluate(() => document.activeElement.innerText);
  return found;
});
