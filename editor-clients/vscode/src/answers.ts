// The answer beside the editor: one view a conversation, streaming while the model writes, with a box to follow up.
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { TextDocumentContentRequest } from "vscode-languageclient/node";
import { copyCited, takeData } from "./data.ts";
import { type Excerpts, failed } from "./excerpts.ts";
import { unlinked } from "./foreign.ts";
import { type Choice, firstChoices } from "./models.ts";
import { citationsNow, jump, named, peek } from "./places.ts";
import type { Citation } from "./protocol.ts";
import * as protocol from "./protocol.ts";
import { answerHtml, draftHtml } from "./render.ts";
import type { Run, Runs } from "./runs.ts";
import type { Server } from "./server.ts";

export const VIEW = "rlm.answer";

/** Milliseconds between two pictures of what a model is writing. */
const PACE = 100;

/** A question and its answer, as the view draws it. */
interface Entry {
  key: string;
  question: string;
  about: string;
  runId: string;
  state: "running" | "done" | "failed" | "interrupted";
  message: string;
  /** HTML: what the model wrote, by turn. */
  working: { turn: number; html: string }[];
  /** HTML of the whole answer document. */
  html: string;
  /** Who could answer instead of rules, where nobody has chosen a model yet. */
  offers: string[];
  /** It has data, a chart or a table. */
  tabular: boolean;
  charts: protocol.Picture[];
}

/** From the view. */
type Sent =
  | { type: "ready" }
  | { type: "followUp"; text: string }
  | { type: "offer"; key: string; index: number }
  | { type: "citation"; key: string; index: number; peek: boolean }
  | {
      type: "action";
      name:
        | "stop"
        | "resume"
        | "trace"
        | "document"
        | "data"
        | "again"
        | "cite"
        | "setApiKey"
        | "chooseModel"
        | "showLog";
      key: string;
    };

/** What the view asks of the extension. */
export interface Doing {
  followUp(question: string, runId: string, view: AnswerView): void;
  resume(runId: string, question: string, view: AnswerView): void;
  /** The same question, about what its texts hold now. */
  lookAgain(runId: string, question: string, view: AnswerView): void;
  trace(runId: string): void;
  /** Ask the same again, of whoever is configured now. */
  again(question: string, view: AnswerView): void;
}

/** What the view keeps of an entry for itself. */
interface Own {
  citations: Citation[];
  choices: Choice[];
  hasData: boolean;
}

export class AnswerView {
  private readonly entries = new Map<string, Entry & Own>();
  private late = new Map<string, NodeJS.Timeout>();
  private readonly gone = new vscode.EventEmitter<void>();
  readonly onDidDispose = this.gone.event;

  constructor(
    readonly panel: vscode.WebviewPanel,
    private readonly context: vscode.ExtensionContext,
    private readonly server: Server,
    private readonly runs: Runs,
    private readonly doing: Doing,
    private readonly excerpts: Excerpts,
  ) {
    panel.webview.options = {
      enableScripts: true,
      localResourceRoots: [vscode.Uri.joinPath(context.extensionUri, "media")],
    };
    panel.iconPath = vscode.Uri.joinPath(context.extensionUri, "media", "icon.png");
    panel.webview.html = this.page();
    const listening = [
      panel.webview.onDidReceiveMessage((sent: Sent) => void this.hear(sent)),
      runs.onDidChange((run) => this.changed(run)),
    ];
    panel.onDidDispose(() => {
      for (const one of listening) one.dispose();
      for (const timer of this.late.values()) clearTimeout(timer);
      this.gone.fire();
      this.gone.dispose();
    });
  }

  /** The last run that has an answer, or is on the way to one. */
  get runId(): string {
    return [...this.entries.values()].at(-1)?.runId ?? "";
  }

  /** Follow a run. One that goes on where another broke off takes its place. */
  add(run: Run): void {
    for (const [key, entry] of this.entries) {
      if (run.runId && entry.runId === run.runId) {
        this.entries.delete(key);
        void this.panel.webview.postMessage({ type: "remove", key });
      }
    }
    const about = run.scope ? named(run.scope) : "";
    const entry: Entry & Own = {
      key: run.token,
      question: run.question,
      about,
      runId: run.runId,
      state: "running",
      message: run.message,
      working: [],
      html: "",
      offers: [],
      tabular: false,
      charts: [],
      citations: [],
      choices: [],
      hasData: false,
    };
    this.entries.set(run.token, entry);
    this.panel.title = title(run.question);
    this.changed(run);
  }

  /** Show a run of the history. */
  async addEnded(run: protocol.Run): Promise<void> {
    const entry: Entry & Own = {
      key: run.runId,
      question: run.question,
      about: "",
      runId: run.runId,
      state: "done",
      message: "",
      working: [],
      html: "",
      offers: [],
      tabular: false,
      charts: [],
      citations: [],
      choices: [],
      hasData: false,
    };
    if (run.status === "interrupted")
      Object.assign(entry, { state: "interrupted", message: "The server died during this run." });
    this.entries.set(entry.key, entry);
    this.panel.title = title(run.question);
    await this.finish(entry);
  }

  private changed(run: Run): void {
    const entry = this.entries.get(run.token);
    if (entry === undefined || this.late.has(entry.key)) return;
    const update = () => {
      this.late.delete(entry.key);
      Object.assign(entry, { runId: run.runId, state: run.state, message: run.error || run.message });
      entry.working = [...run.texts].map(([turn, text]) => ({ turn, html: draftHtml(text) }));
      if (run.answer?.runId && !entry.html) {
        entry.citations = run.answer.citations;
        entry.hasData = run.answer.data !== undefined && run.answer.data !== null;
        if (run.answer.modelKind === "offline") void this.offer(entry);
        void this.finish(entry);
      } else this.draw(entry);
    };
    if (run.state === "running") this.late.set(entry.key, setTimeout(update, PACE));
    else update();
  }

  /** Rules have answered. If nobody has chosen that: who could, in a word each. */
  private async offer(entry: Entry & Own): Promise<void> {
    entry.choices = await firstChoices(this.server).catch(() => []);
    entry.offers = entry.choices.map((choice) => choice.label);
    if (entry.offers.length > 0) this.draw(entry);
  }

  /** The answer document, as the server writes it. */
  private async finish(entry: Entry & Own): Promise<void> {
    try {
      const client = await this.server.connection();
      const { text } = await client.sendRequest(TextDocumentContentRequest.type, {
        uri: `rlm:/answer/${entry.runId}.md?drawn`,
      });
      if (entry.citations.length === 0) entry.citations = await citationsNow(client, entry.runId, []);
      entry.charts = (await client.sendRequest(protocol.Charts, { runId: entry.runId })).charts;
      // The view has the question as a heading already.
      entry.tabular = /^ {0,3}\|.*\|\s*$/m.test(text) || entry.hasData || entry.charts.length > 0;
      entry.html = answerHtml(text.replace(/^# .*\n+/, ""), entry.citations);
    } catch (error) {
      entry.message = protocol.messageOf(error);
      if (entry.state === "done") entry.state = "failed";
    }
    this.draw(entry);
  }

  private draw(entry: Entry & Own): void {
    const { citations, choices: _, hasData: __, ...sent } = entry;
    void this.panel.webview.postMessage({ type: "entry", entry: { ...sent, cited: citations.length } });
  }

  private async hear(sent: Sent): Promise<void> {
    switch (sent.type) {
      case "ready":
        for (const entry of this.entries.values()) this.draw(entry);
        break;
      case "followUp":
        if (sent.text.trim()) this.doing.followUp(sent.text.trim(), this.runId, this);
        break;
      case "offer":
        await this.take(sent.key, sent.index);
        break;
      case "citation":
        await this.follow(sent.key, sent.index, sent.peek);
        break;
      case "action":
        await this.act(sent.name, sent.key);
    }
  }

  private async take(key: string, index: number): Promise<void> {
    const entry = this.entries.get(key);
    const choice = entry?.choices[index];
    if (entry === undefined || choice === undefined || !(await choice.take())) return;
    entry.choices = [];
    entry.offers = [];
    this.draw(entry);
    if (choice.asksAgain) this.doing.again(entry.question, this);
  }

  private async follow(key: string, index: number, peeking: boolean): Promise<void> {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    try {
      const client = await this.server.connection();
      const now = await citationsNow(client, entry.runId, entry.citations);
      const citation = now[index];
      if (citation === undefined) return;
      await (peeking ? peek : jump)(client, this.excerpts, citation);
    } catch (error) {
      void vscode.window.showErrorMessage(unlinked(`RLM: ${protocol.messageOf(error)}`));
    }
  }

  private async act(name: Extract<Sent, { type: "action" }>["name"], key: string): Promise<void> {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    const run = this.runs.running.find((one) => one.token === key);
    if (name === "stop" && run) await this.runs.stop(run);
    if (name === "resume") this.doing.resume(entry.runId, entry.question, this);
    if (name === "again") this.doing.lookAgain(entry.runId, entry.question, this);
    if (name === "cite") await copyCited(this.server, entry.runId).catch(failed);
    if (name === "data") await takeData(this.server, entry.runId).catch(failed);
    if (name === "trace") this.doing.trace(entry.runId);
    if (name === "document") {
      const uri = vscode.Uri.parse(`rlm:/answer/${entry.runId}.md`);
      await vscode.window.showTextDocument(uri, { viewColumn: this.panel.viewColumn ?? vscode.ViewColumn.Beside });
    }
    if (name === "setApiKey" || name === "chooseModel" || name === "showLog")
      await vscode.commands.executeCommand(`rlm.${name}`);
  }

  private page(): string {
    const { webview } = this.panel;
    const nonce = randomBytes(16).toString("base64");
    const of = (file: string) => webview.asWebviewUri(vscode.Uri.joinPath(this.context.extensionUri, "media", file));
    const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'`;
    return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${of("answer.css")}">
<title>RLM</title>
</head>
<body>
<main id="thread" aria-label="Questions and answers"></main>
<form id="follow-up">
<textarea id="next" rows="1" aria-label="Follow up" placeholder="Follow up… (Enter asks, Shift+Enter is a new line)"></textarea>
<button type="submit">Ask</button>
</form>
<script nonce="${nonce}" src="${of("answer.js")}"></script>
</body>
</html>`;
  }
}

function title(question: string): string {
  const line = question.replace(/\s+/g, " ").trim();
  return `RLM: ${line.length > 40 ? `${line.slice(0, 39)}…` : line}`;
}
