// The section `rlm` as the server gets it: what the user has set and, apart from that, what the workspace's own files say.
import * as vscode from "vscode";

type Nested = { [key: string]: unknown };

/**
 * What the user has set and, under `workspace`, what the workspace has: the server knows what a workspace may decide, and
 * what the user is asked about first. Defaults are the server's business: a default sent would win over the user's
 * settings.toml and environment.
 */
export function section(extension: vscode.Extension<unknown>): Nested {
  const { contributes, capabilities } = extension.packageJSON;
  const restricted: string[] = capabilities.untrustedWorkspaces.restrictedConfigurations;
  const settings = vscode.workspace.getConfiguration("rlm");
  const users: Nested = {};
  const theirs: Nested = {};
  for (const full of Object.keys(contributes.configuration.properties)) {
    const key = full.slice("rlm.".length);
    const found = settings.inspect(key);
    if (key.startsWith("server.") || found === undefined) continue;
    place(users, key.split("."), found.globalValue);
    if (vscode.workspace.isTrusted || !restricted.includes(full))
      place(theirs, key.split("."), found.workspaceFolderValue ?? found.workspaceValue);
  }
  return { ...users, workspace: theirs };
}

function place(into: Nested, path: string[], value: unknown): void {
  const [head, ...rest] = path;
  if (head === undefined || value === undefined) return;
  if (rest.length === 0) {
    into[head] = value;
    return;
  }
  const inner = (into[head] ?? {}) as Nested;
  into[head] = inner;
  place(inner, rest, value);
}
