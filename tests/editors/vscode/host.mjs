// Runs the tests of host/ in the real extension host, as VS Code's own web integration tests do.
import { readFileSync } from "node:fs";
import { given, log, scenario, shot } from "./browser.mjs";

await scenario(async (page) => {
  const authority = new URL(given.url).host;
  const remote = (path) => `vscode-remote://${authority}${path}`;
  const payload = [
    ["extensionDevelopmentPath", remote(given.extension)],
    ["extensionTestsPath", remote(given.tests)],
    ["skipWelcome", "true"],
  ];
  let ended;
  const exit = new Promise((resolve) => (ended = resolve));
  await page.exposeFunction("codeAutomationLog", (type, said) => log(`[${type}]`, ...said));
  await page.exposeFunction("codeAutomationExit", (code) => ended(code));
  // A tool that asks before it is used asks in a dialog when no chat is there.
  const agree = setInterval(() => {
    page.locator(".monaco-dialog-box .monaco-button", { hasText: /^(Allow|Continue|Yes|OK)/ }).first().click({ timeout: 500 }).catch(() => {});
  }, 700);
  await page.goto(`${given.url}/?folder=${given.workspace}&payload=${encodeURIComponent(JSON.stringify(payload))}`);
  const code = await Promise.race([exit, page.waitForTimeout(given.patience * 1000).then(() => "it hangs")]);
  clearInterval(agree);
  await shot(page, "host");
  log("extension host ended with", code);
  return JSON.parse(readFileSync(given.results, "utf8"));
});
