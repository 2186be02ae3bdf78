// The item in the status bar, and the context keys that `when` clauses ask for.
import * as vscode from "vscode";
import { plain } from "./foreign.ts";
import type { Runs } from "./runs.ts";
import type { Server } from "./server.ts";

export class Status implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("rlm.status", vscode.StatusBarAlignment.Left, -10);
  private readonly listening: vscode.Disposable[];

  constructor(
    private readonly server: Server,
    private readonly runs: Runs,
  ) {
    this.item.name = "RLM";
    this.listening = [
      server.onDidChange(() => this.draw()),
      runs.onDidChange(() => this.draw()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.draw()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("rlm")) this.draw();
      }),
    ];
    this.draw();
    this.item.show();
  }

  get text(): string {
    return this.item.text;
  }

  dispose(): void {
    for (const one of this.listening) one.dispose();
    this.item.dispose();
  }

  private draw(): void {
    const running = this.runs.running;
    const run = running.at(-1);
    this.item.backgroundColor = undefined;
    this.item.command = "rlm.history";
    if (run !== undefined) {
      const cost = run.usd > 0 ? ` · ${money(run.usd)}` : "";
      const others = running.length > 1 ? ` (${running.length})` : "";
      this.item.text = `$(sync~spin) RLM turn ${run.turn}${cost}${others}`;
      this.item.command = "rlm.showAnswer";
    } else if (this.server.condition === "failed" || this.runs.last?.state === "interrupted") {
      this.item.text = "$(error) RLM";
      this.item.backgroundColor = new vscode.ThemeColor("statusBarItem.errorBackground");
      this.item.command = this.server.condition === "failed" ? "rlm.showLog" : "rlm.showAnswer";
    } else if (this.server.condition === "installing" || this.server.condition === "starting") {
      this.item.text = "$(loading~spin) RLM";
    } else {
      this.item.text = vscode.workspace.isTrusted ? "$(comment-discussion) RLM" : "$(shield) RLM";
    }
    this.item.tooltip = this.tooltip();
    this.item.accessibilityInformation = { label: this.item.text.replace(/\$\([^)]*\)\s*/g, "") };
    const set = (key: string, value: boolean) => void vscode.commands.executeCommand("setContext", key, value);
    set("rlm.running", run !== undefined);
    set("rlm.answered", this.runs.last?.runId !== undefined && this.runs.last.runId !== "");
  }

  private tooltip(): vscode.MarkdownString {
    const model = vscode.workspace.getConfiguration("rlm").get<string | string[]>("models.root", "");
    const lines = [
      `**RLM** ${this.server.condition === "failed" ? `does not run: ${plain(this.server.problem)}` : ""}`,
      ...this.runs.running.map((run) => `${plain(run.question.slice(0, 80))}: ${plain(run.message)}`),
      `Model: ${plain((Array.isArray(model) ? model.join(", ") : model) || "as configured outside the editor, else rules")}`,
    ];
    if (!vscode.workspace.isTrusted) {
      lines.push(
        "Restricted: this workspace is not trusted. No native programs, no model, endpoint or budget of the workspace's.",
      );
    }
    return new vscode.MarkdownString(lines.join("\n\n"));
  }
}

export function money(usd: number): string {
  return usd === 0 || usd >= 0.005 ? `$${usd.toFixed(2)}` : `$${usd.toFixed(4)}`;
}
