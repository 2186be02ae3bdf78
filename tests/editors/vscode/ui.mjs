// As a user would: palette, question, streamed answer, a click on a citation, the trace.
import {
  choose, command, given, list, log, openFile, openFolder, palette, pick, release, scenario, selection, shot, type, webview,
} from "./browser.mjs";

await scenario(async (page) => {
  const found = {};
  await openFolder(page);
  await openFile(page, "shop.log");
  await list(page, () => palette(page, "RLM: "), "Ask About This File", () => shot(page, "palette"));
  await page.keyboard.press("Escape");

  await command(page, "RLM: Ask About This File");
  await type(page, given.question);
  const answer = await webview(page, "#thread article");
  await answer.locator(".working .turn", { hasText: "errors there are" }).waitFor();
  found.streamed = await answer.locator(".working").innerText();
  found.status = await page.locator(".statusbar-item", { hasText: "RLM turn" }).first().innerText();
  found.notification = await page.locator(".notification-toast", { hasText: /RLM[^]*turn/ }).first().innerText();
  found.focused = await page.evaluate(() => document.activeElement.closest(".monaco-editor") !== null);
  await shot(page, "streaming");
  log("streaming", found.status);
  await release();

  await answer.locator(".answer a[data-citation]").first().waitFor();
  found.answer = await answer.locator(".answer").innerText();
  found.focusedAfter = await page.evaluate(() => document.activeElement.closest(".monaco-editor") !== null);
  await page.waitForTimeout(300);
  await shot(page, "answer");
  log("answered");

  await answer.locator(".answer li a[data-citation]").first().click();
  await page.locator("#status\\.editor\\.selection", { hasText: "selected" }).waitFor();
  found.selection = await selection(page);
  await shot(page, "citation");
  log("jumped", found.selection);

  await answer.locator(".answer button.peek").last().click();
  await page.waitForSelector(".peekview-widget .view-line");
  found.peeked = await page.locator(".peekview-widget .peekview-title").innerText();
  await shot(page, "peek");
  await page.keyboard.press("Escape");

  await answer.locator("#next").fill(given.followUp);
  await answer.locator("#next").press("Enter");
  await answer.locator("article").nth(1).locator(".turn").first().waitFor();
  await command(page, "RLM: Show Trace");
  const trace = await webview(page, "#timeline details");
  await trace.locator(".model.running pre", { hasText: "count" }).waitFor();
  found.live = await trace.locator("#timeline").innerText();
  await shot(page, "trace-live");
  await release();
  await trace.locator("summary", { hasText: "Answer (answered)" }).waitFor();
  found.trace = await trace.locator("body").innerText();
  await trace.locator("summary").first().focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowLeft");
  found.keyboard = await trace.evaluate(() => [document.activeElement.tagName, document.activeElement.parentElement.open]);
  await page.keyboard.press("ArrowRight");
  await shot(page, "trace");
  log("trace");

  await page.locator(".tab", { hasText: "RLM: " }).first().click();
  found.followed = await answer.locator("article").nth(1).innerText();
  await shot(page, "follow-up");
  log("followed up");

  await list(page, () => command(page, "RLM: History"), given.question, async (row) => {
    found.history = await page.locator(".quick-input-list").first().innerText();
    await shot(page, "history");
    await row.click({ timeout: 5_000 });
  });
  await page.locator(".quick-input-widget").first().waitFor({ state: "hidden" });

  const models = () => command(page, "RLM: Choose Model");
  await pick(page, models, "offline");
  await page.locator(".quick-input-widget").first().waitFor({ state: "hidden" });
  // VS Code writes settings a little after the list has closed.
  for (const until = Date.now() + 180_000; ; ) {
    const box = page.locator(".quick-input-widget input[placeholder^='Now: '], .quick-input-widget input[placeholder^='None']");
    const now = await list(page, models, "offline", () => box.first().getAttribute("placeholder", { timeout: 5_000 }));
    await page.keyboard.press("Escape");
    await page.locator(".quick-input-widget").first().waitFor({ state: "hidden" });
    if (now === "Now: offline") break;
    if (Date.now() > until) throw new Error(`the setting was never written: ${now}`);
  }
  await page.locator(".explorer-folders-view .monaco-list-row", { hasText: "shop.log" }).click({ button: "right" });
  await choose(page, "Ask RLM About This…");
  await type(page, "How many lines contain OrderFailed?");
  for (const until = Date.now() + 180_000; Date.now() < until && !found.offline; await page.waitForTimeout(100)) {
    for (const frame of page.frames()) {
      const text = await frame.locator("body").innerText().catch(() => "");
      if (text.includes("not a language model")) found.offline = text;
    }
  }
  await shot(page, "offline");
  log("chose another model");
  return found;
});
