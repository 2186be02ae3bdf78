// Finds a Python that the server can live in.
import { execFile } from "node:child_process";

/** Why none was usable: what was tried and what it said. */
export class NoPython extends Error {
  constructor(readonly tried: readonly string[]) {
    const found = tried.length > 0 ? ` Found ${tried.join("; ")}.` : "";
    super(`RLM needs Python 3.11, 3.12 or 3.13 with the venv module.${found} ${remedy(process.platform)}`);
  }
}

export interface Python {
  command: string;
  args: string[];
  version: string;
}

const CANDIDATES: readonly [string, ...string[]][] =
  process.platform === "win32"
    ? [["py", "-3.13"], ["py", "-3.12"], ["py", "-3.11"], ["python"], ["python3"]]
    : [["python3.13"], ["python3.12"], ["python3.11"], ["python3"], ["python"]];

/**
 * In front of whatever a Python is to do. Without it Python imports from the folder it stands in (which the language
 * client makes the first workspace folder) and from what PYTHON… variables name, before anything it was asked to run.
 */
export const ISOLATED = "-I";

// Prints a word of its own, since a command may be there and be something else (pyenv's shims, the Windows store's).
const PROBE = `
import sys
version = "%d.%d.%d" % sys.version_info[:3]
if not (3, 11) <= sys.version_info[:2] < (3, 14):
    print("unusable Python " + version)
else:
    try:
        import ensurepip, ssl, sqlite3, venv
        print("usable " + version)
    except ImportError as error:
        print("unusable Python %s without %s" % (version, error.name))
`;

/** The usual names, the newest first; one of a version ("3.11") that wheels are there for before all others. */
export function candidatesFor(version: string | undefined): readonly [string, ...string[]][] {
  const fits = (candidate: readonly string[]) => version !== undefined && candidate.join(" ").includes(version);
  return [...CANDIDATES.filter(fits), ...CANDIDATES.filter((candidate) => !fits(candidate))];
}

/** The one named in the settings, else the first that works. `cwd`: a folder of our own. Throws NoPython. */
export async function findPython(cwd: string, named = "", candidates = CANDIDATES): Promise<Python> {
  const tried: string[] = [];
  for (const [command, ...args] of named ? [[named] as [string, ...string[]]] : candidates) {
    const said = await run(command, [...args, ISOLATED, "-c", PROBE], cwd);
    if (said.startsWith("usable ")) return { command, args, version: said.slice("usable ".length) };
    const name = [command, ...args].join(" ");
    if (said.startsWith("unusable ")) tried.push(`${name} (${said.slice("unusable ".length)})`);
    else if (named) tried.push(`${name}, which does not run`);
  }
  throw new NoPython(tried);
}

function run(command: string, args: string[], cwd: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, timeout: 20_000, windowsHide: true }, (_, stdout) => resolve(stdout.trim()));
  });
}

function remedy(platform: NodeJS.Platform): string {
  if (platform === "darwin") return "Install one (brew install python@3.13, or python.org) and try again.";
  if (platform === "win32") return "Install one (winget install Python.Python.3.13, or python.org) and try again.";
  return "Install one (Debian, Ubuntu: sudo apt install python3 python3-venv) and try again.";
}
