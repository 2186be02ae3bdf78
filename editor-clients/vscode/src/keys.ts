// API keys: kept by the editor's secret storage, handed to the server's environment, and nowhere else.
import * as vscode from "vscode";

const PREFIX = "rlm.key.";
const NAMES = "rlm.keyNames";

const PROVIDERS: readonly [string, string][] = [
  ["OPENAI_API_KEY", "OpenAI, and servers that speak its protocol"],
  ["ANTHROPIC_API_KEY", "Anthropic"],
  ["GEMINI_API_KEY", "Google Gemini"],
  ["MISTRAL_API_KEY", "Mistral"],
  ["OPENROUTER_API_KEY", "OpenRouter"],
  ["DEEPSEEK_API_KEY", "DeepSeek"],
  ["GROQ_API_KEY", "Groq"],
  ["AZURE_API_KEY", "Azure"],
];

export class Keys {
  constructor(
    private readonly secrets: vscode.SecretStorage,
    private readonly state: vscode.Memento,
  ) {}

  /** Variables for the server's process. */
  async environment(): Promise<Record<string, string>> {
    const environment: Record<string, string> = {};
    for (const name of this.names()) {
      const key = await this.secrets.get(PREFIX + name);
      if (key) environment[name] = key;
    }
    return environment;
  }

  /** An empty key removes it. */
  async store(name: string, key: string): Promise<void> {
    const others = this.names().filter((known) => known !== name);
    if (key) {
      await this.secrets.store(PREFIX + name, key);
      await this.state.update(NAMES, [...others, name]);
    } else {
      await this.secrets.delete(PREFIX + name);
      await this.state.update(NAMES, others);
    }
  }

  /** Ask for a provider and its key. True if something was changed. */
  async ask(variable?: string): Promise<boolean> {
    const name = variable ?? (await this.chooseName());
    if (name === undefined) return false;
    const key = await vscode.window.showInputBox({
      title: name,
      prompt: "Kept in the editor's secret storage. Leave it empty to remove the key.",
      password: true,
      ignoreFocusOut: true,
    });
    if (key === undefined) return false;
    await this.store(name, key.trim());
    return true;
  }

  private async chooseName(): Promise<string | undefined> {
    const known = new Set(this.names());
    const named = vscode.workspace.getConfiguration("rlm").get<string>("models.apiKeyEnv");
    const listed = new Map(PROVIDERS);
    for (const name of [...known, ...(named ? [named] : [])]) if (!listed.has(name)) listed.set(name, "");
    const items = [...listed].map(([label, description]) => ({
      label,
      description: known.has(label) ? `${description} $(check) set` : description,
    }));
    const other = { label: "Another variable…", description: "as the setting rlm.models.apiKeyEnv names it" };
    const chosen = await vscode.window.showQuickPick([...items, other], { title: "Whose key?" });
    if (chosen !== other) return chosen?.label;
    return vscode.window.showInputBox({
      title: "Name of the environment variable",
      placeHolder: "MY_API_KEY",
      ignoreFocusOut: true,
      validateInput: (name) => (/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) ? undefined : "A name such as MY_API_KEY"),
    });
  }

  private names(): string[] {
    return this.state.get<string[]>(NAMES, []);
  }
}
