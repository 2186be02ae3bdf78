// What is chosen from a list: a run of the history, a question; and the two short reports, estimate and doctor.
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { fenced, plain, unlinked } from "./foreign.ts";
import type { AskParams, Doctor, Run } from "./protocol.ts";
import * as protocol from "./protocol.ts";
import { money } from "./status.ts";

export interface FromHistory {
  answer(run: Run): Promise<void>;
  trace(runId: string): Promise<void>;
  document(run: Run): Promise<void>;
  resume(run: Run): Promise<void>;
}

type Item<Of> = vscode.QuickPickItem & { of: Of };

const TRACE: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("list-tree"), tooltip: "Show trace" };
const DOCUMENT: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("markdown"), tooltip: "Open as document" };
const DELETE: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("trash"), tooltip: "Delete from the history" };
const RESUME: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("debug-continue"), tooltip: "Resume" };
const ICONS: Record<Run["status"], string> = {
  answered: "check",
  partial: "warning",
  cancelled: "circle-slash",
  failed: "error",
  running: "sync~spin",
  interrupted: "debug-disconnect",
};

const MOST = 200;
/** Milliseconds after the last key until the server is asked. */
const SEARCH_AFTER = 150;

/** Have a question typed, or one of those offered chosen. */
export function typeQuestion(title: string, offered: Promise<Record<string, string>>): Promise<string | undefined> {
  const pick = vscode.window.createQuickPick<Item<string>>();
  let others: Item<string>[] = [];
  pick.title = title;
  pick.placeholder = "Which request failed first, and why?";
  pick.ignoreFocusOut = true;
  void offered.then((questions) => {
    others = Object.entries(questions).map(([label, detail]) => ({ label, detail, of: detail, alwaysShow: true }));
    if (!pick.value) pick.items = others;
  });
  pick.onDidChangeValue((typed) => {
    const own = { label: "$(comment-discussion) Ask", description: typed, of: typed, alwaysShow: true };
    pick.items = typed.trim() ? [own] : others;
  });
  return new Promise((resolve) => {
    pick.onDidAccept(() => {
      // Not the list's entry: it may be one letter behind what is typed.
      resolve(pick.value.trim() || pick.activeItems[0]?.of);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
}

/** Choose a run. What is typed is looked for in all questions and answers, by the server. */
export async function history(client: LanguageClient, doing: FromHistory): Promise<void> {
  const pick = vscode.window.createQuickPick<Item<Run>>();
  const search = async (words: string) => {
    const { runs } = await client.sendRequest(protocol.Runs, { limit: MOST, search: words });
    if (words === pick.value) pick.items = runs.map(item);
    return runs.length;
  };
  pick.title = "RLM: History";
  pick.placeholder =
    (await search("")) > 0 ? "A question, or words of its answer, to see it again" : "No questions have been asked yet";
  const failed = (error: unknown) => void vscode.window.showErrorMessage(unlinked(`RLM: ${protocol.messageOf(error)}`));
  const act = (work: Promise<void>) => {
    pick.hide();
    void work.catch(failed);
  };
  let timer: NodeJS.Timeout | undefined;
  pick.onDidChangeValue((words) => {
    clearTimeout(timer);
    timer = setTimeout(() => void search(words).catch(failed), SEARCH_AFTER);
  });
  pick.onDidAccept(() => {
    const run = pick.selectedItems[0]?.of;
    if (run) act(doing.answer(run));
  });
  pick.onDidTriggerItemButton(({ item, button }) => {
    if (button === TRACE) act(doing.trace(item.of.runId));
    else if (button === DELETE) act(remove(client, item.of));
    else act(button === RESUME ? doing.resume(item.of) : doing.document(item.of));
  });
  pick.onDidHide(() => {
    clearTimeout(timer);
    pick.dispose();
  });
  pick.show();
}

function item(run: Run): Item<Run> {
  return {
    label: `$(${ICONS[run.status]}) ${run.question.replace(/\s+/g, " ").slice(0, 120)}`,
    description: run.status,
    detail: [
      new Date(run.created).toLocaleString(),
      `${run.seconds.toFixed(1)} s`,
      run.usd === null ? "price unknown" : money(run.usd),
      run.model,
    ]
      .filter(Boolean)
      .join(" · "),
    buttons: [...(run.status === "interrupted" ? [RESUME, TRACE] : [DOCUMENT, TRACE]), DELETE],
    // The server has chosen: its hits may lie in the answer, which is not shown here.
    alwaysShow: true,
    of: run,
  };
}

async function remove(client: LanguageClient, run: Run): Promise<void> {
  const message = `Delete “${run.question.replace(/\s+/g, " ").slice(0, 80)}” with its answer and trace?`;
  if ((await vscode.window.showWarningMessage(unlinked(message), { modal: true }, "Delete")) === "Delete") {
    await client.sendRequest(protocol.DeleteRuns, { runIds: [run.runId] });
  }
}

/** Tell what a question may cost. True if it is to be asked. */
export async function estimate(client: LanguageClient, params: AskParams): Promise<boolean> {
  let found: protocol.Estimate;
  try {
    found = await client.sendRequest(protocol.EstimateCost, params);
  } catch (error) {
    if (protocol.codeOf(error) !== protocol.Code.MethodNotFound) throw error;
    void vscode.window.showWarningMessage("RLM: this server cannot estimate; a newer one can.");
    return false;
  }
  const amount = (one: protocol.Estimate["likely"]) =>
    `${one.turns} turns, ${one.subCalls} sub-calls, ${one.tokens.toLocaleString()} tokens, ${one.usd === null ? "price unknown" : money(one.usd)}`;
  const detail = [
    `${found.documents.toLocaleString()} documents, ${found.characters.toLocaleString()} characters; route ${found.route}, model ${found.model}`,
    `Likely: ${amount(found.likely)}`,
    `High: ${amount(found.high)}`,
    `Limit: ${found.limit.tokens.toLocaleString()} tokens, ${money(found.limit.usd)}`,
    found.basis,
  ].join("\n");
  const asked = await vscode.window.showInformationMessage(
    unlinked(`“${params.question.slice(0, 100)}”`),
    { modal: true, detail },
    "Ask",
  );
  return asked === "Ask";
}

/** The server's self-check, as a document. */
export function doctorText(found: Doctor, extension: { version: string; server: string; trusted: boolean }): string {
  const { models, abilities, ...rest } = found;
  const named = (names: string[]) => plain(names.join(", ") || "(none)");
  const known = new Set(["version", "python", "executable", "privacy", "levels", "store", "positionEncoding"]);
  const more = Object.entries(rest).filter(([key]) => !known.has(key));
  return [
    "# RLM: Doctor",
    "",
    `- Server ${plain(found.version)}, Python ${plain(found.python)}: ${plain(found.executable)}`,
    `- Extension ${extension.version}; server ${extension.server}`,
    `- Models: ${models.root.length > 0 ? named(models.root) : "none: rules answer (RLM: Choose Model)"}; sub-calls ${named(models.sub)}; programs ${named(models.code)}`,
    `- Route: ${abilities ? plain(`${abilities.model}: ${abilities.route}`) : "not checked (rlm-ls models --check)"}`,
    `- Privacy: ${plain(found.privacy)}; levels: ${plain(found.levels.join(", "))}`,
    `- History: ${plain(found.store)}`,
    `- Workspace: ${extension.trusted ? "trusted" : "not trusted: no native programs, no model, endpoint or budget of the workspace's"}`,
    ...(more.length > 0 ? ["", fenced(JSON.stringify(Object.fromEntries(more), null, 2), "json")] : []),
    "",
  ].join("\n");
}
