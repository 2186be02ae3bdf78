// Questions under way: one request each, with its progress, its streamed text and what its events have cost so far.
import { randomUUID } from "node:crypto";
import * as vscode from "vscode";
import { ProgressType, WorkDoneProgress, WorkDoneProgressCancelNotification } from "vscode-languageclient/node";
import { surroundings } from "./places.ts";
import * as protocol from "./protocol.ts";
import type { Server } from "./server.ts";

const PARTIAL = new ProgressType<protocol.Partial>();

export type RunState = "running" | "done" | "failed" | "interrupted";

/** One question, from the moment it is asked. Changes are told by `Runs.onDidChange`. */
export class Run {
  readonly token = randomUUID();
  state: RunState = "running";
  runId = "";
  message = "starting";
  turn = 0;
  usd = 0;
  /** What the model has written, by turn. */
  readonly texts = new Map<number, string>();
  /** Text that the history does not have yet: of replies that are being written. */
  streaming: protocol.RunEvent[] = [];
  answer: protocol.Answer | undefined;
  error = "";
  code: number | undefined;

  constructor(
    readonly question: string,
    readonly scope: protocol.Scope | undefined,
  ) {}

  hear(event: protocol.RunEvent): void {
    if (typeof event.turn === "number" && !event.child) this.turn = event.turn;
    if (typeof event.usd === "number" && event.type !== "turnFinished") this.usd += event.usd;
    if (event.type === "textStreamed") this.streaming.push(event);
    if (event.type === "modelReplied") {
      const same = (one: protocol.RunEvent) => one.turn === event.turn && one.child === event.child;
      this.streaming = this.streaming.filter((one) => !same(one));
    }
  }

  partial(value: protocol.Partial): void {
    if (value.kind === "run") this.runId = value.runId;
    else this.texts.set(value.turn, (this.texts.get(value.turn) ?? "") + value.text);
  }
}

export class Runs implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<Run>();
  readonly onDidChange = this.changed.event;
  private readonly live = new Set<Run>();
  private readonly listening: vscode.Disposable;
  /** The last one asked. */
  last: Run | undefined;

  constructor(private readonly server: Server) {
    this.listening = server.onEvent((event) => {
      for (const run of this.live) {
        if (run.runId !== event.runId) continue;
        run.hear(event);
        this.changed.fire(run);
      }
    });
  }

  get running(): Run[] {
    return [...this.live];
  }

  /** Ask. The run is there at once; `ended` is its answer, and rejects with what the server refused. */
  ask(params: protocol.AskParams, token?: vscode.CancellationToken): { run: Run; ended: Promise<protocol.Answer> } {
    const run = new Run(params.question, params.scope);
    return {
      run,
      ended: this.follow(run, token, (client, tokens) =>
        client.sendRequest(protocol.Ask, { editor: surroundings(client), ...params, ...tokens }),
      ),
    };
  }

  /** Go on with a run whose server died. */
  resume(runId: string, question: string): { run: Run; ended: Promise<protocol.Answer> } {
    const run = new Run(question, undefined);
    run.runId = runId;
    const ended = this.follow(run, undefined, (client, tokens) =>
      client.sendRequest(protocol.Resume, { runId, ...tokens }),
    );
    return { run, ended };
  }

  /** Ask it to end: its own request is answered with what was found so far. */
  async stop(run: Run): Promise<void> {
    if (!this.live.has(run)) return;
    const client = await this.server.connection();
    await client.sendNotification(WorkDoneProgressCancelNotification.type, { token: run.token });
  }

  dispose(): void {
    this.listening.dispose();
    this.changed.dispose();
  }

  private async follow(
    run: Run,
    token: vscode.CancellationToken | undefined,
    send: (client: Client, tokens: Tokens) => Promise<protocol.Answer>,
  ): Promise<protocol.Answer> {
    this.last = run;
    this.live.add(run);
    this.changed.fire(run);
    const listening: vscode.Disposable[] = [];
    try {
      const client = await this.server.connection();
      const tokens = { workDoneToken: run.token, partialResultToken: `${run.token}-text` };
      listening.push(
        client.onProgress(WorkDoneProgress.type, tokens.workDoneToken, (value) => {
          if ("message" in value && value.message) run.message = value.message;
          this.changed.fire(run);
        }),
        client.onProgress(PARTIAL, tokens.partialResultToken, (value) => {
          run.partial(value);
          this.changed.fire(run);
        }),
      );
      if (token !== undefined) {
        listening.push(token.onCancellationRequested(() => void this.stop(run)));
      }
      run.answer = await send(client, tokens);
      run.runId = run.answer.runId;
      run.state = run.answer.status === "failed" ? "failed" : "done";
      return run.answer;
    } catch (error) {
      run.error = protocol.messageOf(error);
      run.code = protocol.codeOf(error);
      // A run that had begun and whose server went away is in the history up to the break.
      const refused = run.code !== undefined && (run.code > 0 || run.code === protocol.Code.MethodNotFound);
      run.state = run.runId && !refused ? "interrupted" : "failed";
      throw error;
    } finally {
      this.live.delete(run);
      for (const one of listening) one.dispose();
      this.changed.fire(run);
    }
  }
}

type Client = Awaited<ReturnType<Server["connection"]>>;

interface Tokens {
  workDoneToken: string;
  partialResultToken: string;
}
