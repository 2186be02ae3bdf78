// A workspace that the user does not trust: it can be asked about, and says that it is restricted.
import { command, given, log, openFile, scenario, shot, type, webview } from "./browser.mjs";

await scenario(async (page) => {
  const found = {};
  await page.goto(`${given.url}/?folder=${given.workspace}`);
  await page.waitForSelector(".monaco-workbench");
  await page.locator(".statusbar-item", { hasText: "Restricted Mode" }).first().waitFor();
  log("not trusted");
  await openFile(page, "shop.log");
  const item = page.locator(".statusbar-item", { hasText: "RLM" }).first();
  await item.waitFor();
  await command(page, "RLM: Ask About This File");
  await page.locator(".quick-input-widget .quick-input-title").first().waitFor();
  found.title = await page.locator(".quick-input-widget .quick-input-title").first().innerText();
  await shot(page, "restricted");
  await type(page, "How many orders failed?");
  const answer = await webview(page, ".answer p");
  found.answer = await answer.locator(".answer").first().innerText();
  await item.hover();
  await page.locator(".monaco-hover", { hasText: "trusted" }).first().waitFor();
  found.tooltip = await page.locator(".monaco-hover", { hasText: "trusted" }).first().innerText();
  await shot(page, "restricted-answer");
  return found;
});
