// The server of the Model Context Protocol, offered to the editor's own agents: they ask it, or explore with scripts.
import type * as vscode from "vscode";
import type { Program } from "./server.ts";

/** As in package.json, `contributes.mcpServerDefinitionProviders`. */
export const PROVIDER = "rlm-ls.server";
const SWITCH = "server.offerToAgents";

/** What is offered: the program that is the language server, in the same place, with the same keys. */
export interface Offered {
  /** As it will be; nothing is installed. Undefined where there is none. */
  plan(): Promise<Program | undefined>;
  /** Installed if need be. */
  program(): Promise<Program>;
  place(): Promise<string>;
  keys(): Promise<Record<string, string>>;
}

type Stdio = vscode.McpStdioServerDefinition;

export class Agents implements vscode.Disposable {
  private readonly changed: vscode.EventEmitter<void>;
  private readonly held: vscode.Disposable[];

  constructor(
    private readonly editor: typeof vscode,
    private readonly extension: vscode.Extension<unknown>,
    private readonly offered: Offered,
  ) {
    this.changed = new editor.EventEmitter<void>();
    const changed = () => this.changed.fire();
    this.held = [
      this.changed,
      editor.workspace.onDidGrantWorkspaceTrust(changed),
      editor.workspace.onDidChangeWorkspaceFolders(changed),
      editor.workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("rlm") && changed()),
    ];
    // Editors made from VS Code may lack it.
    if (typeof editor.lm?.registerMcpServerDefinitionProvider !== "function") return;
    const provider: vscode.McpServerDefinitionProvider<Stdio> = {
      onDidChangeMcpServerDefinitions: this.changed.event,
      provideMcpServerDefinitions: () => this.definitions(),
      resolveMcpServerDefinition: (definition) => this.resolved(definition),
    };
    this.held.push(editor.lm.registerMcpServerDefinitionProvider(PROVIDER, provider));
  }

  dispose(): void {
    for (const one of this.held) one.dispose();
  }

  /** Nothing for a workspace that is not trusted or has no folder on a disk. The editor keeps what it is told: no key. */
  async definitions(): Promise<Stdio[]> {
    const roots = this.roots();
    const program = roots.length > 0 ? await this.offered.plan() : undefined;
    if (program === undefined) return [];
    const { version } = this.extension.packageJSON;
    const { McpStdioServerDefinition, Uri } = this.editor;
    const { command, args } = served(program, roots);
    const definition = new McpStdioServerDefinition("RLM", command, args, this.settings(), version);
    definition.cwd = Uri.file(await this.offered.place());
    return [definition];
  }

  /** Before it is started. Undefined: it must not be. */
  async resolved(definition: Stdio): Promise<Stdio | undefined> {
    const roots = this.roots();
    if (roots.length === 0) return undefined;
    const { command, args } = served(await this.offered.program(), roots);
    definition.command = command;
    definition.args = args;
    definition.cwd = this.editor.Uri.file(await this.offered.place());
    definition.env = { ...this.settings(), ...(await this.offered.keys()) };
    return definition;
  }

  private roots(): string[] {
    const { workspace } = this.editor;
    if (!workspace.isTrusted || workspace.getConfiguration("rlm").get(SWITCH) !== true) return [];
    const folders = workspace.workspaceFolders ?? [];
    return folders.filter(({ uri }) => uri.scheme === "file").map(({ uri }) => uri.fsPath);
  }

  /** What the user has set, and nothing that a workspace has. */
  private settings(): Record<string, string> {
    const settings = this.editor.workspace.getConfiguration("rlm");
    const { properties } = this.extension.packageJSON.contributes.configuration;
    return variables(Object.keys(properties), (key) => settings.inspect(key)?.globalValue);
  }
}

function served({ command, args }: Program, roots: readonly string[]): Program {
  return { command, args: [...args, "mcp", ...roots.flatMap((root) => ["--root", root])] };
}

/** Settings as the variables of a server that no editor talks to: `rlm.models.root` is RLM_MODELS_ROOT. */
export function variables(names: readonly string[], set: (key: string) => unknown): Record<string, string> {
  const found: Record<string, string> = {};
  for (const full of names) {
    const key = full.slice("rlm.".length);
    const value = key.startsWith("server.") ? undefined : set(key);
    if (value === undefined || value === null || value === "") continue;
    const name = full.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replaceAll(".", "_");
    found[name.toUpperCase()] = typeof value === "string" ? value : JSON.stringify(value);
  }
  return found;
}
