// What an answer can be taken away as: its data and tables, copied or saved; all of it with links to what it cites.
import * as vscode from "vscode";
import * as protocol from "./protocol.ts";
import type { Server } from "./server.ts";

const WAYS = [
  { label: "$(copy) Copy as CSV", format: "csv", save: false },
  { label: "$(copy) Copy as JSON", format: "json", save: false },
  { label: "$(save) Save as CSV…", format: "csv", save: true },
  { label: "$(save) Save as JSON…", format: "json", save: true },
] as const;

export async function takeData(server: Server, runId: string): Promise<void> {
  const way = await vscode.window.showQuickPick(WAYS, { title: "RLM: data and tables of the answer" });
  if (way === undefined) return;
  const { text, tables } = await (await server.connection()).sendRequest(protocol.Data, { runId, format: way.format });
  if (tables === 0) throw new Error("The answer holds neither data nor a table.");
  if (!way.save) {
    await vscode.env.clipboard.writeText(text);
    vscode.window.setStatusBarMessage(
      `RLM: ${tables === 1 ? "a table is" : `${tables} tables are`} in the clipboard.`,
      5000,
    );
    return;
  }
  const uri = await vscode.window.showSaveDialog({ filters: { [way.format.toUpperCase()]: [way.format] } });
  if (uri !== undefined) await vscode.workspace.fs.writeFile(uri, Buffer.from(text));
}

/** The answer as Markdown, with permalinks where what it cites is published. */
export async function copyCited(server: Server, runId: string): Promise<void> {
  const { text } = await (await server.connection()).sendRequest(protocol.Data, { runId, format: "markdown" });
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage("RLM: the answer is in the clipboard, with its citations.", 5000);
}
