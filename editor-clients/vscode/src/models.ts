// Which model answers: chosen from a list, or, by who has not chosen yet, from a few buttons.
import * as vscode from "vscode";
import * as protocol from "./protocol.ts";
import type { Server } from "./server.ts";

type Item<Of> = vscode.QuickPickItem & { of: Of };

/** Who could answer: a word for a button, and what taking it does. */
export interface Choice {
  label: string;
  asksAgain: boolean;
  /** True if it was taken. */
  take(): Promise<boolean>;
}

/** The choices of a user who has not chosen a model yet, anywhere; none for others. */
export async function firstChoices(server: Server): Promise<Choice[]> {
  const found = await (await server.connection()).sendRequest(protocol.FindModels, {});
  if (found.root.length > 0) return [];
  const choice = (label: string, model: string, asksAgain = true): Choice => ({
    label,
    asksAgain,
    take: async () => {
      await setModel(model);
      await server.settingsChanged();
      return true;
    },
  });
  const own = await vscode.lm.selectChatModels({});
  const local = found.local.filter((one) => one.models.length > 0);
  const keys = found.keys.filter((key) => key.set);
  return [
    ...(own.length > 0 ? [choice("The editor's own model", "editor")] : []),
    ...local.map((one) => choice(`${one.server}: ${named(one.models[0])}`, one.models[0] ?? "")),
    ...keys.map((key) => choice(`${key.model}, by ${key.variable}`, key.model)),
    {
      label: "A key…",
      asksAgain: true,
      take: async () => {
        await vscode.commands.executeCommand("rlm.setApiKey");
        return vscode.commands.executeCommand<boolean>("rlm.chooseModel");
      },
    },
    choice("Rules will do", "offline", false),
  ];
}

/** A model's name without its provider's. */
function named(model: string | undefined): string {
  return (model ?? "").slice((model ?? "").indexOf("/") + 1);
}

async function setModel(value: string | string[] | undefined): Promise<void> {
  await vscode.workspace.getConfiguration("rlm").update("models.root", value, vscode.ConfigurationTarget.Global);
}

/** Ask for a model and put it into the user's settings. True if one was chosen. */
export async function chooseModel(server: Server): Promise<boolean> {
  const settings = vscode.workspace.getConfiguration("rlm");
  const current = settings.inspect<string | string[]>("models.root")?.globalValue;
  const now = Array.isArray(current) ? current.join(", ") : (current ?? "");
  const own = await vscode.lm.selectChatModels({});
  const items: Item<string | undefined>[] = [];
  const families = [...new Map(own.map((model) => [model.family, model])).values()];
  if (families.length > 0) {
    items.push({ label: "The editor's own models", kind: vscode.QuickPickItemKind.Separator, of: undefined });
    items.push({ label: "editor", description: "whichever the editor offers first; no API key", of: "editor" });
    for (const model of families) {
      items.push({
        label: `editor/${model.family}`,
        description: `${model.name} (${model.vendor})`,
        of: `editor/${model.family}`,
      });
    }
  }
  const found = await server
    .connection()
    .then((client) => client.sendRequest(protocol.FindModels, {}))
    .catch(() => undefined);
  for (const { server: name, address, models } of found?.local ?? []) {
    items.push({ label: `${name}, at ${address}`, kind: vscode.QuickPickItemKind.Separator, of: undefined });
    for (const model of models) items.push({ label: model, description: "on this machine; no API key", of: model });
  }
  for (const { variable, model, set } of found?.keys ?? [])
    if (set) items.push({ label: model, description: `by the key in ${variable}`, of: model });
  items.push(
    { label: "Others", kind: vscode.QuickPickItemKind.Separator, of: undefined },
    { label: "$(edit) A model's name…", description: "any provider or a model on this machine", of: "?" },
    { label: "offline", description: "rules, not a language model", of: "offline" },
    { label: "$(discard) As configured outside the editor", description: "settings.toml, RLM_MODEL", of: "" },
  );
  for (const item of items) if (item.of && item.of === now) item.description = `${item.description} $(check)`;
  const chosen = await vscode.window.showQuickPick(items, {
    title: "RLM: Choose Model",
    placeHolder: now ? `Now: ${now}` : "None is set here",
  });
  if (chosen?.of === undefined) return false;
  const name = chosen.of === "?" ? await typed(now) : chosen.of;
  if (name === undefined) return false;
  const names = name
    .split(",")
    .map((one) => one.trim())
    .filter(Boolean);
  const value = names.length > 1 ? names : names[0];
  await setModel(value);
  return true;
}

function typed(now: string): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: "A model, as LiteLLM names it; several are separated by commas",
    value: now,
    placeHolder: "openai/gpt-4o-mini, anthropic/claude-sonnet-4-5, ollama_chat/qwen3",
    ignoreFocusOut: true,
  });
}
