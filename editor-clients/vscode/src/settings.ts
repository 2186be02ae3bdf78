// The section `rlm` as the server gets it: what somebody has set, and nothing of what only the extension needs.
import * as vscode from "vscode";

type Nested = { [key: string]: unknown };

/** Not sent from untrusted workspaces. What VS Code then still knows of them is the user's own: see `trustedOnly`. */
const RESTRICTED: Readonly<Record<string, string | undefined>> = {
  "models.apiBase": "RLM_MODELS_API_BASE",
  "models.apiKeyEnv": "RLM_MODELS_API_KEY_ENV",
  "models.editorIsLocal": "RLM_MODELS_EDITOR_IS_LOCAL",
  "models.localHosts": "RLM_MODELS_LOCAL_HOSTS",
  // Too much for a variable.
  "models.profiles": undefined,
  privacy: "RLM_PRIVACY",
};

/** Defaults are the server's business: a default sent would win over the user's settings.toml and environment. */
export function section(extension: vscode.Extension<unknown>): Nested {
  const sent: Nested = {};
  for (const [key, value] of chosen(extension)) {
    if (!vscode.workspace.isTrusted && key in RESTRICTED) continue;
    const restricted = !vscode.workspace.isTrusted && key === "levels" && Array.isArray(value);
    place(sent, key.split("."), restricted ? value.filter((level) => level !== "native") : value);
  }
  return sent;
}

/**
 * In an untrusted workspace the server takes no endpoint from the editor, since it cannot tell the user's from the
 * workspace's. VS Code can (`restrictedConfigurations`): what it still tells is the user's, and goes by the environment.
 */
export function trustedOnly(extension: vscode.Extension<unknown>): Record<string, string> {
  const environment: Record<string, string> = {};
  if (vscode.workspace.isTrusted) return environment;
  for (const [key, value] of chosen(extension)) {
    const variable = RESTRICTED[key];
    if (variable !== undefined && value) environment[variable] = String(value);
  }
  return environment;
}

function* chosen(extension: vscode.Extension<unknown>): Generator<[string, unknown]> {
  const settings = vscode.workspace.getConfiguration("rlm");
  for (const full of Object.keys(extension.packageJSON.contributes.configuration.properties)) {
    const key = full.slice("rlm.".length);
    const found = settings.inspect(key);
    if (key.startsWith("server.") || found === undefined) continue;
    const set = [found.globalValue, found.workspaceValue, found.workspaceFolderValue];
    // The value itself comes from `get`, which leaves out what the workspace may not set.
    if (set.some((value) => value !== undefined)) yield [key, settings.get(key)];
  }
}

function place(into: Nested, path: string[], value: unknown): void {
  const [head, ...rest] = path;
  if (head === undefined) return;
  if (rest.length === 0) {
    into[head] = value;
    return;
  }
  const inner = (into[head] ?? {}) as Nested;
  into[head] = inner;
  place(inner, rest, value);
}
