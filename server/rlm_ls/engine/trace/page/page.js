// Takes the events, those in the page and those that come while it is open in an editor, and draws; keys and buttons.
function take(event) {
  // Streamed text bears the number of the event before it, and is never stored.
  if (event.type !== "textStreamed" && event.type !== "thinkingStreamed") {
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

const summaries = () => [...document.querySelectorAll("summary")].filter((summary) => summary.checkVisibility());
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
    if (data?.type === "charts") showCharts(data.charts);
  });
  host.setState({ runId: run.runId });
  host.postMessage({ type: "ready" });
}
