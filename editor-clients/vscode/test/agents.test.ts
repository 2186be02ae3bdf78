import assert from "node:assert/strict";
import { test } from "node:test";
import type * as vscode from "vscode";
import packageJSON from "../package.json" with { type: "json" };
import { Agents, type Offered, PROVIDER, variables } from "../src/agents.ts";

interface Given {
  trusted?: boolean;
  folders?: string[];
  settings?: Record<string, unknown>;
  workspaces?: Record<string, unknown>;
  lacks?: boolean;
}

/** The part of an editor that is asked, and what was registered there. */
function editor({ trusted = true, folders = ["/project"], settings = {}, workspaces = {}, lacks = false }: Given) {
  const registered: Record<string, vscode.McpServerDefinitionProvider> = {};
  const listeners: (() => void)[] = [];
  const changes = (listener: (event: unknown) => void) => {
    listeners.push(() => listener({ affectsConfiguration: () => true }));
    return { dispose: () => {} };
  };
  class McpStdioServerDefinition {
    cwd: unknown;
    constructor(
      readonly label: string,
      public command: string,
      public args: string[],
      public env: Record<string, string>,
      readonly version: string,
    ) {}
  }
  const fake = {
    EventEmitter: class {
      private readonly all: (() => void)[] = [];
      readonly event = (listener: () => void) => void this.all.push(listener);
      fire = () => this.all.forEach((one) => void one());
      dispose() {}
    },
    McpStdioServerDefinition,
    Uri: { file: (fsPath: string) => ({ scheme: "file", fsPath }) },
    lm: lacks
      ? {}
      : {
          registerMcpServerDefinitionProvider: (id: string, provider: vscode.McpServerDefinitionProvider) => {
            registered[id] = provider;
            return { dispose: () => delete registered[id] };
          },
        },
    workspace: {
      isTrusted: trusted,
      workspaceFolders: folders.map((path) => {
        const [scheme, fsPath] = path.includes("://") ? path.split("://") : ["file", path];
        return { uri: { scheme, fsPath } };
      }),
      getConfiguration: () => ({
        get: (key: string) => settings[key] ?? true,
        inspect: (key: string) => ({ globalValue: settings[key], workspaceValue: workspaces[key] }),
      }),
      onDidGrantWorkspaceTrust: changes,
      onDidChangeWorkspaceFolders: changes,
      onDidChangeConfiguration: changes,
    },
  };
  return { fake: fake as unknown as typeof vscode, registered, happens: () => listeners.forEach((one) => void one()) };
}

const extension = { packageJSON } as unknown as vscode.Extension<unknown>;

function offered(): Offered & { installed: number } {
  const one = {
    installed: 0,
    plan: async () => ({ command: "/storage/python", args: ["-I", "-m", "rlm_ls"] }),
    program: async () => {
      one.installed += 1;
      return one.plan();
    },
    place: async () => "/storage",
    keys: async () => ({ OPENAI_API_KEY: "sk-secret" }),
  };
  return one;
}

test("the provider is the one that package.json names, and goes with the extension", () => {
  const { fake, registered } = editor({});
  const agents = new Agents(fake, extension, offered());
  assert.deepEqual(
    Object.keys(registered),
    packageJSON.contributes.mcpServerDefinitionProviders.map(({ id }) => id),
  );
  agents.dispose();
  assert.deepEqual(registered, {});
});

test("an editor that knows no such servers is left alone", () => {
  const { fake, registered } = editor({ lacks: true });
  new Agents(fake, extension, offered()).dispose();
  assert.deepEqual(registered, {});
});

test("agents are offered the language server's own program, for the folders of the workspace", async () => {
  const theirs = offered();
  const given = { folders: ["/a", "/b", "vscode-vfs://github/x"], settings: { "models.root": "openai/x" } };
  const { fake, registered } = editor(given);
  new Agents(fake, extension, theirs);
  const provider = registered[PROVIDER];
  const [definition, ...others] = (await provider?.provideMcpServerDefinitions(undefined as never)) ?? [];
  assert.ok(definition && others.length === 0);
  const { command, args, cwd, env, version } = definition as vscode.McpStdioServerDefinition;
  assert.equal(command, "/storage/python");
  assert.deepEqual(args, ["-I", "-m", "rlm_ls", "mcp", "--root", "/a", "--root", "/b"]);
  assert.equal(cwd?.fsPath, "/storage");
  assert.equal(version, packageJSON.version);
  // The editor writes down what it is told at first.
  assert.deepEqual(env, { RLM_MODELS_ROOT: "openai/x" });
  assert.equal(theirs.installed, 0);
  const resolved = await provider?.resolveMcpServerDefinition?.(definition, undefined as never);
  assert.equal(theirs.installed, 1);
  assert.deepEqual((resolved as vscode.McpStdioServerDefinition).env, {
    RLM_MODELS_ROOT: "openai/x",
    OPENAI_API_KEY: "sk-secret",
  });
});

test("nothing is offered or started where the workspace is not trusted, has no folder, or the user does not want it", async () => {
  for (const given of [{ trusted: false }, { folders: [] }, { settings: { "server.offerToAgents": false } }]) {
    const theirs = offered();
    const agents = new Agents(editor(given).fake, extension, theirs);
    assert.deepEqual(await agents.definitions(), []);
    const [before] = await new Agents(editor({}).fake, extension, theirs).definitions();
    assert.ok(before);
    assert.equal(await agents.resolved(before), undefined);
    assert.equal(theirs.installed, 0);
  }
});

test("an extension without a server offers none", async () => {
  const theirs = { ...offered(), plan: async () => undefined };
  assert.deepEqual(await new Agents(editor({}).fake, extension, theirs).definitions(), []);
});

test("the editor is told when trust, folders or settings change", () => {
  const { fake, registered, happens } = editor({});
  new Agents(fake, extension, offered());
  let told = 0;
  registered[PROVIDER]?.onDidChangeMcpServerDefinitions?.(() => {
    told += 1;
  });
  happens();
  assert.equal(told, 3);
});

test("the server gets the user's settings as variables, and none of the workspace's", async () => {
  const settings = {
    privacy: "local",
    "models.root": ["openai/a", "openai/b"],
    "models.profiles": { "openai/*": { replyTokens: 100 } },
    "budget.askAboveUsd": null,
    "models.apiBase": "",
    "context.deny": ["*.{a,b}"],
    firstLook: true,
    "server.path": "/elsewhere",
  };
  const names = Object.keys(settings).map((name) => `rlm.${name}`);
  assert.deepEqual(
    variables(names, (key) => settings[key as keyof typeof settings]),
    {
      RLM_PRIVACY: "local",
      RLM_MODELS_ROOT: '["openai/a","openai/b"]',
      RLM_MODELS_PROFILES: '{"openai/*":{"replyTokens":100}}',
      RLM_CONTEXT_DENY: '["*.{a,b}"]',
      RLM_FIRST_LOOK: "true",
    },
  );
  const { fake } = editor({ workspaces: { "models.root": "evil/x", privacy: "any" } });
  const [definition] = await new Agents(fake, extension, offered()).definitions();
  assert.deepEqual(definition?.env, {});
});
