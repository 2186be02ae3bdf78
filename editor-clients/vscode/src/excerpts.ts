// Excerpts: lines around a cited place of a text that no editor shows, as a document of the server's. Here they get their
// own numbers, the mark of what is cited, and the way to search further.
import * as vscode from "vscode";
import { unlinked } from "./foreign.ts";
import type { Excerpt } from "./protocol.ts";
import * as protocol from "./protocol.ts";
import type { Server } from "./server.ts";

const MOST_KNOWN = 100;
/** A space that decorations do not drop. */
const SPACE = "\u00a0";

export class Excerpts implements vscode.Disposable {
  private readonly numbers = vscode.window.createTextEditorDecorationType({
    before: { color: new vscode.ThemeColor("editorLineNumber.foreground"), margin: "0 1.2em 0 0" },
  });
  private readonly cited = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor("editor.findMatchHighlightBackground"),
    overviewRulerColor: new vscode.ThemeColor("editorOverviewRuler.findMatchForeground"),
  });
  private readonly title = vscode.window.createTextEditorDecorationType({
    after: { color: new vscode.ThemeColor("editorCodeLens.foreground"), margin: "0 0 0 3em", fontStyle: "italic" },
  });
  private readonly known = new Map<string, Promise<Excerpt>>();
  private readonly listening: vscode.Disposable[];

  constructor(private readonly server: Server) {
    this.listening = [
      vscode.window.onDidChangeVisibleTextEditors((editors) => {
        for (const editor of editors) this.dress(editor);
      }),
      vscode.workspace.onDidCloseTextDocument((document) => this.known.delete(document.uri.toString())),
      server.onDidChange((condition) => condition === "running" && this.dressAll()),
    ];
    this.dressAll();
  }

  /** Show one, what is cited selected, where texts are. */
  async open(address: string, viewColumn: vscode.ViewColumn): Promise<void> {
    const uri = vscode.Uri.parse(address, true);
    const client = await this.server.connection();
    const excerpt = await this.of(uri);
    const editor = await vscode.window.showTextDocument(uri, { viewColumn, preview: true });
    if (excerpt.cited !== null) {
      const range = client.protocol2CodeConverter.asRange(excerpt.cited);
      // The cursor at its start: of a long line, that is what one wants to see.
      editor.selection = new vscode.Selection(range.end, range.start);
      editor.revealRange(new vscode.Range(range.start, range.start), vscode.TextEditorRevealType.InCenter);
    }
    this.dress(editor);
  }

  /** Where in it stands what is cited. */
  async location(address: string): Promise<vscode.Location> {
    const uri = vscode.Uri.parse(address, true);
    const client = await this.server.connection();
    const { cited } = await this.of(uri);
    return new vscode.Location(
      uri,
      cited === null ? new vscode.Position(0, 0) : client.protocol2CodeConverter.asRange(cited),
    );
  }

  /** The text that an excerpt is of. */
  async text(uri: vscode.Uri): Promise<vscode.Uri> {
    return vscode.Uri.parse((await this.of(uri)).textDocument.uri, true);
  }

  /** Ask for words, and show the next line that holds them. */
  async search(argument: { uri: string } | undefined, viewColumn: vscode.ViewColumn): Promise<void> {
    const address = argument?.uri ?? vscode.window.activeTextEditor?.document.uri.toString();
    if (address === undefined || !isExcerpt(vscode.Uri.parse(address))) throw new Error("Open an excerpt first.");
    const words = await vscode.window.showInputBox({
      title: "Search further from here",
      placeHolder: "Words of a line",
    });
    if (!words) return;
    const client = await this.server.connection();
    const found = await client.sendRequest(protocol.ExcerptRequest, { uri: address, search: words });
    await this.open(found.uri, viewColumn);
  }

  dispose(): void {
    for (const one of [...this.listening, this.numbers, this.cited, this.title]) one.dispose();
  }

  private of(uri: vscode.Uri): Promise<Excerpt> {
    const key = uri.toString();
    let found = this.known.get(key);
    if (found === undefined) {
      found = this.server.connection().then((client) => client.sendRequest(protocol.ExcerptRequest, { uri: key }));
      this.known.set(key, found);
      found.catch(() => this.known.delete(key));
      for (const old of [...this.known.keys()].slice(0, -MOST_KNOWN)) this.known.delete(old);
    }
    return found;
  }

  private dressAll(): void {
    for (const editor of vscode.window.visibleTextEditors) this.dress(editor);
  }

  private dress(editor: vscode.TextEditor): void {
    if (!isExcerpt(editor.document.uri)) return;
    void this.of(editor.document.uri)
      .then((excerpt) => this.decorate(editor, excerpt))
      // The document itself says what is wrong.
      .catch(() => {});
  }

  private decorate(editor: vscode.TextEditor, excerpt: Excerpt): void {
    editor.options = { ...editor.options, lineNumbers: vscode.TextEditorLineNumbersStyle.Off };
    const width = String(excerpt.last).length;
    const lines = Math.min(editor.document.lineCount, excerpt.last - excerpt.first + 1);
    const numbers: vscode.DecorationOptions[] = [];
    for (let line = 0; line < lines; line += 1) {
      const contentText = String(excerpt.first + line).padStart(width, SPACE);
      numbers.push({ range: new vscode.Range(line, 0, line, 0), renderOptions: { before: { contentText } } });
    }
    editor.setDecorations(this.numbers, numbers);
    const { cited } = excerpt;
    editor.setDecorations(
      this.cited,
      cited === null ? [] : [new vscode.Range(cited.start.line, 0, cited.end.line, Number.MAX_SAFE_INTEGER)],
    );
    const contentText = [excerpt.title, ...excerpt.notes].join(". ").replaceAll(/\s/g, SPACE).slice(0, 300);
    const end = editor.document.lineAt(0).range.end;
    editor.setDecorations(this.title, [
      { range: new vscode.Range(end, end), renderOptions: { after: { contentText } } },
    ]);
  }
}

export function isExcerpt(uri: vscode.Uri): boolean {
  return uri.scheme === "rlm" && /^\/+excerpt\//.test(uri.path);
}

/** A failure in few words, for messages. */
export function failed(error: unknown): void {
  void vscode.window.showErrorMessage(unlinked(`RLM: ${protocol.messageOf(error)}`));
}
