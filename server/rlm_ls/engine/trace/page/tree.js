// The timeline's tree: a branch for each run, turn, reply, program and batch of calls, and where a new one goes.
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
