// `rlm_ask`: what the editor's agents use for texts that are longer than their own window.
import { isAbsolute } from "node:path";
import * as vscode from "vscode";
import { plain, unlinked } from "./foreign.ts";
import { documentScope } from "./places.ts";
import type { Answer, Scope } from "./protocol.ts";
import type { Runs } from "./runs.ts";

export interface Input {
  question: string;
  files?: string[];
}

export class AskTool implements vscode.LanguageModelTool<Input> {
  constructor(
    private readonly runs: Runs,
    private readonly stop: (answer: Promise<Answer>) => void,
  ) {}

  prepareInvocation({ input }: vscode.LanguageModelToolInvocationPrepareOptions<Input>): vscode.PreparedToolInvocation {
    const about = input.files?.length ? input.files.join(", ") : "the whole workspace";
    return {
      invocationMessage: unlinked(`Asking RLM about ${about}`),
      confirmationMessages: {
        title: "Ask RLM about long texts?",
        message: new vscode.MarkdownString(
          `“${plain(input.question)}”\n\nabout ${plain(about)}. RLM searches these files with programs in a sandbox, ` +
            "and its own model (setting `rlm.models.root`) sees what they print; calls of that model may cost money, " +
            "up to `rlm.budget.usd`.",
        ),
      },
    };
  }

  async invoke(
    { input }: vscode.LanguageModelToolInvocationOptions<Input>,
    token: vscode.CancellationToken,
  ): Promise<vscode.LanguageModelToolResult> {
    const { ended } = this.runs.ask({ question: input.question, scope: await scopeOf(input.files ?? []) }, token);
    this.stop(ended);
    return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(told(await ended))]);
  }
}

/** The answer for another model: its text, and the proof. */
export function told(answer: Answer): string {
  const parts = [answer.answer.trim()];
  if (answer.status !== "answered") parts.unshift(`(${answer.status}: ${answer.reason})`);
  if (answer.modelKind === "offline") parts.push("(No language model was configured: rules answered.)");
  if (answer.citations.length > 0) {
    const lines = answer.citations.map(({ location, path, quote, state }) => {
      const line = location.range.start.line + 1;
      return `- ${path ?? location.uri}:${line} (${state}): ${quote.slice(0, 500)}`;
    });
    parts.push(`Citations, checked against the text:\n${lines.join("\n")}`);
  }
  return parts.join("\n\n");
}

async function scopeOf(files: string[]): Promise<Scope> {
  if (files.length === 0) return { kind: "workspace" };
  const named = await Promise.all(files.map(resolved));
  const uris = named.filter((uri) => uri !== undefined);
  const only = uris[0];
  if (only !== undefined && files.length === 1) return documentScope(only);
  if (uris.length === files.length) return { kind: "files", uris: uris.map((uri) => uri.toString()) };
  return { kind: "files", include: files.map((file) => vscode.workspace.asRelativePath(file, false)) };
}

/** The file of a name; none for a pattern. */
async function resolved(file: string): Promise<vscode.Uri | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const candidates = isAbsolute(file)
    ? [vscode.Uri.file(file)]
    : folders.map((folder) => vscode.Uri.joinPath(folder.uri, file));
  for (const uri of candidates) {
    try {
      if ((await vscode.workspace.fs.stat(uri)).type & vscode.FileType.File) return uri;
    } catch {
      // Not this one.
    }
  }
  return undefined;
}
