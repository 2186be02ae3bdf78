import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { candidatesFor, findPython, NoPython } from "../src/python.ts";

const python = process.env.PYTHON ?? "python3";
const posix = process.platform !== "win32";

function command(says: string): string {
  const path = join(mkdtempSync(join(tmpdir(), "rlm-")), "python");
  writeFileSync(path, `#!/bin/sh\n${says}\n`);
  chmodSync(path, 0o755);
  return path;
}

test("the first Python that works is taken", { skip: !posix }, async () => {
  const shim = command("exit 127");
  const old = command("echo unusable Python 3.8.1");
  const found = await findPython(tmpdir(), "", [["no-such-python"], [shim], [old], [python]]);
  assert.equal(found.command, python);
  assert.match(found.version, /^3\.1[123]\./);
});

test("what was found and why it will not do is told, with the remedy", { skip: !posix }, async () => {
  const old = command("echo unusable Python 3.8.1");
  const bare = command("echo unusable Python 3.12.1 without ensurepip");
  await assert.rejects(findPython(tmpdir(), "", [["no-such-python"], [old], [bare]]), (error: Error) => {
    assert.ok(error instanceof NoPython);
    assert.match(error.message, /3\.11, 3\.12 or 3\.13/);
    assert.match(error.message, /Python 3\.8\.1/);
    assert.match(error.message, /Python 3\.12\.1 without ensurepip/);
    assert.match(error.message, /try again/);
    return true;
  });
});

test("the one that the user has named is taken or refused, and no other", async () => {
  assert.equal((await findPython(tmpdir(), python)).command, python);
  await assert.rejects(findPython(tmpdir(), "/no/such/python"), /no\/such\/python, which does not run/);
});

test("a Python that wheels are there for comes first", () => {
  assert.match(candidatesFor("3.11")[0]?.join(" ") ?? "", /3\.11/);
  assert.equal(candidatesFor("3.11").length, candidatesFor(undefined).length);
  assert.match(candidatesFor(undefined)[0]?.join(" ") ?? "", /3\.13/);
});
