// Draws the conversation that the extension sends, entry by entry, without moving what is being read.

const host = acquireVsCodeApi();
const thread = document.getElementById("thread");
const box = document.getElementById("next");
const drawn = new Map();

const ACTIONS = {
  running: [["stop", "Stop"]],
  done: [
    ["trace", "Show trace"],
    ["document", "Open as document"],
    ["cite", "Copy with citations"],
    ["again", "Look again"],
  ],
  interrupted: [
    ["resume", "Resume"],
    ["trace", "Show trace"],
  ],
  failed: [
    ["chooseModel", "Choose model"],
    ["setApiKey", "Set API key"],
    ["showLog", "Show log"],
  ],
};

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function begin(entry) {
  const article = element("article");
  const parts = {
    article,
    heading: element("h1", "", entry.question),
    about: element("p", "about"),
    working: element("details", "working"),
    steps: element("summary", "", "How it got there"),
    texts: element("div"),
    message: element("p", "message"),
    answer: element("div", "answer"),
    offers: element("div", "offers"),
    actions: element("p", "actions"),
    turns: new Map(),
    state: "",
  };
  parts.message.setAttribute("role", "status");
  parts.working.append(parts.steps, parts.texts);
  parts.working.open = true;
  article.append(parts.heading, parts.about, parts.message, parts.offers, parts.answer, parts.working, parts.actions);
  article.dataset.key = entry.key;
  thread.append(article);
  drawn.set(entry.key, parts);
  return parts;
}

function draw(entry) {
  const fresh = !drawn.has(entry.key);
  const parts = drawn.get(entry.key) ?? begin(entry);
  parts.about.textContent = entry.about ? `about ${entry.about}` : "";
  parts.article.dataset.state = entry.state;
  parts.article.setAttribute("aria-busy", String(entry.state === "running"));
  parts.message.textContent = entry.state === "done" ? "" : entry.message;
  for (const { turn, html } of entry.working) {
    let block = parts.turns.get(turn);
    if (!block) {
      block = element("div", "turn");
      block.append(element("p", "label", `Turn ${turn}`), element("div"));
      parts.turns.set(turn, block);
      parts.texts.append(block);
    }
    if (block.written !== html) {
      block.written = html;
      block.lastChild.innerHTML = html;
    }
  }
  parts.working.hidden = entry.working.length === 0;
  if (entry.html && parts.written !== entry.html) {
    parts.written = entry.html;
    parts.answer.innerHTML = entry.html;
    peeks(parts.answer);
    illustrate(parts.answer, entry.charts);
    parts.working.open = false;
  }
  offer(parts.offers, entry.offers);
  if (parts.state !== `${entry.state} ${entry.tabular}`) {
    parts.state = `${entry.state} ${entry.tabular}`;
    const shown = entry.state === "failed" && entry.html ? ACTIONS.done : ACTIONS[entry.state];
    const actions = entry.tabular ? [...shown, ["data", "Copy or save table"]] : shown;
    parts.actions.replaceChildren(
      ...actions.map(([name, label]) => {
        const button = element("button", "", label);
        button.type = "button";
        button.dataset.action = name;
        return button;
      }),
    );
  }
  if (fresh && drawn.size > 1) parts.article.scrollIntoView();
  remember(entry);
}

/** Who could answer instead of rules: a button each. */
function offer(place, offers) {
  place.hidden = offers.length === 0;
  if (place.childElementCount === offers.length + 1) return;
  const buttons = offers.map((label, index) => {
    const button = element("button", "", label);
    button.type = "button";
    button.dataset.offer = String(index);
    return button;
  });
  const words = "No language model is chosen yet: rules have answered. Who shall?";
  place.replaceChildren(element("p", "", words), ...buttons);
}

/** The charts, as the server drew them, between the answer and its citations: a point is a citation. */
function illustrate(answer, charts) {
  if (charts.length === 0) return;
  const ends = [...answer.children].filter((part) => part.tagName === "HR" || part.textContent === "Citations");
  const place = ends.findLast((part) => part.tagName === "H2") ?? ends.at(-1) ?? null;
  for (const { title, note, svg } of charts) {
    const figure = element("figure");
    const picture = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
    figure.append(element("figcaption", "", title), document.importNode(picture, true));
    if (note) figure.append(element("p", "about", note));
    answer.insertBefore(figure, place);
  }
}

/** A way to look at a citation without leaving the place, beside each one of the list. */
function peeks(answer) {
  for (const link of answer.querySelectorAll("li > a[data-citation]:first-child")) {
    const button = element("button", "peek", "peek");
    button.type = "button";
    button.dataset.peek = link.dataset.citation;
    button.setAttribute("aria-label", `Peek at ${link.textContent}`);
    link.after(" ", button);
  }
}

function remember(entry) {
  if (entry.runId) host.setState({ ...host.getState(), runId: entry.runId });
}

const keyOf = (target) => target.closest("article")?.dataset.key;

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-citation], [data-peek], [data-action], [data-offer]");
  if (!target) return;
  const { citation, peek, action, offer: chosen } = target.dataset;
  if (chosen !== undefined) {
    host.postMessage({ type: "offer", key: keyOf(target), index: Number(chosen) });
    return;
  }
  if (action) {
    host.postMessage({ type: "action", name: action, key: keyOf(target) });
    return;
  }
  event.preventDefault();
  const peeking = peek !== undefined || event.altKey;
  host.postMessage({ type: "citation", key: keyOf(target), index: Number(peek ?? citation), peek: peeking });
});

const form = document.getElementById("follow-up");
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!box.value.trim()) return;
  host.postMessage({ type: "followUp", text: box.value });
  box.value = "";
});
box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

window.addEventListener("message", ({ data }) => {
  if (data.type === "entry") draw(data.entry);
  else if (data.type === "remove") {
    drawn.get(data.key)?.article.remove();
    drawn.delete(data.key);
  } else if (data.type === "focus") box.focus();
});
host.postMessage({ type: "ready" });
