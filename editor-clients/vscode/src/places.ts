// Going to what is cited, and what of the editor a question takes along.
import { basename } from "node:path";
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type { Excerpts } from "./excerpts.ts";
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

/** Open the text, or the lines around the place where the text cannot be shown, and select what is cited. */
export async function jump(client: LanguageClient, excerpts: Excerpts, citation: Citation): Promise<void> {
  if (await openOriginal(citation, columnOfTexts()).catch(() => false)) return;
  if (citation.excerpt !== undefined && citation.opens === "excerpt")
    return excerpts.open(citation.excerpt, columnOfTexts());
  const { uri, range } = client.protocol2CodeConverter.asLocation(citation.location);
  try {
    await open(uri, range);
  } catch (error) {
    if (citation.excerpt === undefined) throw error;
    await excerpts.open(citation.excerpt, columnOfTexts());
  }
  if (citation.state === "unmatched") {
    vscode.window.setStatusBarMessage("RLM: the cited text is no longer there: this is where it was.", 8000);
  }
}

/** Lines of a text, from 1: in an excerpt, where the editor does not show it. */
export async function openLines(client: LanguageClient, excerpts: Excerpts, place: Lines): Promise<void> {
  const uri = vscode.Uri.parse(place.uri, true);
  const excerpt = async () => {
    const { line, endLine } = place;
    const asked = { textDocument: { uri: place.uri }, line, endLine };
    await excerpts.open((await client.sendRequest(protocol.ExcerptRequest, asked)).uri, columnOfTexts());
  };
  if (await isTooLarge(uri)) return excerpt();
  try {
    await open(uri, new vscode.Range(place.line - 1, 0, place.endLine - 1, Number.MAX_SAFE_INTEGER));
  } catch {
    await excerpt();
  }
}

interface Lines {
  uri: string;
  line: number;
  endLine: number;
}

/** Bytes from which on excerpts are shown; above 50 MB the editor gives extensions no document. */
export function excerptsAbove(): number {
  return vscode.workspace.getConfiguration("rlm").get<number>("server.excerptsAboveMb", 50) * 1e6;
}

async function isTooLarge(uri: vscode.Uri): Promise<boolean> {
  try {
    return (await vscode.workspace.fs.stat(uri)).size > excerptsAbove();
  } catch {
    return true;
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
export async function peek(client: LanguageClient, excerpts: Excerpts, citation: Citation): Promise<void> {
  const chosen =
    citation.excerpt !== undefined && citation.opens === "excerpt"
      ? await excerpts.location(citation.excerpt)
      : client.protocol2CodeConverter.asLocation(citation.location);
  const visible = vscode.window.visibleTextEditors.filter((editor) => editor.viewColumn !== undefined);
  const anchor =
    visible.find((editor) => editor.document.uri.toString() === chosen.uri.toString()) ??
    visible[0] ??
    (await vscode.window.showTextDocument(chosen.uri, { viewColumn: columnOfTexts() }));
  await vscode.window.showTextDocument(anchor.document, anchor.viewColumn);
  const at = anchor.selection.active;
  await vscode.commands.executeCommand("editor.action.peekLocations", anchor.document.uri, at, [chosen], "peek");
}

export function columnOfTexts(): vscode.ViewColumn {
  const texts = vscode.window.tabGroups.all.find((group) => group.activeTab?.input instanceof vscode.TabInputText);
  return texts?.viewColumn ?? vscode.ViewColumn.One;
}

/** What the tab in use shows, whether there is a document of it or not. */
export function shownUri(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const named = input instanceof vscode.TabInputCustom || input instanceof vscode.TabInputNotebook;
  return input instanceof vscode.TabInputText || named ? input.uri : vscode.window.activeTextEditor?.document.uri;
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
  const { authority, path } = vscode.Uri.parse(uri);
  return basename(path) || authority;
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
