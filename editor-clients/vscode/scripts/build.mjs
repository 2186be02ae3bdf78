// dist/extension.cjs, one file; with --tests, the unit tests as well.
import { readdirSync, rmSync } from "node:fs";
import { build, context } from "esbuild";

const shared = { bundle: true, platform: "node", target: "node20", sourcemap: true, logLevel: "warning" };
const extension = {
  ...shared,
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.cjs",
  format: "cjs",
  external: ["vscode"],
  minify: !process.argv.includes("--watch"),
};

if (process.argv.includes("--watch")) {
  await (await context(extension)).watch();
} else if (process.argv.includes("--tests")) {
  rmSync("dist/test", { recursive: true, force: true });
  const tests = readdirSync("test").filter((name) => name.endsWith(".test.ts"));
  await build({
    ...shared,
    entryPoints: tests.map((name) => `test/${name}`),
    outdir: "dist/test",
    outExtension: { ".js": ".mjs" },
    format: "esm",
    // What markdown-it's dependencies require at run time.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
} else {
  await build(extension);
}
