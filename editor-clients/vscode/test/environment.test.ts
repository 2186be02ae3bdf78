import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { InstallFailed, install, installed, type Wanted } from "../src/environment.ts";

const python = process.env.PYTHON ?? "python3";

// A wheel is a zip: the name, a module, and what it needs.
const WHEEL = `
import sys, zipfile
folder, name, version, needs, code = sys.argv[1:]
info = f"{name}-{version}.dist-info"
files = {
    f"{name}/__init__.py": "",
    f"{name}/__main__.py": code,
    f"{info}/METADATA": f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n" + (f"Requires-Dist: {needs}\\n" if needs else ""),
    f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}
record = "".join(f"{path},,\\n" for path in files) + f"{info}/RECORD,,\\n"
with zipfile.ZipFile(f"{folder}/{name}-{version}-py3-none-any.whl", "w") as wheel:
    for path, text in (files | {f"{info}/RECORD": record}).items():
        wheel.writestr(path, text)
`;

function wheel(folder: string, name: string, needs = ""): void {
  const code = needs ? `import ${needs}; print("${name} 1.0")` : "";
  execFileSync(python, ["-I", "-c", WHEEL, folder, name, "1.0", needs, code]);
}

function place(): Wanted {
  const folder = mkdtempSync(join(tmpdir(), "rlm-"));
  mkdirSync(join(folder, "wheels"));
  return { wheels: join(folder, "wheels"), storage: join(folder, "storage"), python };
}

function listening() {
  const said: string[] = [];
  return { said, reporter: { say: (message: string) => said.push(message), log: (line: string) => said.push(line) } };
}

// As for a user: no packages of whoever runs the tests, and no index.
delete process.env.PYTHONPATH;
process.env.PIP_NO_INDEX = "1";

const never = new AbortController().signal;

test("the server is installed from the wheels that came along, without network, and once", async () => {
  const wanted = place();
  wheel(wanted.wheels, "rlm_ls", "tiny_needed");
  wheel(wanted.wheels, "tiny_needed");
  assert.equal(await installed(wanted), undefined);
  const { said, reporter } = listening();
  const first = await install(wanted, reporter, never);
  assert.equal(execFileSync(first, ["-m", "rlm_ls"], { encoding: "utf8" }).trim(), "rlm_ls 1.0");
  assert.ok(said.some((line) => line.startsWith("making an environment with Python 3.1")));
  assert.equal(await installed(wanted), first);
  const again = listening();
  assert.equal(await install(wanted, again.reporter, never), first);
  assert.deepEqual(again.said, []);

  // A new version of the server gets an environment of its own, and the old one goes.
  execFileSync(python, [
    "-I",
    "-c",
    WHEEL,
    wanted.wheels,
    "rlm_ls",
    "1.0",
    "tiny_needed",
    "import tiny_needed; print('new')",
  ]);
  const [one, two] = await Promise.all([install(wanted, reporter, never), install(wanted, reporter, never)]);
  assert.equal(one, two);
  assert.notEqual(one, first);
  assert.equal(execFileSync(one, ["-m", "rlm_ls"], { encoding: "utf8" }).trim(), "new");
  assert.equal(readdirSync(wanted.storage).length, 1);
});

test("what cannot be had is told, and is no installation", async () => {
  const wanted = place();
  wheel(wanted.wheels, "rlm_ls", "tiny_needed");
  const { reporter } = listening();
  await assert.rejects(install(wanted, reporter, never), (error: Error) => {
    assert.ok(error instanceof InstallFailed);
    assert.match(error.message, /tiny[-_]needed/);
    return true;
  });
  assert.equal(await installed(wanted), undefined);
});

test("an installation can be cancelled and leaves no lock", async () => {
  const wanted = place();
  wheel(wanted.wheels, "rlm_ls");
  const abort = new AbortController();
  const reporter = { say: (message: string) => void (message.startsWith("making") && abort.abort()), log: () => {} };
  await assert.rejects(install(wanted, reporter, abort.signal), { name: "AbortError" });
  assert.ok(readdirSync(wanted.storage).every((name) => !name.endsWith(".lock")));
});

test("an extension without wheels says what to do", async () => {
  const { reporter } = listening();
  await assert.rejects(install(place(), reporter, never), /rlm\.server\.path/);
});

test("nothing of the folder that the editor stands in is run, and nothing that variables name", async () => {
  const wanted = place();
  wheel(wanted.wheels, "rlm_ls", "tiny_needed");
  wheel(wanted.wheels, "tiny_needed");
  const hostile = mkdtempSync(join(tmpdir(), "rlm-"));
  const marks = join(hostile, "marks");
  mkdirSync(marks);
  for (const name of [
    "json",
    "logging",
    "os_",
    "pip",
    "re",
    "rlm_ls",
    "sitecustomize",
    "ssl",
    "sqlite3",
    "typing",
    "venv",
  ])
    writeFileSync(join(hostile, `${name}.py`), `open(${JSON.stringify(join(marks, name))}, "w").close()\n`);
  const before = process.cwd();
  process.chdir(hostile);
  process.env.PYTHONPATH = hostile;
  try {
    await install(wanted, listening().reporter, never);
  } finally {
    delete process.env.PYTHONPATH;
    process.chdir(before);
  }
  assert.deepEqual(readdirSync(marks), []);
});
