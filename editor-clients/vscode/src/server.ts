// The server's process and the connection to it: one at a time, started when there is something to start.
import { mkdir, realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import {
  type Executable,
  LanguageClient,
  type LanguageClientOptions,
  type Middleware,
  RevealOutputChannelOn,
  State,
} from "vscode-languageclient/node";
import { InstallFailed, install, installed, planned, SERVER, type Wanted } from "./environment.ts";
import { unlinked } from "./foreign.ts";
import type { Keys } from "./keys.ts";
import { excerptsAbove } from "./places.ts";
import * as protocol from "./protocol.ts";
import { NoPython } from "./python.ts";
import { section } from "./settings.ts";

export type Condition = "off" | "installing" | "starting" | "running" | "failed";

/** Asks what the server's command `rlm.server.ask` asks, with the extension's own progress and view. */
export type AskCommand = (params: protocol.AskParams) => Promise<protocol.Answer | undefined>;

/** What is started, and what stands before any arguments. */
export interface Program {
  command: string;
  args: string[];
}

export class Server implements vscode.Disposable {
  readonly log = vscode.window.createOutputChannel("RLM", { log: true });
  private readonly changed = new vscode.EventEmitter<Condition>();
  readonly onDidChange = this.changed.event;
  private readonly events = new vscode.EventEmitter<protocol.RunEvent>();
  readonly onEvent = this.events.event;
  private client: LanguageClient | undefined;
  private starting: Promise<LanguageClient> | undefined;
  condition: Condition = "off";
  problem = "";
  /** Set before the first start. */
  onAskCommand: AskCommand = async () => undefined;
  onExcerptCommand: (params: { uri: string }) => Promise<void> = async () => {};
  onSample: (params: protocol.SampleParams, token: vscode.CancellationToken) => Promise<protocol.Sample> = () =>
    Promise.reject(new Error("no language model"));

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly keys: Keys,
  ) {}

  /** The connection, made if need be: installs the server and starts it. Throws what keeps it from running. */
  async connection(): Promise<LanguageClient> {
    if (this.client?.state === State.Running) return this.client;
    this.starting ??= this.start().finally(() => {
      this.starting = undefined;
    });
    return this.starting;
  }

  /** Start without bothering anybody: only what is installed already. */
  async startIfInstalled(): Promise<void> {
    if (this.path() || (await installed(this.wanted()))) await this.connection().catch(() => {});
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.connection();
  }

  async stop(): Promise<void> {
    await this.starting?.catch(() => {});
    const client = this.client;
    this.client = undefined;
    try {
      await client?.dispose(5000);
    } catch (error) {
      this.log.warn(`The server did not stop tidily: ${protocol.messageOf(error)}`);
    }
    this.become("off");
  }

  dispose(): void {
    void this.stop();
    this.changed.dispose();
    this.events.dispose();
    this.log.dispose();
  }

  /** The server's process, for whoever wants to look after it. */
  get process(): number | undefined {
    return this.client?.serverProcess?.pid;
  }

  /** What the server offers to ask where nobody has typed a question, by title; nothing of one that does not run. */
  async questions(): Promise<Record<string, string>> {
    const client = await (this.starting ?? Promise.resolve(this.client)).catch(() => undefined);
    const offered = client?.initializeResult?.capabilities.experimental?.rlm?.questions;
    const entries = Object.entries(typeof offered === "object" && offered !== null ? offered : {});
    return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
  }

  /** Tell the server of changed settings. */
  async settingsChanged(): Promise<void> {
    if (this.client?.state !== State.Running) return;
    const settings = { rlm: section(this.context.extension) };
    await this.client.sendNotification("workspace/didChangeConfiguration", { settings });
  }

  private async start(): Promise<LanguageClient> {
    try {
      // One that is starting again after a crash, or has given up.
      const earlier = this.client;
      if (earlier !== undefined) {
        if (earlier.state === State.Starting) await earlier.start();
        if (earlier.state === State.Running) return earlier;
        await earlier.dispose().catch(() => {});
      }
      const executable = await this.executable();
      this.become("starting");
      this.client = this.make(executable);
      await this.client.start();
      return this.client;
    } catch (error) {
      this.become("failed", protocol.messageOf(error));
      throw error;
    }
  }

  private become(condition: Condition, problem = ""): void {
    this.condition = condition;
    this.problem = problem;
    this.changed.fire(condition);
  }

  // ---- what is started ----------------------------------------------------------------------------------------------

  private path(): string {
    const path = vscode.workspace.getConfiguration("rlm").get<string>("server.path", "").trim();
    return path.startsWith("~/") ? join(homedir(), path.slice(2)) : path;
  }

  private wanted(): Wanted {
    return {
      wheels: this.context.asAbsolutePath("wheels"),
      storage: this.context.globalStorageUri.fsPath,
      python: vscode.workspace.getConfiguration("rlm").get<string>("server.python", "").trim(),
    };
  }

  /** The program that is the server, installed if need be. Throws NoPython, InstallFailed. */
  async program(): Promise<Program> {
    const path = this.path();
    if (path) return { command: path, args: [] };
    return { command: (await installed(this.wanted())) ?? (await this.install()), args: SERVER };
  }

  /** The same as it will be, without installing anything; undefined where there is nothing to install. */
  async plan(): Promise<Program | undefined> {
    const path = this.path();
    const command = path || (await planned(this.wanted()));
    return command ? { command, args: path ? [] : SERVER } : undefined;
  }

  /**
   * Where it is started, a folder of the extension's own: the client would take the first workspace folder, and programs
   * find there what they should find elsewhere (Python its modules, Windows other programs).
   */
  async place(): Promise<string> {
    const { storage } = this.wanted();
    await mkdir(storage, { recursive: true });
    // The client takes nothing that is a link.
    return realpath(storage);
  }

  private async executable(): Promise<Executable> {
    // The client hands on what it is given and nothing of its own environment.
    const env = { ...process.env, ...(await this.keys.environment()) };
    const options = { cwd: await this.place(), env };
    return { ...(await this.program()), options };
  }

  private async install(): Promise<string> {
    this.become("installing");
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: "RLM: setting up the server",
      cancellable: true,
    };
    return vscode.window.withProgress(options, (progress, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort());
      const reporter = {
        say: (message: string) => progress.report({ message: unlinked(message) }),
        log: (line: string) => this.log.info(line),
      };
      return install(this.wanted(), reporter, abort.signal).finally(() => {
        if (this.condition === "installing") this.become("off");
      });
    });
  }

  // ---- how it is spoken to ------------------------------------------------------------------------------------------

  private make(executable: Executable): LanguageClient {
    const options: LanguageClientOptions = {
      documentSelector: [{ scheme: "file" }, { scheme: "untitled" }, { scheme: "rlm" }],
      outputChannel: this.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: () => ({
        events: true,
        clientCommands: true,
        sampling: true,
        settingsApart: true,
        excerptsAbove: excerptsAbove(),
        trusted: vscode.workspace.isTrusted,
      }),
      connectionOptions: { maxRestartCount: 4 },
      middleware: this.middleware(),
    };
    const client = new LanguageClient("rlm", "RLM", executable, options);
    client.registerFeature({
      fillClientCapabilities: (capabilities) => {
        capabilities.experimental = { ...capabilities.experimental, rlm: { commands: true, sampling: true } };
      },
      initialize: () => {},
      getState: () => ({ kind: "static" }),
      clear: () => {},
    });
    client.onNotification(protocol.Event, (event) => this.events.fire(event));
    client.onRequest(protocol.SampleRequest, (params, token) => this.onSample(params, token));
    client.onDidChangeState(({ newState }) => {
      if (client !== this.client) return;
      if (newState === State.Running) this.become("running");
      else if (newState === State.Starting) this.become("starting");
      else if (newState === State.StartFailed) this.become("failed", "it could not be started; the log says why");
      else if (this.condition === "running") this.become("failed", "it has stopped; the log says why");
    });
    return client;
  }

  private middleware(): Middleware {
    return {
      workspace: {
        configuration: async (params, token, next) => {
          const values = await next(params, token);
          if (!Array.isArray(values)) return values;
          return values.map((value, index) =>
            params.items[index]?.section === "rlm" ? section(this.context.extension) : value,
          );
        },
      },
      executeCommand: (command, args, next) =>
        command === "rlm.server.ask"
          ? this.onAskCommand(args[0])
          : command === "rlm.server.excerpt"
            ? this.onExcerptCommand(args[0])
            : next(command, args),
    };
  }
}

/** What to tell the user, and what can be done about it. */
export function explained(error: unknown): { message: string; python: boolean } {
  const python = error instanceof NoPython;
  const message = protocol.messageOf(error);
  return {
    message: python || error instanceof InstallFailed ? message : `The server does not run: ${message}`,
    python,
  };
}
