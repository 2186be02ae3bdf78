// The extension from within, in VS Code's own extension host: commands, settings, the server's life, the editor's models.
const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const { mkdtempSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const vscode = require("vscode");

const tests = [];
const test = (name, work) => tests.push({ name, work });
const PATIENCE = 180_000;
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until(what, condition) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await wait(20)) {
    const value = await condition();
    if (value) return value;
  }
  throw new Error(`never: ${what}`);
}

/** A scripted model: the origin of its server. */
const servers = [];
async function model(replies) {
  const folder = mkdtempSync(join(tmpdir(), "rlm-"));
  writeFileSync(join(folder, "replies.json"), JSON.stringify(replies));
  const script = join(process.env.RLM_ROOT, "tests", "fakes", "model_server.py");
  const child = spawn(process.env.RLM_PYTHON, [script, "--replies", join(folder, "replies.json")]);
  servers.push(child);
  const base = await new Promise((resolve) => child.stdout.once("data", (data) => resolve(String(data).trim())));
  await set("models.root", "openai/scripted");
  await set("models.apiBase", base);
  await set("models.apiKeyEnv", "SCRIPTED_KEY");
  await set("context.directTokens", 0);
  const { origin } = new URL(base);
  return {
    state: async () => (await fetch(`${origin}/state`)).json(),
    release: () => fetch(`${origin}/release`, { method: "POST" }),
  };
}

const set = (key, value) => vscode.workspace.getConfiguration("rlm").update(key, value, vscode.ConfigurationTarget.Global);
const doctor = async () => (await api.server.connection()).sendRequest("rlm/doctor", {});
const script = (code) => `I look.\n\`\`\`python\n${code}\n\`\`\`\n`;
const ANSWER = script("hits = find('ERROR', limit=2)\nsubmit('There are errors, see wide.log:3', cite=hits)");
const TEXT = "first\nsecond 😀\né😀 ERROR one 😀\nthird\nERROR two\n";

let api;
let file;
const about = () => ({ kind: "document", textDocument: { uri: file.toString() } });
const ask = (question = "What is wrong?", more = {}) => api.ask({ question, scope: about(), ...more });
const answers = () => vscode.window.tabGroups.all.flatMap((group) => group.tabs).filter((tab) => tab.input instanceof vscode.TabInputWebview);

test("it activates, and its commands are there", async () => {
  const known = await vscode.commands.getCommands(true);
  for (const { command } of vscode.extensions.getExtension("rlm-ls.rlm-ls").packageJSON.contributes.commands) {
    assert.ok(known.includes(command), command);
  }
  const found = await doctor();
  assert.deepEqual(found.models.root, []);
  // The server has the editor's environment, as a program that a user starts.
  assert.equal(found.store, process.env.RLM_STATE_DIR);
  assert.equal(api.server.condition, "running");
});

test("without a model, rules answer", async () => {
  const answer = await ask("How many lines contain ERROR?");
  assert.equal(answer.modelKind, "offline");
  assert.match(answer.answer, /2/);
});

test("a text that nobody has saved can be asked about", async () => {
  const document = await vscode.workspace.openTextDocument({ content: "ERROR\nfine\n" });
  const answer = await api.ask({ question: "How many lines contain ERROR?", scope: { kind: "document", textDocument: { uri: document.uri.toString() } } });
  assert.match(answer.answer, /1/);
});

test("an answer streams in beside the editor and takes no focus", async () => {
  const served = await model([{ text: ANSWER, piece: 8, hold: "middle" }]);
  const editor = await vscode.window.showTextDocument(file, { viewColumn: 1 });
  const before = answers().length;
  const asked = ask();
  // While the model writes, and before it has written all.
  const written = await until("its beginning", () => [...(api.runs.last?.texts.values() ?? [])].join(""));
  assert.equal(api.runs.last.state, "running");
  assert.ok(ANSWER.startsWith(written) && written.length < ANSWER.length, written);
  await served.release();
  const answer = await asked;
  assert.equal(answer.status, "answered");
  await until("the answer beside the editor", () => answers().length === before + 1);
  assert.equal(vscode.window.activeTextEditor?.document.uri.toString(), editor.document.uri.toString());
  assert.ok(vscode.window.tabGroups.activeTabGroup.activeTab.input instanceof vscode.TabInputText);
});

test("ranges of citations select the cited text", async () => {
  await model([ANSWER]);
  const answer = await ask();
  const document = await vscode.workspace.openTextDocument(file);
  const client = await api.server.connection();
  assert.equal(answer.citations.length, 2);
  for (const { location, quote, path } of answer.citations) {
    assert.equal(document.getText(client.protocol2CodeConverter.asRange(location.range)), quote);
    assert.equal(path, "wide.log");
  }
});

test("the answer stays as a document whose links follow the text", async () => {
  await model([ANSWER]);
  // A file of its own: VS Code saves what is edited by itself, sooner or later, and others ask about theirs.
  const edited = vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, "edited.log");
  await vscode.workspace.fs.writeFile(edited, Buffer.from(TEXT));
  const answer = await ask("What is wrong?", { scope: { kind: "document", textDocument: { uri: edited.toString() } } });
  const uri = vscode.Uri.parse(`rlm:/answer/${answer.runId}.md`);
  const document = await vscode.workspace.openTextDocument(uri);
  assert.match(document.getText(), /# What is wrong\?/);
  const editor = await vscode.window.showTextDocument(edited, { viewColumn: 1 });
  await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "new\n"));
  const links = await until("moved links", async () => {
    const found = await vscode.commands.executeCommand("vscode.executeLinkProvider", uri);
    return found.some((link) => String(link.target).endsWith("#L4")) && found;
  });
  assert.ok(links.length >= 2);
  await vscode.commands.executeCommand("workbench.action.files.revert");
});

test("a code action asks with the extension's own view and progress", async () => {
  await model([ANSWER]);
  const document = await vscode.workspace.openTextDocument({ language: "python", content: "# rlm: what is this?\nx = 1\n" });
  await vscode.window.showTextDocument(document, { viewColumn: 1 });
  const range = new vscode.Range(0, 0, 0, 0);
  const actions = await until("code actions", async () => {
    const found = await vscode.commands.executeCommand("vscode.executeCodeActionProvider", document.uri, range);
    return found.some((action) => action.title.startsWith("Answer this question")) && found;
  });
  const action = actions.find((one) => one.title.startsWith("Answer this question"));
  assert.ok(actions.some((one) => one.command.command === "rlm.ask"));
  const answer = await vscode.commands.executeCommand(action.command.command, ...action.command.arguments);
  assert.equal(api.runs.last.question, "what is this?");
  assert.equal(answer.runId, api.runs.last.runId);
});

test("stop ends a run whose model never answers, and closes the connection", async () => {
  const served = await model([{ text: "Hm.", fault: "hang" }]);
  const ended = ask();
  await until("the model is asked", async () => (await served.state()).requests.length > 0);
  await until("the run is known", () => api.runs.last.runId);
  const begun = performance.now();
  await vscode.commands.executeCommand("rlm.stop");
  assert.equal((await ended).status, "cancelled");
  console.log(`stopped within ${(performance.now() - begun).toFixed(0)} ms`);
  await until("the model's connection is closed", async () => (await served.state()).openConnections === 0);
});

test("a change of the settings counts for the next question", async () => {
  await set("models.root", "openai/another");
  await until("the server knows", async () => (await doctor()).models.root[0] === "openai/another");
  await set("privacy", "local");
  await until("the server knows", async () => (await doctor()).privacy === "local");
  await set("privacy", undefined);
  await until("the server knows", async () => (await doctor()).privacy === "any");
  await set("models.root", undefined);
  await until("the server knows", async () => (await doctor()).models.root.length === 0);
});

test("a key from the secret storage reaches the model and nothing else", async () => {
  await api.keys.store("SCRIPTED_KEY", "sk-from-the-secret-storage");
  await vscode.commands.executeCommand("rlm.restart");
  const served = await model([ANSWER]);
  const answer = await ask();
  assert.equal(answer.status, "answered");
  const [request] = (await served.state()).requests;
  assert.equal(request.headers.authorization, "Bearer sk-from-the-secret-storage");
  assert.ok(!JSON.stringify(vscode.workspace.getConfiguration("rlm")).includes("sk-from"));
});

test("a model that refuses is told in the view, and nothing hangs", async () => {
  await model([{ fault: "401" }]);
  assert.equal(await ask(), undefined);
  assert.equal(api.runs.last.state, "failed");
  assert.equal(api.runs.last.code, 4202);
  assert.equal(api.runs.running.length, 0);
});

test("a killed server is started again, and its run can be resumed", async () => {
  const served = await model([{ text: script("print(count('ERROR'))") }, { fault: "hang" }, ANSWER]);
  const before = api.server.process;
  const ended = ask("Survives?");
  await until("the second call", async () => (await served.state()).requests.length > 1);
  const run = api.runs.last;
  process.kill(before, "SIGKILL");
  assert.equal(await ended, undefined);
  assert.equal(run.state, "interrupted");
  await until("another server", () => api.server.condition === "running" && api.server.process !== before);
  const client = await api.server.connection();
  const { runs } = await client.sendRequest("rlm/runs", { limit: 5 });
  assert.equal(runs.find((one) => one.runId === run.runId).status, "interrupted");
  const resumed = await api.runs.resume(run.runId, run.question).ended;
  assert.equal(resumed.status, "answered");
  // The first reply was not asked for again.
  assert.equal((await served.state()).requests.length, 3);
});

test("the editor's model answers what the server asks it", async () => {
  const fake = await until("the fake model", () => globalThis.rlmFake);
  fake.replies = ["a reply in several pieces"];
  fake.asked = [];
  const messages = [{ role: "system", content: "be brief" }, { role: "user", content: "hello" }];
  const source = new vscode.CancellationTokenSource();
  const sample = await api.server.onSample({ runId: "r", role: "root", model: "parrot", messages, token: "t" }, source.token);
  assert.equal(sample.text, "a reply in several pieces");
  assert.equal(sample.model, "parrot");
  assert.ok(sample.usage.promptTokens > 0);
  assert.deepEqual(fake.asked[0].map((message) => message.text), ["be brief", "hello"]);
  await assert.rejects(api.server.onSample({ runId: "r", role: "root", model: "unknown", messages, token: "t" }, source.token), /parrot/);
  fake.replies = ["slow ".repeat(50)];
  const slow = api.server.onSample({ runId: "r", role: "root", messages, token: "t" }, source.token);
  await until("it is asked", () => fake.asked.length > 1);
  source.cancel();
  await slow.catch(() => {});
  assert.ok(fake.cancelled >= 1);
});

test("a run by the editor's own model needs no key", async () => {
  const fake = await until("the fake model", () => globalThis.rlmFake);
  fake.replies = [ANSWER];
  await set("models.apiBase", undefined);
  await set("models.apiKeyEnv", undefined);
  await set("models.root", "editor");
  const answer = await ask();
  assert.equal(answer.status, "answered");
  assert.match(answer.answer, /There are errors/);
  await set("models.root", undefined);
});

test("what a question may cost is told beforehand", async () => {
  const client = await api.server.connection();
  const found = await client.sendRequest("rlm/estimate", { question: "What?", scope: about() });
  assert.ok(found.likely.tokens >= 0);
  assert.equal(found.documents, 1);
});

test("without a usable Python it says what is missing and what to do, and recovers", async () => {
  const own = vscode.workspace.getConfiguration("rlm").get("server.path");
  await set("server.python", "/no/such/python3");
  await set("server.path", "");
  await until("it fails", () => api.server.condition === "failed");
  assert.match(api.server.problem, /Python 3\.11, 3\.12 or 3\.13.*no\/such\/python3.*try again/s);
  assert.match(api.status.text, /error/);
  assert.equal(await ask(), undefined);
  assert.equal(api.runs.last.state, "failed");
  await set("server.path", own);
  await set("server.python", undefined);
  await until("it runs again", () => api.server.condition === "running");
});

test("agents can ask by the tool", async () => {
  await set("models.root", undefined);
  assert.ok(vscode.lm.tools.some((tool) => tool.name === "rlm_ask"));
  const input = { question: "How many lines contain ERROR?", files: ["wide.log"] };
  const result = await vscode.lm.invokeTool("rlm_ask", { input, toolInvocationToken: undefined });
  const text = result.content.map((part) => part.value).join("");
  assert.match(text, /2/);
  assert.match(text, /wide\.log:\d+ \(verified\)/);
});

test("the editor's agents get the tools of the server that the extension offers, and they answer", async () => {
  const ours = () => vscode.lm.tools.filter((tool) => /^mcp_rlm.*_(ask|open|run|check)$/.test(tool.name));
  await vscode.commands.executeCommand("workbench.mcp.startServer", "*", { autoTrustChanges: true, waitForLiveTools: true });
  const tools = await until("four tools", () => ours().length === 4 && ours());
  const { name } = tools.find((tool) => tool.name.endsWith("_open"));
  const call = vscode.lm.invokeTool(name, { input: { paths: ["wide.log"] }, toolInvocationToken: undefined });
  const text = (await call).content.map((part) => part.value).join("");
  assert.match(text, /wide\.log: 5 lines/);
  await vscode.commands.executeCommand("workbench.mcp.stopServer", "*");
});

test("the trace opens beside the editor", async () => {
  const before = answers().length;
  await vscode.commands.executeCommand("rlm.showTrace");
  await until("the view", () => answers().length > before);
});

exports.run = async () => {
  const results = {};
  const folder = vscode.workspace.workspaceFolders[0].uri;
  file = vscode.Uri.joinPath(folder, "wide.log");
  await vscode.workspace.fs.writeFile(file, Buffer.from(TEXT));
  api = await vscode.extensions.getExtension("rlm-ls.rlm-ls").activate();
  for (const { name, work } of tests) {
    const begun = Date.now();
    try {
      results[name] = { ok: true, note: (await work()) ?? "" };
    } catch (error) {
      results[name] = { ok: false, note: String(error?.stack ?? error) };
    }
    console.log(`${results[name].ok ? "ok" : "FAILED"} ${Date.now() - begun} ms: ${name} ${results[name].note}`);
  }
  for (const server of servers) server.kill();
  await api.server.stop();
  writeFileSync(process.env.RLM_HOST_RESULTS, JSON.stringify({ tests: results }));
};
