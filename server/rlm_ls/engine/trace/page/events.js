// One function an event: what it adds to the tree.
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
  routeChanged(event) {
    if (child(event) !== "") return;
    document.getElementById("context").append(element("span", "", ` — from turn ${event.turn} on ${event.route}: ${event.reason}`));
  },
  turnStarted(event) {
    turnOf(event);
    if (child(event) === "") total.turns = Math.max(total.turns, event.turn);
  },
  modelCalled(event) {
    const node = runs(branch(key(event, event.turn, "model"), turnOf(event).body, "model", `Asking ${event.model}`, event.at, false));
    if (event.messages.length === 0) return;
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
  thinkingStreamed(event) {
    const node = nodes.get(key(event, event.turn, "model"));
    if (!node || node.end !== null) return;
    node.details.open = true;
    node.thought ??= block(node.body, "thinking", "");
    node.thought.append(event.text);
  },
  modelReplied(event) {
    const id = key(event, event.turn, "model");
    const node = nodes.get(id) ?? branch(id, turnOf(event).body, "model", "Model", event.at - event.seconds, false);
    node.label.textContent = plan(event.text) || node.label.textContent.replace("Asking ", "");
    node.label.title = node.label.textContent;
    if (node.thought) node.thought.textContent = event.thinking ?? "";
    else if (event.thinking) block(node.body, "thinking", event.thinking);
    if (node.streamed) node.streamed.textContent = event.text;
    else block(node.body, "reply", event.text);
    if (node.streamed) node.details.open = false;
    if (event.finish === "length") node.body.append(element("p", "warning", "The reply was cut: it reached the model's limit."));
    ends(node, event.at, event.seconds);
    const cached = event.cachedTokens ? `${number(event.cachedTokens)} cached` : "";
    spend(node, event, joined(cached, event.estimatedTokens ? "estimated" : ""));
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
      const cell = element("th", ["tokens", "cost", "time"].includes(title) ? "figure" : "", title);
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
    if (event.source) block(node.body, "", kept(event.source), event.language);
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
  if (answer.reason && answer.status !== "answered") node.body.append(element("p", "warning", answer.reason));
  block(node.body, "", answer.answer);
  if (answer.charts?.length > 0) chartsOf = { node, citations: answer.citations };
  if (charts.length > 0) showCharts(charts);
  const listed = answer.citations.filter((citation) => !citation.charted);
  if (listed.length === 0) return;
  node.body.append(element("p", "label", "citations"));
  const list = element("ul");
  for (const citation of listed) list.append(cited(citation));
  node.body.append(list);
}

/** Where the pictures go that are drawn once a run has ended. */
let chartsOf;

function showCharts(drawn) {
  chartsOf?.node.body.querySelector("pre").after(figures(drawn, chartsOf.citations));
}

function cited(citation) {
  const { uri, line, endLine } = placeOf(citation);
  const path = citation.path ?? decodeURIComponent(uri.slice(uri.lastIndexOf("/") + 1));
  const page = /^page (\d+)/.exec(citation.place ?? "");
  const link = element("a", "", citation.place ? `${path}, ${citation.place}` : `${path}:${line}`);
  if (/^(file|untitled|vscode-[a-z]+):/.test(uri)) link.href = uri + (page ? `#page=${page[1]}&line=${line}` : `#L${line}`);
  link.addEventListener("click", (event) => {
    if (!host) return;
    event.preventDefault();
    host.postMessage({ type: "open", uri, line, endLine });
  });
  const item = element("li");
  item.append(link, citation.state === "verified" ? "" : ` (${citation.state})`, `  ${citation.quote.slice(0, 300)}`);
  return item;
}

const compile = (event) => key(event, event.turn, "compile", event.name);
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
