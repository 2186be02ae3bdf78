// What one takes away from an answer: its table, all of it with citations; and a second look at a log that has gone on.
import { appendFileSync } from "node:fs";
import { choose, given, list, log, openFolder, pick, scenario, shot, type, webview } from "./browser.mjs";

const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

/** What a status bar message tells once it is there. */
const told = (page, words) => page.locator(".statusbar-item", { hasText: words }).first().waitFor();

await scenario(async (page) => {
  const found = {};
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await openFolder(page);
  // Before the extension is there the menu does not have it.
  await page.locator(".statusbar-item", { hasText: "RLM" }).first().waitFor();
  await page.locator(".explorer-folders-view .monaco-list-row", { hasText: "app.log" }).first().click({ button: "right" });
  await choose(page, "Ask RLM About This…");
  await type(page, given.question);
  const answer = await webview(page, "#thread article");
  const first = answer.locator("article").first();
  await first.locator(".answer li a[data-citation]").first().waitFor();
  log("answered");

  const ways = () => first.locator("button[data-action=data]").click();
  await pick(page, ways, "Copy as CSV");
  await told(page, "in the clipboard");
  found.csv = await clipboard(page);
  await list(page, ways, "Copy as JSON", async (row) => {
    await shot(page, "data");
    await row.click({ timeout: 5_000 });
  });
  for (const until = Date.now() + 120_000; Date.now() < until; await page.waitForTimeout(100)) {
    found.json = await clipboard(page);
    if (found.json.startsWith("[")) break;
  }
  for (const [label, name] of [["Save as CSV", "hosts.csv"], ["Save as JSON", "hosts.json"]]) {
    await pick(page, ways, label);
    await page.locator(".quick-input-widget", { hasText: "Show Local" }).first().waitFor();
    // The dialog completes what is typed: until it stands there as it is meant.
    const box = page.locator(".quick-input-widget input").first();
    for (const until = Date.now() + 120_000; Date.now() < until; ) {
      await box.fill(`${given.workspace}/${name}`);
      await page.waitForTimeout(300);
      if ((await box.inputValue()) === `${given.workspace}/${name}`) break;
    }
    await page.locator(".quick-input-widget .monaco-button", { hasText: "OK" }).first().click();
    await page.locator(".explorer-folders-view .monaco-list-row", { hasText: name }).first().waitFor();
    log("saved", name);
  }

  await first.locator("button[data-action=cite]").click();
  await told(page, "with its citations");
  found.cited = await clipboard(page);
  log("copied");

  appendFileSync(`${given.workspace}/app.log`, "ERROR host=pay-04 more\n");
  await first.locator("button[data-action=again]").click();
  const second = answer.locator("article").nth(1);
  await second.locator(".answer li a[data-citation]").first().waitFor();
  found.again = await second.locator(".answer").innerText();
  found.question = await second.locator("h1").innerText();
  await shot(page, "look-again");
  return found;
});
