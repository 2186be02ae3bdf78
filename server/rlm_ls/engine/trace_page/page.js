// Draws a run from its events: those in the page, and, inside an editor, those that come while it is open.
"use strict";

const host = typeof acquireVsCodeApi === "function" ? acquireVsCodeApi() : null;
const { run, events } = JSON.parse(document.getElementById("trace").textContent);
const total = { at: 0, turns: 0, tokens: 0, usd: 0, unpriced: false, calls: 0, cached: 0, status: run.status, reason: "", model: run.model };
const nodes = new Map();
const bars = [];
let lastSeq = 0;
let drawn = false;

const element = (tag, className, text) => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};
const number = (value) => Number(value ?? 0).toLocaleString("en-US");
const plural = (count, word, words = `${word}s`) => `${number(count)} ${count === 1 ? word : words}`;
const seconds = (value) => (value < 0.995 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(1)} s`);
const money = (value) => (value === null || value === undefined ? "" : value === 0 || value >= 0.01 ? `$${value.toFixed(2)}` : `$${value.toFixed(4)}`);
const joined = (...parts) => parts.filter(Boolean).join(" · ");
// The history keeps a digest in the place of texts, unless tracing is set to full.
const kept = (text) => (typeof text === "string" ? text : !text?.characters ? "" : `(${number(text.characters)} characters, not kept; set rlm.trace to full to keep them)`);

// ---- the tree -----------------------------------------------------------------------------------------------------------

function branch(key, parent, kind, name, start, open) {
  const details = element("details", kind);
  details.open = Boolean(open);
  const summary = element("summary");
  const label = element("span", "name", name);
  label.title = name;
  const bar = element("span", "bar");
  bar.setAttribute("aria-hidden", "true");
  const piece = element("i");
  bar.append(piece);
  const took = element("span", "took");
  const cost = element("span", "cost");
  summary.append(label, bar, took, cost);
  const body = element("div", "body");
  details.append(summary, body);
  parent.append(details);
  const node = { details, body, label, took, cost, piece, start, end: null, tokens: 0, usd: null };
  bars.push(node);
  nodes.set(key, node);
  return node;
}

function ends(node, at, spent) {
  node.end = at;
  node.details.classList.remove("running");
  node.took.textContent = seconds(spent ?? at - node.start);
}

function runs(node) {
  node.details.classList.add("running");
  return node;
}

function failed(node) {
  node.details.classList.add("error");
  node.details.open = true;
}

function block(body, label, text, language) {
  if (label) body.append(element("p", "label", label));
  const pre = element("pre", language === "error" ? "failed" : "");
  pre.tabIndex = 0;
  if (language && language !== "error") pre.append(...highlighted(text, language));
  else pre.textContent = text;
  body.append(pre);
  return pre;
}

const child = (event) => event.child ?? "";
const key = (event, ...parts) => [child(event), ...parts].join("|");

/** Where a run's turns stand: at the top, or within the turn of the run that began it. */
function place(event) {
  const id = child(event);
  if (id === "") return document.getElementById("timeline");
  const known = nodes.get(`run|${id}`);
  if (known) return known.body;
  const above = id.includes(".") ? id.slice(0, id.lastIndexOf(".")) : "";
  return runs(branch(`run|${id}`, current(above, event), "child", event.question ? `rlm: ${event.question}` : `run ${id}`, event.at, false)).body;
}
const lastTurn = new Map();
const lastProgram = new Map();
const lastUsd = new Map();

/** What a run is doing at present: the program that calls, else its turn. */
function current(id, event) {
  const program = lastProgram.get(id);
  if (program && program.end === null) return program.body;
  return (lastTurn.get(id) ?? { body: id === "" ? document.getElementById("timeline") : place({ ...event, child: id }) }).body;
}

function turnOf(event) {
  const known = nodes.get(key(event, event.turn));
  if (known) return known;
  const node = runs(branch(key(event, event.turn), place(event), "turn", `Turn ${event.turn}`, event.at, child(event) === ""));
  lastTurn.set(child(event), node);
  return node;
}

function programOf(event) {
  const id = key(event, event.turn, "program", event.index);
  return nodes.get(id) ?? runs(branch(id, turnOf(event).body, "program", "Program", event.at, true));
}

// ---- one function an event --------------------------------------------------------------------------------------------

const handlers = {
  runStarted(event) {
    if (child(event) === "") document.getElementById("question").textContent = event.question;
    else place(event);
  },
  contextTaken(event) {
    if (child(event) !== "") return;
    const paths = event.documents.slice(0, 8).map((document) => document.path);
    const more = event.count > paths.length ? ` and ${number(event.count - paths.length)} more` : "";
    const skipped = event.skipped ? `, ${number(event.skipped)} skipped` : "";
    document.getElementById("context").textContent =
      `${plural(event.count, "document")}, ${number(event.size)} bytes${skipped}: ${paths.join(", ")}${more}`;
  },
  routeChosen(event) {
    if (child(event) !== "") return;
    total.model = event.model;
    document.getElementById("context").append(element("span", "", ` — route ${event.route}: ${event.reason}`));
  },
  turnStarted(event) {
    turnOf(event);
    if (child(event) === "") total.turns = Math.max(total.turns, event.turn);
  },
  modelCalled(event) {
    const node = runs(branch(key(event, event.turn, "model"), turnOf(event).body, "model", `Asking ${event.model}`, event.at, false));
    const prompt = element("details");
    prompt.append(element("summary", "plain", `prompt: ${plural(event.messages.length, "new message")}`));
    for (const message of event.messages) block(prompt, message.role, kept(message.content));
    node.body.append(prompt);
  },
  textStreamed(event) {
    const node = nodes.get(key(event, event.turn, "model"));
    if (!node || node.end !== null) return;
    node.details.open = true;
    node.streamed ??= block(node.body, "reply", "");
    node.streamed.append(event.text);
  },
  modelReplied(event) {
    const id = key(event, event.turn, "model");
    const node = nodes.get(id) ?? branch(id, turnOf(event).body, "model", "Model", event.at - event.seconds, false);
    node.label.textContent = plan(event.text) || node.label.textContent.replace("Asking ", "");
    node.label.title = node.label.textContent;
    if (node.streamed) node.streamed.textContent = event.text;
    else block(node.body, "reply", event.text);
    if (node.streamed) node.details.open = false;
    if (event.finish === "length") node.body.append(element("p", "warning", "The reply was cut: it reached the model's limit."));
    ends(node, event.at, event.seconds);
    spend(node, event, event.cachedTokens ? `${number(event.cachedTokens)} cached` : "");
  },
  programStarted(event) {
    const node = programOf(event);
    lastProgram.set(child(event), node);
    const first = event.source.split("\n").find((line) => line.trim() && !line.trim().startsWith("#")) ?? "";
    node.label.textContent = `${event.language}: ${first.trim()}`;
    node.label.title = `${plural(event.source.split("\n").length, "line")} of ${event.language}`;
    block(node.body, "", event.source, event.language);
  },
  verbCalled(event) {
    const node = programOf(event);
    if (!node.verbs) {
      node.verbs = element("ul");
      node.verbs.setAttribute("aria-label", "Verbs called");
      node.body.append(node.verbs);
    }
    node.verbs.append(element("li", "", `${event.detail}  (${seconds(event.seconds)})`));
  },
  programFinished(event) {
    const node = programOf(event);
    const output = kept(event.output);
    if (output) block(node.body, "printed", output);
    if (event.error) {
      block(node.body, "error", kept(event.error), "error");
      failed(node);
    }
    node.cost.textContent = event.submitted ? "submitted" : "";
    ends(node, event.at, event.seconds);
  },
  subCallsStarted(event) {
    const id = key(event, event.turn, "batch", event.batch);
    const name = `${event.verb}: ${plural(event.count, "call")} to ${event.model}`;
    const node = runs(branch(id, current(child(event), event), "call", name, event.at, false));
    Object.assign(node, { count: event.count, done: 0, cached: 0, wrong: 0, places: event.places ?? [] });
    const about = joined(event.endpoint, event.characters ? `${number(event.characters)} characters` : "");
    if (about) node.body.append(element("p", "label", about));
    const table = element("table");
    const head = table.createTHead().insertRow();
    for (const title of ["", "over", "reply", "tokens", "cost", "time"]) {
      const cell = element("th", "", title);
      cell.scope = "col";
      head.append(cell);
    }
    node.rows = table.createTBody();
    node.body.append(table);
  },
  subCallFinished(event) {
    const node = nodes.get(key(event, event.turn, "batch", event.batch));
    total.calls += 1;
    if (event.cached) total.cached += 1;
    if (!node) return;
    const row = node.rows.insertRow();
    const cell = (className, text) => row.append(element("td", className, text));
    cell("figure", String(event.index + 1));
    cell("", placeName(node.places[event.index]));
    cell(event.error ? "text failed" : "text", event.error ? kept(event.error) : kept(event.text));
    cell("figure", number((event.promptTokens ?? 0) + (event.completionTokens ?? 0)));
    cell(event.cached ? "figure cached" : "figure", event.cached ? "cached" : money(event.usd));
    cell("figure", joined(seconds(event.seconds ?? 0), event.tries > 1 ? `${event.tries} tries` : ""));
    node.done += 1;
    node.cached += event.cached ? 1 : 0;
    node.wrong += event.error ? 1 : 0;
    spend(node, event, joined(
      node.done < node.count ? `${node.done}/${node.count}` : "", node.cached ? `${node.cached} cached` : "", node.wrong ? `${node.wrong} failed` : "",
    ));
    if (node.wrong) node.details.classList.add("error");
    if (node.done >= node.count) ends(node, event.at);
  },
  compileStarted(event) {
    const node = runs(branch(compile(event), current(child(event), event), "program", `Compiling ${event.name} (${event.language}, ${event.target})`, event.at, false));
    node.name = event.name;
  },
  compileFinished(event) {
    const node = nodes.get(compile(event)) ?? branch(compile(event), current(child(event), event), "program", `Compiling ${event.name}`, event.at, false);
    node.cost.textContent = event.cached ? "cached" : "";
    ends(node, event.at, event.seconds);
    if (event.ok) return;
    block(node.body, "error", kept(event.error), "error");
    failed(node);
  },
  programRan(event) {
    const name = `${event.name} over ${number(event.bytes)} bytes${event.shards > 1 ? ` in ${event.shards} shards` : ""}`;
    const node = branch(`ran|${child(event)}|${event.seq}`, current(child(event), event), "program", name, event.at - event.seconds, false);
    ends(node, event.at, event.seconds);
  },
  turnFinished(event) {
    const node = turnOf(event);
    ends(node, event.at);
    // The money is the run's up to here, the tokens are the turn's.
    const spent = event.usd === null ? null : event.usd - (lastUsd.get(child(event)) ?? 0);
    lastUsd.set(child(event), event.usd ?? 0);
    node.cost.textContent = joined(event.tokens ? `${number(event.tokens)} tokens` : "", money(spent));
  },
  warned(event) {
    document.getElementById("timeline").append(element("p", "warning", event.message));
  },
  childStarted(event) {
    place(event);
  },
  childFinished(event) {
    const node = nodes.get(`run|${child(event)}`);
    if (!node) return;
    block(node.body, `answer (${event.status})`, kept(event.answer));
    ends(node, event.at, event.seconds);
    if (event.status === "failed") failed(node);
  },
  runResumed(event) {
    // It is told from its start again.
    document.getElementById("timeline").replaceChildren();
    nodes.clear();
    lastTurn.clear();
    lastProgram.clear();
    lastUsd.clear();
    bars.length = 0;
    Object.assign(total, { turns: 0, tokens: 0, usd: 0, unpriced: false, calls: 0, cached: 0, status: "running", reason: "" });
    const known = `${plural(event.replies, "reply", "replies")} and ${plural(event.subReplies, "sub-call")}`;
    document.getElementById("timeline").append(element("p", "label", `Resumed: ${known} were paid for before.`));
  },
  runFinished(event) {
    const answer = event.answer;
    for (const node of bars) if (node.end === null) ends(node, event.at);
    Object.assign(total, { status: answer.status, reason: answer.reason, seconds: answer.usage.seconds });
    const { turns, promptTokens, completionTokens, usd, subCalls } = answer.usage;
    Object.assign(total, { turns, tokens: promptTokens + completionTokens, usd: usd ?? 0, unpriced: usd === null });
    if (subCalls) total.calls = subCalls;
    answered(answer, event.at);
  },
};

function answered(answer, at) {
  const node = branch("answer", document.getElementById("timeline"), "turn", `Answer (${answer.status})`, at, true);
  node.end = at;
  if (answer.reason) node.body.append(element("p", answer.status === "answered" ? "label" : "warning", answer.reason));
  block(node.body, "", answer.answer);
  if (answer.citations.length === 0) return;
  node.body.append(element("p", "label", "citations"));
  const list = element("ul");
  for (const citation of answer.citations) list.append(cited(citation));
  node.body.append(list);
}

/** Citations come as the engine has them (stored) or as the wire has them (live). */
function cited(citation) {
  const uri = citation.location?.uri ?? citation.uri;
  const line = citation.location ? citation.location.range.start.line + 1 : citation.line;
  const endLine = citation.location ? citation.location.range.end.line + 1 : citation.endLine;
  const path = citation.path ?? decodeURIComponent(uri.slice(uri.lastIndexOf("/") + 1));
  const link = element("a", "", `${path}:${line}`);
  if (/^(file|untitled|vscode-[a-z]+):/.test(uri)) link.href = `${uri}#L${line}`;
  link.addEventListener("click", (event) => {
    if (!host) return;
    event.preventDefault();
    host.postMessage({ type: "open", uri, line, endLine });
  });
  const item = element("li");
  item.append(link, citation.state === "verified" ? "" : ` (${citation.state})`, `  ${citation.quote.slice(0, 300)}`);
  return item;
}

const compile = (event) => key(event, "compile", event.name, event.language, event.target);
const plan = (text) => text.split(/^\s*(?:```|~~~)/m)[0].trim().split("\n").join(" ");

function placeName(of) {
  if (of === undefined || of === null) return "";
  if (typeof of === "string") return of;
  return of.line ? `${of.path ?? of.doc ?? ""}:${of.line}` : (of.path ?? "");
}

function spend(node, event, more) {
  const tokens = (event.promptTokens ?? 0) + (event.completionTokens ?? 0);
  node.tokens += tokens;
  if (event.usd !== null && event.usd !== undefined) node.usd = (node.usd ?? 0) + event.usd;
  node.cost.textContent = joined(more, `${number(node.tokens)} tokens`, money(node.usd));
  node.cost.title = node.cost.textContent;
  total.tokens += tokens;
  total.usd += event.usd ?? 0;
  if (event.usd === null) total.unpriced = true;
}

// ---- colours of programs ------------------------------------------------------------------------------------------------

const COMMENTS = { python: "#.*", wat: ";;.*" };
const KEYWORDS = new Set(
  ("and as assert async await break class continue def del elif else except finally for from if import in is lambda None not or pass raise return " +
    "True False try while with fn let mut pub use struct enum impl match loop move ref self mod const static trait where unsafe int char void " +
    "unsigned long size_t sizeof switch case default func param result local module export memory").split(" "),
);

function highlighted(source, language) {
  const comment = COMMENTS[language] ?? (["rust", "c"].includes(language) ? "\\/\\/.*|\\/\\*[\\s\\S]*?\\*\\/" : "#.*");
  const token = new RegExp(
    `(${comment})|("""[\\s\\S]*?"""|'''[\\s\\S]*?'''|[rbf]*"(?:\\\\.|[^"\\\\\\n])*"|[rbf]*'(?:\\\\.|[^'\\\\\\n])*')|\\b(\\d[\\w.]*)|([A-Za-z_]\\w*)`, "g",
  );
  const parts = [];
  let at = 0;
  for (const match of source.matchAll(token)) {
    const kind = match[1] ? "c" : match[2] ? "s" : match[3] ? "n" : KEYWORDS.has(match[4]) ? "k" : "";
    if (!kind) continue;
    parts.push(source.slice(at, match.index), element("span", kind, match[0]));
    at = match.index + match[0].length;
  }
  parts.push(source.slice(at));
  return parts;
}

// ---- drawing ------------------------------------------------------------------------------------------------------------

function take(event) {
  // Streamed text bears the number of the event before it, and is never stored.
  if (event.type !== "textStreamed") {
    if (event.seq <= lastSeq) return;
    lastSeq = event.seq;
  }
  total.at = Math.max(total.at, event.at);
  handlers[event.type]?.(event);
  if (!drawn) {
    drawn = true;
    requestAnimationFrame(draw);
  }
}

function draw() {
  drawn = false;
  // From the first turn on: what is loaded before it is no part of the run's work.
  const origin = Math.min(...bars.map((node) => node.start));
  const whole = total.at - origin || 1;
  for (const node of bars) {
    const end = node.end ?? total.at;
    node.piece.style.left = `${Math.min(99, (100 * (node.start - origin)) / whole)}%`;
    node.piece.style.width = `${Math.max(0, (100 * (end - node.start)) / whole)}%`;
  }
  const price = total.unpriced && !total.usd ? "price unknown" : `${money(total.usd)}${total.unpriced ? " and calls of unknown price" : ""}`;
  document.getElementById("facts").textContent = joined(
    total.status, total.model, plural(total.turns, "turn"), `${number(total.tokens)} tokens`, price,
    total.calls ? `${plural(total.calls, "sub-call")}${total.cached ? `, ${number(total.cached)} from cache` : ""}` : "",
    seconds(total.seconds ?? total.at), `run ${run.runId}`,
  );
}

document.getElementById("question").textContent = run.question;
for (const event of events) take(event);
draw();

const summaries = () => [...document.querySelectorAll("summary")].filter((summary) => summary.offsetParent !== null);
document.getElementById("open-all").addEventListener("click", () => { for (const details of document.querySelectorAll("details")) details.open = true; });
document.getElementById("close-all").addEventListener("click", () => { for (const details of document.querySelectorAll("details")) details.open = false; });
document.addEventListener("keydown", (event) => {
  const summary = document.activeElement;
  if (summary?.tagName !== "SUMMARY" || event.ctrlKey || event.altKey || event.metaKey) return;
  const all = summaries();
  const at = all.indexOf(summary);
  const details = summary.parentElement;
  const moves = {
    ArrowDown: () => all[at + 1]?.focus(),
    ArrowUp: () => all[at - 1]?.focus(),
    Home: () => all[0].focus(),
    End: () => all[all.length - 1].focus(),
    ArrowRight: () => (details.open ? all[at + 1]?.focus() : (details.open = true)),
    ArrowLeft: () => (details.open ? (details.open = false) : details.parentElement.closest("details")?.querySelector("summary").focus()),
  };
  if (!moves[event.key]) return;
  event.preventDefault();
  moves[event.key]();
});

if (host) {
  window.addEventListener("message", ({ data }) => {
    if (data?.type === "events") for (const event of data.events) take(event);
  });
  host.setState({ runId: run.runId });
  host.postMessage({ type: "ready" });
}
