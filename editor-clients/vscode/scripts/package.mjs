// rlm-ls-VERSION.vsix with the server's wheel in it. --offline: with the wheels of all it needs too, for this kind of
// machine and this Python, so that installing needs no network.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";

const root = "../..";
const own = process.platform === "win32" ? `${root}/.venv/Scripts/python.exe` : `${root}/.venv/bin/python`;
const python = process.env.PYTHON ?? (existsSync(own) ? own : "python3");
const run = (command, args) => execFileSync(command, args, { stdio: ["ignore", 2, 2] });
const pip = (...args) => run(python, ["-P", "-m", "pip", "--disable-pip-version-check", "--quiet", ...args]);

const offline = process.argv.includes("--offline");
rmSync("wheels", { recursive: true, force: true });
mkdirSync("wheels");
// The build's own tools are those of the development environment: no network for this step.
const isolation = offline ? [] : ["--no-build-isolation"];
pip("wheel", "--no-deps", ...isolation, "--wheel-dir", "wheels", root);
const lock = `${root}/install.lock`;
copyFileSync(lock, "wheels/install.lock");
if (offline) pip("download", "--only-binary", ":all:", "--require-hashes", "--dest", "wheels", "-r", lock);
copyFileSync(`${root}/LICENSE`, "LICENSE");
run(process.execPath, ["scripts/build.mjs"]);
const { name, version } = JSON.parse(readFileSync("package.json", "utf8"));
const target = offline ? ["--target", `${process.platform}-${process.arch}`] : [];
const out = process.env.RLM_VSIX ?? `${name}-${version}.vsix`;
const vsce = "node_modules/@vscode/vsce/vsce";
run(process.execPath, [
  vsce,
  "package",
  "--no-dependencies",
  "--allow-missing-repository",
  "--no-rewrite-relative-links",
  ...target,
  "--out",
  out,
]);
process.stdout.write(`${out}\n`);
