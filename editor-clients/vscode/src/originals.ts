// Opening a cited document itself at the cited place, where this VS Code shows such documents: a PDF with an extension for
// it, a notebook. All others are shown as the text that the server took out of them.
import * as vscode from "vscode";
import type { Citation } from "./protocol.ts";

/** Whether the document could be opened at the place that the citation names. */
export async function openOriginal(citation: Citation, viewColumn: vscode.ViewColumn): Promise<boolean> {
  const uri = vscode.Uri.parse(citation.location.uri, true);
  const [, kind, number] = /^(page|cell) (\d+)/.exec(citation.place ?? "") ?? [];
  if (uri.scheme !== "file" || number === undefined || uri.path.includes("!/")) return false;
  if (kind === "cell") {
    if (!uri.path.endsWith(".ipynb")) return false;
    const document = await vscode.workspace.openNotebookDocument(uri);
    const cell = new vscode.NotebookRange(Number(number) - 1, Number(number));
    await vscode.window.showNotebookDocument(document, { viewColumn, preview: true, selections: [cell] });
    return true;
  }
  if (!uri.path.toLowerCase().endsWith(".pdf") || !vscode.extensions.all.some(showsPdf)) return false;
  const page = uri.with({ fragment: `page=${number}` });
  await vscode.commands.executeCommand("vscode.open", page, { viewColumn, preview: true });
  return true;
}

function showsPdf(extension: vscode.Extension<unknown>): boolean {
  const editors: unknown = extension.packageJSON?.contributes?.customEditors;
  return Array.isArray(editors) && /"filenamePattern":"[^"]*\.pdf"/i.test(JSON.stringify(editors));
}
