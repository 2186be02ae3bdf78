// The trace beside the editor: the server's own page, fed with the events of a run that is still under way.
import * as vscode from "vscode";
import { type Excerpts, failed } from "./excerpts.ts";
import { openLines } from "./places.ts";
import type { RunEvent } from "./protocol.ts";
import * as protocol from "./protocol.ts";
import type { Runs } from "./runs.ts";
import type { Server } from "./server.ts";

export const VIEW = "rlm.trace";

/** Milliseconds between two helpings of events. */
const PACE = 100;

type Sent = { type: "ready" } | { type: "open"; uri: string; line: number; endLine: number };

export class Traces implements vscode.Disposable {
  private readonly open = new Map<string, TraceView>();

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly server: Server,
    private readonly runs: Runs,
    private readonly excerpts: Excerpts,
  ) {}

  /** Show a run's trace: its id, or "last". A view of answers that is in use makes room for it as a tab of its own. */
  async show(runId: string, viewColumn = vscode.ViewColumn.Beside): Promise<void> {
    const known = this.open.get(runId);
    if (known !== undefined) {
      known.panel.reveal(undefined, true);
      return;
    }
    const column = { viewColumn, preserveFocus: true };
    await this.fill(vscode.window.createWebviewPanel(VIEW, "RLM trace", column), runId);
  }

  /** Fill a view that is new, or that the editor has kept over a restart. */
  async fill(panel: vscode.WebviewPanel, runId: string): Promise<void> {
    panel.iconPath = vscode.Uri.joinPath(this.context.extensionUri, "media", "icon.png");
    const view = new TraceView(panel, this.server, this.runs, this.excerpts);
    this.open.set(runId, view);
    panel.onDidDispose(() => this.open.delete(runId));
    try {
      await view.load(runId);
    } catch (error) {
      panel.dispose();
      throw error;
    }
  }

  dispose(): void {
    for (const view of this.open.values()) view.panel.dispose();
  }
}

class TraceView {
  /** Events since the page was made: a page that is hidden and shown again begins anew. */
  private readonly since: RunEvent[] = [];
  private sent = 0;
  private ready = false;
  private late: NodeJS.Timeout | undefined;
  private runId = "";

  constructor(
    readonly panel: vscode.WebviewPanel,
    private readonly server: Server,
    private readonly runs: Runs,
    private readonly excerpts: Excerpts,
  ) {
    panel.webview.options = { enableScripts: true, localResourceRoots: [] };
    const listening = [
      panel.webview.onDidReceiveMessage((sent: Sent) => void this.hear(sent)),
      server.onEvent((event) => this.take(event)),
    ];
    panel.onDidDispose(() => {
      clearTimeout(this.late);
      for (const one of listening) one.dispose();
    });
  }

  async load(runId: string): Promise<void> {
    // From before the page is asked for, so that no event falls between.
    const early = this.runs.running.flatMap((run) => run.streaming);
    const listening = this.server.onEvent((event) => early.push(event));
    try {
      const client = await this.server.connection();
      const { run, html } = await client.sendRequest(protocol.Trace, { runId, format: "html" });
      if (html === undefined) throw new Error("This server cannot draw traces; a newer one can.");
      this.runId = run.runId;
      this.since.push(...early.filter((event) => event.runId === run.runId));
      this.panel.title = `RLM trace: ${run.question.replace(/\s+/g, " ").slice(0, 40)}`;
      this.panel.webview.html = html;
    } finally {
      listening.dispose();
    }
  }

  private take(event: RunEvent): void {
    if (event.runId !== this.runId) return;
    this.since.push(event);
    this.late ??= setTimeout(() => this.flush(), PACE);
  }

  private flush(): void {
    this.late = undefined;
    if (!this.ready) return;
    const events = this.since.slice(this.sent);
    this.sent = this.since.length;
    if (events.length > 0) void this.panel.webview.postMessage({ type: "events", events });
    if (events.some((event) => event.type === "runFinished" && !event.child)) void this.drawCharts();
  }

  /** The page of a run that has ended has its charts; one that ended since gets them now. */
  private async drawCharts(): Promise<void> {
    try {
      const client = await this.server.connection();
      const { charts } = await client.sendRequest(protocol.Charts, { runId: this.runId });
      if (charts.length > 0) void this.panel.webview.postMessage({ type: "charts", charts });
    } catch (error) {
      failed(error);
    }
  }

  private async hear(sent: Sent): Promise<void> {
    if (sent.type === "ready") {
      this.ready = true;
      this.sent = 0;
      this.flush();
      return;
    }
    try {
      await openLines(await this.server.connection(), this.excerpts, sent);
    } catch (error) {
      failed(error);
    }
  }
}
