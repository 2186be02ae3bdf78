// The server's own environment: made once for each version of the extension, from the wheels that came along.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { candidatesFor, findPython, ISOLATED } from "./python.ts";

/** What the server needs: versions and digests. Lies beside the wheels. */
const LOCK = "install.lock";

export interface Wanted {
  /** Folder of LOCK and the wheels: the server's, and its dependencies' in a package for use without network. */
  wheels: string;
  /** Where environments are kept. */
  storage: string;
  /** From the settings; may be empty. */
  python: string;
}

export interface Reporter {
  say(message: string): void;
  log(line: string): void;
}

export class InstallFailed extends Error {}

/** Another window may be at it; after so long without a sign of life it is not. */
const ABANDONED = 30_000;
const WAIT = 500;

/** What an interpreter of such an environment is given to be the server. */
export const SERVER = [ISOLATED, "-m", "rlm_ls"];

/** The interpreter that runs SERVER, if it is there already. */
export async function installed(wanted: Wanted): Promise<string | undefined> {
  const folder = await folderOf(wanted);
  return folder && (await finished(folder)) ? interpreter(folder) : undefined;
}

/** Where it is, or will be once it is made; undefined where no server came along. */
export async function planned(wanted: Wanted): Promise<string | undefined> {
  const folder = await folderOf(wanted);
  return folder && interpreter(folder);
}

/** The same, made if need be. Throws NoPython, InstallFailed. */
export async function install(wanted: Wanted, reporter: Reporter, signal: AbortSignal): Promise<string> {
  const folder = await folderOf(wanted);
  if (folder === undefined) {
    throw new InstallFailed("This build of the extension brings no server along. Set rlm.server.path to a rlm-ls.");
  }
  await mkdir(wanted.storage, { recursive: true });
  const release = await lock(`${folder}.lock`, reporter, signal);
  try {
    if (!(await finished(folder))) await make(folder, wanted, reporter, signal);
  } finally {
    await release();
  }
  await clean(wanted.storage, folder);
  return interpreter(folder);
}

async function make(folder: string, wanted: Wanted, reporter: Reporter, signal: AbortSignal): Promise<void> {
  reporter.say("looking for Python");
  const wheels = await wheelsIn(wanted.wheels);
  const python = await findPython(wanted.storage, wanted.python, candidatesFor(versionOf(wheels)));
  reporter.say(`making an environment with Python ${python.version}`);
  await rm(folder, { recursive: true, force: true });
  const run = (command: string, ...args: string[]) => call(command, args, wanted.storage, reporter, signal);
  await run(python.command, ...python.args, ISOLATED, "-m", "venv", folder);
  const wheel = join(wanted.wheels, (await ours(wanted.wheels)) ?? "");
  const pip = [ISOLATED, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"];
  // The very versions that were tested, by their digests, wherever they come from.
  const needed = ["--require-hashes", "--find-links", wanted.wheels, "-r", join(wanted.wheels, LOCK)];
  reporter.say("installing what the server needs");
  try {
    // What lies here is enough in a package made for it; anything else comes from the user's own index.
    if (wheels.length === 1) throw new InstallFailed("no wheels of dependencies");
    await run(interpreter(folder), ...pip, "--no-index", ...needed);
  } catch (error) {
    if (signal.aborted || !(error instanceof InstallFailed)) throw error;
    reporter.say("installing what the server needs (once; a minute or two)");
    await run(interpreter(folder), ...pip, ...needed);
  }
  reporter.say("installing the server");
  await run(interpreter(folder), ...pip, "--no-index", "--no-deps", wheel);
  await run(interpreter(folder), ...SERVER, "--version");
  await writeFile(join(folder, "finished"), python.version);
}

/** Named after what is in it, so that a new version of the server gets a new one. */
async function folderOf(wanted: Wanted): Promise<string | undefined> {
  const wheel = await ours(wanted.wheels);
  if (wheel === undefined) return undefined;
  const digest = createHash("sha256").update(await readFile(join(wanted.wheels, wheel)));
  digest.update(await readFile(join(wanted.wheels, LOCK)));
  digest.update(wanted.python);
  return join(wanted.storage, `server-${digest.digest("hex").slice(0, 12)}`);
}

async function ours(wheels: string): Promise<string | undefined> {
  return (await wheelsIn(wheels)).find((name) => name.startsWith("rlm_ls-"));
}

async function wheelsIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(".whl"));
  } catch {
    return [];
  }
}

/** The Python that compiled wheels are for: those with a stable interface ("abi3") are for all later ones as well. */
function versionOf(wheels: string[]): string | undefined {
  for (const name of wheels) {
    const tag = /-cp3(\d+)-cp3\1-/.exec(name);
    if (tag) return `3.${tag[1]}`;
  }
  return undefined;
}

function interpreter(folder: string): string {
  return process.platform === "win32" ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
}

async function finished(folder: string): Promise<boolean> {
  try {
    await access(join(folder, "finished"));
    await access(interpreter(folder));
    return true;
  } catch {
    return false;
  }
}

function call(command: string, args: string[], cwd: string, reporter: Reporter, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const environment = { ...process.env };
    // Another Python's packages must not be seen, or written to; also not by the Pythons that venv and pip start.
    for (const name of Object.keys(environment))
      if (/^(PYTHON|PIP_(TARGET|PREFIX|USER)$)/.test(name)) delete environment[name];
    const child = spawn(command, args, { cwd, env: environment, signal, windowsHide: true });
    const said: string[] = [];
    const listen = (data: Buffer) => {
      for (const line of data.toString().split(/\r?\n/)) {
        if (!line.trim()) continue;
        said.push(line);
        reporter.log(line);
      }
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.on("error", (error) => reject(signal.aborted ? error : new InstallFailed(`${command}: ${error.message}`)));
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new InstallFailed(`Installing the server failed: ${reason(said)}`));
    });
  });
}

/** pip's last error line says more than its exit code. */
function reason(said: string[]): string {
  const errors = said.filter((line) => /^ERROR|Error:/.test(line.trim()));
  return (errors.at(-1) ?? said.at(-1) ?? "it said nothing").trim();
}

/** A folder is made by one alone. Its time is renewed while we live. */
async function lock(path: string, reporter: Reporter, signal: AbortSignal): Promise<() => Promise<void>> {
  for (let told = false; ; told = true) {
    try {
      await mkdir(path);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? 0);
    if (age > ABANDONED) await rm(path, { recursive: true, force: true });
    else if (!told) reporter.say("another window is installing the server");
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, WAIT));
  }
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), ABANDONED / 6);
  return async () => {
    clearInterval(beat);
    await rm(path, { recursive: true, force: true });
  };
}

/** Environments of earlier versions. One that is still in use stays, where the system protects it. */
async function clean(storage: string, current: string): Promise<void> {
  for (const name of await readdir(storage)) {
    const path = join(storage, name);
    if (!/^server-[0-9a-f]{12}$/.test(name) || path === current) continue;
    await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}
