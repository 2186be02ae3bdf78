// Wires the parts together: what can be asked, and what is shown of it.
import * as vscode from "vscode";
import { Agents } from "./agents.ts";
import { VIEW as ANSWER, AnswerView, type Doing } from "./answers.ts";
import { doctorText, estimate, history, typeQuestion } from "./choices.ts";
import { copyCited } from "./data.ts";
import { Excerpts, isExcerpt } from "./excerpts.ts";
import { unlinked } from "./foreign.ts";
import { Keys } from "./keys.ts";
import { chooseModel } from "./models.ts";
import { chosenScope, columnOfTexts, documentScope, named, selectionScope, shownUri } from "./places.ts";
import type { Answer, AskParams, RunEvent, Scope } from "./protocol.ts";
import * as protocol from "./protocol.ts";
import { type Run, Runs } from "./runs.ts";
import { sample } from "./sampling.ts";
import { explained, Server } from "./server.ts";
import { Status } from "./status.ts";
import { AskTool } from "./tool.ts";
import { VIEW as TRACE, Traces } from "./trace.ts";

/** What a view has kept of itself over a restart of the editor. */
type Kept = { runId?: string } | undefined;

/** What other extensions, and the tests, may use. */
export interface Api {
  /** Ask; the answer is shown beside the editor. Undefined if it was refused, which the user has then been told. */
  ask(params: AskParams): Promise<Answer | undefined>;
  readonly onEvent: vscode.Event<RunEvent>;
  readonly runs: Runs;
  readonly server: Server;
  readonly status: Status;
  readonly keys: Keys;
  readonly agents: Agents;
}

const RESTARTS = ["rlm.server.path", "rlm.server.python", "rlm.server.excerptsAboveMb"];

let stop: () => Promise<void> = async () => {};

/** The editor waits for this before it goes. */
export function deactivate(): Promise<void> {
  return stop();
}

export function activate(context: vscode.ExtensionContext): Api {
  const keys = new Keys(context.secrets, context.globalState);
  const server = new Server(context, keys);
  const runs = new Runs(server);
  const status = new Status(server, runs);
  const excerpts = new Excerpts(server);
  const traces = new Traces(context, server, runs, excerpts);
  const asking = new Asking(context, server, runs, traces, excerpts);
  const agents = new Agents(vscode, context.extension, {
    plan: () => server.plan(),
    program: () => server.program(),
    place: () => server.place(),
    keys: () => keys.environment(),
  });
  server.onExcerptCommand = ({ uri }) => excerpts.open(uri, columnOfTexts());
  server.onAskCommand = (params) => asking.command(params);
  server.onSample = (params, token) => sample(server, params, token);
  context.subscriptions.push(agents, excerpts, status, traces, runs, server);
  context.subscriptions.push(...commands(context, server, asking, keys, excerpts));
  context.subscriptions.push(
    vscode.lm.registerTool("rlm_ask", new AskTool(runs, (ended) => void asking.progress(ended).catch(() => {}))),
    vscode.window.registerWebviewPanelSerializer(ANSWER, {
      deserializeWebviewPanel: (panel, state: Kept) => asking.revive(panel, state),
    }),
    vscode.window.registerWebviewPanelSerializer(TRACE, {
      deserializeWebviewPanel: (panel, state: Kept) => traces.fill(panel, state?.runId ?? "last"),
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (RESTARTS.some((name) => event.affectsConfiguration(name))) void server.restart().catch(() => {});
      else if (event.affectsConfiguration("rlm")) void server.settingsChanged();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void server.restart().catch(() => {})),
  );
  stop = () => server.stop();
  void server.startIfInstalled();
  return { ask: (params) => asking.ask(params), onEvent: server.onEvent, runs, server, status, keys, agents };
}

function commands(
  context: vscode.ExtensionContext,
  server: Server,
  asking: Asking,
  keys: Keys,
  excerpts: Excerpts,
): vscode.Disposable[] {
  const handlers: Record<string, (...args: never[]) => Promise<unknown>> = {
    ask: (argument?: { scope?: Scope } | vscode.Uri) => asking.aboutFile(argument),
    askSelection: () => asking.aboutSelection(),
    askWorkspace: () => asking.about({ kind: "workspace" }),
    askChosen: (uri?: vscode.Uri, uris?: vscode.Uri[]) => asking.aboutChosen(uris ?? (uri ? [uri] : [])),
    followUp: () => asking.followUpLast(),
    lookAgain: () => asking.lookAgainLast(),
    copyCited: () => asking.copyCited(),
    askAddress: () => asking.aboutAddress(),
    stop: () => asking.stop(),
    showAnswer: () => asking.showLast(),
    showTrace: () => asking.trace(),
    excerptSearch: (argument?: { uri: string }) => excerpts.search(argument, columnOfTexts()),
    history: () => asking.history(),
    chooseModel: () => chooseModel(server),
    setApiKey: async () => {
      if (await keys.ask()) await server.restart();
    },
    estimate: () => asking.estimate(),
    doctor: async () => {
      const found = await (await server.connection()).sendRequest(protocol.Examine, {});
      const extension = {
        version: context.extension.packageJSON.version,
        server: server.condition,
        trusted: vscode.workspace.isTrusted,
      };
      const document = await vscode.workspace.openTextDocument({
        language: "markdown",
        content: doctorText(found, extension),
      });
      await vscode.window.showTextDocument(document, { preview: true });
    },
    restart: () => server.restart(),
    showLog: async () => server.log.show(true),
  };
  return Object.entries(handlers).map(([name, handler]) =>
    vscode.commands.registerCommand(`rlm.${name}`, async (...args: never[]) => {
      try {
        return await handler(...args);
      } catch (error) {
        await tell(server, error);
      }
    }),
  );
}

/** Say what went wrong, and offer what helps. */
async function tell(server: Server, error: unknown): Promise<void> {
  const code = protocol.codeOf(error);
  if (code === protocol.Code.RequestCancelled || (error as Error)?.name === "AbortError") return;
  const failed = server.condition === "failed";
  const { message, python } = failed ? explained(error) : { message: protocol.messageOf(error), python: false };
  const offers: Record<string, () => Thenable<unknown>> = {};
  const command = (id: string) => () => vscode.commands.executeCommand(id);
  if (python) {
    offers["Choose Python…"] = () =>
      vscode.commands.executeCommand("workbench.action.openSettings", "rlm.server.python");
  }
  if (failed) offers["Try again"] = command("rlm.restart");
  if (code === protocol.Code.ModelRefused) offers["Set API Key"] = command("rlm.setApiKey");
  if (code !== undefined && code >= 4201 && code <= 4205) offers["Choose Model"] = command("rlm.chooseModel");
  offers["Show Log"] = command("rlm.showLog");
  // Not awaited: the message may stay for as long as it likes.
  void vscode.window
    .showErrorMessage(unlinked(`RLM: ${message}`), ...Object.keys(offers))
    .then((chosen) => chosen && offers[chosen]?.());
}

class Asking implements Doing {
  private readonly views = new Set<AnswerView>();
  private latest: AnswerView | undefined;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly server: Server,
    private readonly runs: Runs,
    private readonly traces: Traces,
    private readonly excerpts: Excerpts,
  ) {}

  // ---- asking ---------------------------------------------------------------------------------------------------------

  async aboutFile(argument?: { scope?: Scope } | vscode.Uri): Promise<void> {
    if (argument instanceof vscode.Uri) await this.about(documentScope(argument));
    else if (argument?.scope) await this.about(argument.scope);
    else await this.about(documentScope(await this.file()));
  }

  async aboutSelection(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined || editor.selection.isEmpty) throw new Error("Select some text first.");
    await this.about(selectionScope(await this.server.connection(), editor));
  }

  async aboutChosen(uris: readonly vscode.Uri[]): Promise<void> {
    if (uris.length === 0) throw new Error("Choose files or folders in the explorer first.");
    await this.about(await chosenScope(uris));
  }

  /** A text that lies elsewhere: what the address is worth, the server judges. */
  async aboutAddress(): Promise<void> {
    const uri = await vscode.window.showInputBox({
      title: "Ask about a text elsewhere: its address",
      placeHolder: "https://…/app.log.gz, s3://bucket/logs/app.log, sftp://host/var/log/app.log",
      ignoreFocusOut: true,
      validateInput: (text) => (/^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(text.trim()) ? null : "An address: https://…"),
    });
    // As it was typed: a signed address is not to be encoded anew.
    if (uri?.trim()) await this.about({ kind: "document", textDocument: { uri: uri.trim() } });
  }

  /** Ask for a question and its answer. */
  async about(scope: Scope): Promise<void> {
    if (scope.kind === "workspace" && !vscode.workspace.workspaceFolders?.length)
      throw new Error("Open a folder first.");
    const question = await this.question(`Ask about ${named(scope)}`);
    if (question) await this.ask({ question, scope });
  }

  async ask(params: AskParams, view = this.newView(params.question)): Promise<Answer | undefined> {
    const { run, ended } = this.runs.ask(params);
    return this.shown(run, ended, view);
  }

  /** `rlm.server.ask` of a code action or lens. */
  async command(params: AskParams): Promise<Answer | undefined> {
    if (params.again) {
      const run = await this.find(params.again);
      return this.ask({ ...params, question: run?.question ?? "", scope: { kind: "workspace" } });
    }
    const question = params.question ?? (await this.question(`Ask about ${named(params.scope)}`));
    return question ? this.ask({ ...params, question }) : undefined;
  }

  followUp(question: string, runId: string, view: AnswerView): void {
    const run = this.runs.running.find((one) => one.runId === runId);
    const scope = run?.scope ?? this.scopes.get(view) ?? { kind: "workspace" };
    void this.ask({ question, scope, followUp: runId }, view);
  }

  async followUpLast(): Promise<void> {
    const view = this.latest;
    if (view === undefined || !view.runId) throw new Error("There is no answer to follow up yet.");
    const question = await this.question("Follow up");
    if (question) this.followUp(question, view.runId, view);
  }

  resume(runId: string, question: string, view: AnswerView): void {
    const { run, ended } = this.runs.resume(runId, question);
    void this.shown(run, ended, view);
  }

  lookAgain(runId: string, question: string, view = this.newView(question)): void {
    void this.ask({ question, scope: this.scopes.get(view) ?? { kind: "workspace" }, again: runId }, view);
  }

  /** The answer in use, looked at again, or the newest. */
  async lookAgainLast(): Promise<void> {
    const run = await this.find(this.shownRun());
    if (run === undefined) throw new Error("There is no answer yet.");
    this.lookAgain(run.runId, run.question, this.latest);
  }

  async copyCited(): Promise<void> {
    await copyCited(this.server, this.shownRun());
  }

  private shownRun(): string {
    return this.latest?.runId || this.runs.last?.runId || "last";
  }

  again(question: string, view: AnswerView): void {
    const scope = this.scopes.get(view) ?? { kind: "workspace" };
    void this.ask({ question, scope }, view);
  }

  async estimate(): Promise<void> {
    const scope: Scope = shownUri() ? documentScope(await this.file()) : { kind: "workspace" };
    const question = await this.question(`What would it cost to ask about ${named(scope)}?`);
    if (!question) return;
    if (await estimate(await this.server.connection(), { question, scope })) await this.ask({ question, scope });
  }

  async stop(): Promise<void> {
    await Promise.all(this.runs.running.map((run) => this.runs.stop(run)));
  }

  private readonly scopes = new WeakMap<AnswerView, Scope>();

  private async shown(run: Run, ended: Promise<Answer>, view: AnswerView): Promise<Answer | undefined> {
    if (run.scope) this.scopes.set(view, run.scope);
    view.add(run);
    try {
      return await this.progress(ended, run);
    } catch (error) {
      const missing = run.code === protocol.Code.MethodNotFound;
      if (missing) await tell(this.server, new Error("This server cannot resume runs; a newer one can."));
      else if (run.state !== "interrupted") await tell(this.server, error);
      return undefined;
    }
  }

  /** A notification with a cancel button for as long as the run goes on. */
  async progress(ended: Promise<Answer>, run = this.runs.last): Promise<Answer> {
    const options = { location: vscode.ProgressLocation.Notification, title: "RLM", cancellable: true };
    return vscode.window.withProgress(options, async (progress, token) => {
      if (run === undefined) return ended;
      const report = () => progress.report({ message: unlinked(run.message) });
      const listening = [
        this.runs.onDidChange((changed) => changed === run && report()),
        token.onCancellationRequested(() => void this.runs.stop(run)),
      ];
      report();
      try {
        return await ended;
      } finally {
        for (const one of listening) one.dispose();
      }
    });
  }

  private question(title: string): Promise<string | undefined> {
    return typeQuestion(
      vscode.workspace.isTrusted ? title : `${title} (restricted: this workspace is not trusted)`,
      this.server.questions(),
    );
  }

  /** What the tab in use shows; also one that the editor gives no document of: too large, binary, compressed. */
  private async file(): Promise<vscode.Uri> {
    const uri = shownUri();
    if (uri !== undefined && isExcerpt(uri)) return this.excerpts.text(uri);
    if (uri === undefined || uri.scheme === "rlm") throw new Error("Open a text file first.");
    return uri;
  }

  // ---- showing --------------------------------------------------------------------------------------------------------

  async showLast(): Promise<void> {
    if (this.latest !== undefined) this.latest.panel.reveal(undefined, true);
    else {
      const run = await this.find("last");
      if (run === undefined) throw new Error("There is no answer yet.");
      await this.openRun(run);
    }
  }

  async trace(runId?: string): Promise<void> {
    try {
      const view = [...this.views].find((one) => one.panel.active);
      const column = this.latest?.panel.viewColumn;
      await this.traces.show(runId ?? (view?.runId || this.runs.last?.runId || "last"), column);
    } catch (error) {
      await tell(this.server, error);
    }
  }

  async history(): Promise<void> {
    await history(await this.server.connection(), {
      answer: (run) => this.openRun(run),
      trace: (runId) => this.traces.show(runId),
      document: async (run) => {
        await vscode.window.showTextDocument(vscode.Uri.parse(run.answerUri), { viewColumn: vscode.ViewColumn.Beside });
      },
      resume: async (run) => this.resume(run.runId, run.question, this.newView(run.question)),
    });
  }

  /** A view that the editor has kept over a restart. */
  async revive(panel: vscode.WebviewPanel, state: Kept): Promise<void> {
    const run = await this.find(state?.runId ?? "last");
    if (run) await this.viewIn(panel).addEnded(run);
    else panel.dispose();
  }

  private async openRun(run: protocol.Run): Promise<void> {
    const known = [...this.views].find((view) => view.runId === run.runId);
    if (known) known.panel.reveal(undefined, true);
    else await this.newView(run.question).addEnded(run);
  }

  private async find(runId: string): Promise<protocol.Run | undefined> {
    const { runs } = await (await this.server.connection()).sendRequest(protocol.Runs, { limit: 1000 });
    return runId === "last" ? runs[0] : runs.find((run) => run.runId === runId);
  }

  private newView(question: string): AnswerView {
    // Where other answers are, but never over the text that is being read.
    const read = vscode.window.activeTextEditor?.viewColumn;
    const columns = [...this.views].map((view) => view.panel.viewColumn);
    const beside = columns.find((column) => column !== undefined && column !== read);
    const place = { viewColumn: beside ?? vscode.ViewColumn.Beside, preserveFocus: true };
    // Kept while hidden: what is typed into the box, and where one was reading.
    const kept = { retainContextWhenHidden: true };
    return this.viewIn(vscode.window.createWebviewPanel(ANSWER, `RLM: ${question.slice(0, 40)}`, place, kept));
  }

  private viewIn(panel: vscode.WebviewPanel): AnswerView {
    const view = new AnswerView(panel, this.context, this.server, this.runs, this, this.excerpts);
    this.views.add(view);
    this.latest = view;
    panel.onDidChangeViewState(() => {
      if (panel.active) this.latest = view;
    });
    view.onDidDispose(() => {
      this.views.delete(view);
      if (this.latest === view) this.latest = [...this.views].at(-1);
    });
    return view;
  }
}
