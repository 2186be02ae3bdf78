// Going to what is cited, and what of the editor a question takes along.
import { basename } from "node:path";
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { openOriginal } from "./originals.ts";
import type { Citation, EditorState, Scope } from "./protocol.ts";
import * as protocol from "./protocol.ts";

const MOST_MARKS = 50;

/** The citations of an answer as they stand now; as they were if the server cannot tell. */
export async function citationsNow(client: LanguageClient, runId: string, was: Citation[]): Promise<Citation[]> {
  try {
    return await client.sendRequest(protocol.Citations, { runId });
  } catch {
    return was;
  }
}

/** Open the text and select what is cited, beside the answer. */
export async function jump(client: LanguageClient, citation: Citation): Promise<void> {
  if (await openOriginal(citation, columnOfTexts()).catch(() => false)) return;
  const { uri, range } = client.protocol2CodeConverter.asLocation(citation.location);
  await open(uri, range);
  if (citation.state === "unmatched") {
    vscode.window.setStatusBarMessage("RLM: the cited text is no longer there: this is where it was.", 8000);
  }
}

export async function open(uri: vscode.Uri, range: vscode.Range): Promise<void> {
  const shown = vscode.window.visibleTextEditors.find((editor) => editor.document.uri.toString() === uri.toString());
  const viewColumn = shown?.viewColumn ?? columnOfTexts();
  const editor = await vscode.window.showTextDocument(uri, { viewColumn, preview: true });
  editor.selection = new vscode.Selection(range.start, range.end);
  editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

/** Show what is cited in a small view within the text that is open, without leaving it. */
export async function peek(client: LanguageClient, citations: Citation[], index: number): Promise<void> {
  const locations = citations.map((citation) => client.protocol2CodeConverter.asLocation(citation.location));
  const chosen = locations[index];
  if (chosen === undefined) return;
  const visible = vscode.window.visibleTextEditors.filter((editor) => editor.viewColumn !== undefined);
  const anchor =
    visible.find((editor) => editor.document.uri.toString() === chosen.uri.toString()) ??
    visible[0] ??
    (await vscode.window.showTextDocument(chosen.uri, { viewColumn: vscode.ViewColumn.One }));
  await vscode.window.showTextDocument(anchor.document, anchor.viewColumn);
  const at = anchor.selection.active;
  await vscode.commands.executeCommand("editor.action.peekLocations", anchor.document.uri, at, [chosen], "peek");
}

function columnOfTexts(): vscode.ViewColumn {
  const texts = vscode.window.tabGroups.all.find((group) => group.activeTab?.input instanceof vscode.TabInputText);
  return texts?.viewColumn ?? vscode.ViewColumn.One;
}

// ---- scopes -----------------------------------------------------------------------------------------------------------

export function documentScope(uri: vscode.Uri): Scope {
  return { kind: "document", textDocument: { uri: uri.toString() } };
}

export function selectionScope(client: LanguageClient, editor: vscode.TextEditor): Scope {
  const range = client.code2ProtocolConverter.asRange(editor.selection);
  return { kind: "selection", textDocument: { uri: editor.document.uri.toString() }, range };
}

/** What was chosen in the explorer: files by name, folders by glob (then the files as well). */
export async function chosenScope(uris: readonly vscode.Uri[]): Promise<Scope> {
  const only = uris[0];
  const stats = await Promise.all(uris.map((uri) => vscode.workspace.fs.stat(uri)));
  const folders = stats.map((stat) => (stat.type & vscode.FileType.Directory) !== 0);
  if (!folders.includes(true)) {
    return only !== undefined && uris.length === 1
      ? documentScope(only)
      : { kind: "files", uris: uris.map((uri) => uri.toString()) };
  }
  const include = uris.map((uri, index) => {
    const path = vscode.workspace.asRelativePath(uri, false);
    const whole = vscode.workspace.getWorkspaceFolder(uri)?.uri.toString() === uri.toString();
    return whole ? "**" : `/${glob(path)}${folders[index] ? "/**" : ""}`;
  });
  return { kind: "files", include };
}

/** A path as a pattern of `.gitignore`. */
function glob(path: string): string {
  return path.replace(/[\\*?[\]!#]/g, "\\$&");
}

/** The scope in a few words, for titles. */
export function named(scope: Scope | undefined): string {
  switch (scope?.kind) {
    case "document":
      return name(scope.textDocument.uri);
    case "selection":
      return `lines ${scope.range.start.line + 1}–${scope.range.end.line + 1} of ${name(scope.textDocument.uri)}`;
    case "files":
      return scope.uris ? `${scope.uris.length} files` : (scope.include ?? []).join(", ");
    default:
      return "the workspace";
  }
}

function name(uri: string): string {
  return basename(vscode.Uri.parse(uri).path);
}

/** What the user sees beside the text: cursor, open files, diagnostics. */
export function surroundings(client: LanguageClient): EditorState {
  const state: EditorState = {};
  const editor = vscode.window.activeTextEditor;
  if (editor !== undefined) {
    const position = client.code2ProtocolConverter.asPosition(editor.selection.active);
    state.cursor = { uri: editor.document.uri.toString(), position };
  }
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  const open = tabs.flatMap((tab) => (tab.input instanceof vscode.TabInputText ? [tab.input.uri.toString()] : []));
  const first = editor?.document.uri.toString();
  state.openFiles = [...new Set([...(first ? [first] : []), ...open])].filter((uri) => !uri.startsWith("rlm:"));
  let marks = 0;
  state.diagnostics = [];
  for (const uri of state.openFiles) {
    const found = vscode.languages.getDiagnostics(vscode.Uri.parse(uri)).slice(0, MOST_MARKS - marks);
    marks += found.length;
    const diagnostics = found.map((mark) => client.code2ProtocolConverter.asDiagnostic(mark));
    if (diagnostics.length > 0) state.diagnostics.push({ uri, diagnostics });
  }
  return state;
}
