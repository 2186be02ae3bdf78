// A folder that would like to have something of its own run is opened, and a question is asked about one of its files.
import { command, given, log, openFile, scenario, shot, type, webview } from "./browser.mjs";

await scenario(async (page) => {
  await page.goto(`${given.url}/?folder=${given.workspace}`);
  await page.waitForSelector(".monaco-workbench");
  await openFile(page, "app.log");
  const item = page.locator(".statusbar-item", { hasText: "RLM" }).first();
  await item.waitFor();
  await command(page, "RLM: Ask About This File");
  await type(page, "How many lines contain OrderFailed?");
  const answer = await webview(page, ".answer p");
  log("answered");
  await shot(page, "hostile");
  return { answer: await answer.locator(".answer").first().innerText() };
});
