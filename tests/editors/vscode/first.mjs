// The first minute: an empty profile, no model anywhere, and a model server on this machine that nobody has named.
import { command, given, list, log, openFile, openFolder, scenario, shot, type, webview } from "./browser.mjs";

await scenario(async (page) => {
  const found = {};
  await openFolder(page);
  await openFile(page, "shop.log");
  await command(page, "RLM: Ask About This File");
  await type(page, given.question);
  const answer = await webview(page, "#thread .offers button");
  await answer.locator(".answer a[data-citation], .answer p").first().waitFor();
  found.rules = await answer.locator("article").first().innerText();
  found.offers = await answer.locator(".offers button").allInnerTexts();
  await shot(page, "first-offers");
  log("offered", found.offers);

  await answer.locator(".offers button", { hasText: "vLLM" }).click();
  const second = answer.locator("article").nth(1);
  await second.locator(".answer p").first().waitFor();
  found.answer = await second.innerText();
  found.offersAfter = await answer.locator(".offers button").count();
  await shot(page, "first-answer");
  log("answered");

  await list(page, () => command(page, "RLM: Choose Model"), "on this machine", async () => {
    found.list = await page.locator(".quick-input-list").first().innerText();
    found.now = await page.locator(".quick-input-widget input").first().getAttribute("placeholder", { timeout: 5_000 });
    await shot(page, "first-models");
  });
  return found;
});
