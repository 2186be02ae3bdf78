import assert from "node:assert/strict";
import test from "node:test";
import type { Citation } from "../src/protocol.ts";
import { answerHtml, draftHtml } from "../src/render.ts";

function citation(path: string, line: number, endLine = line): Citation {
  return {
    location: {
      uri: `file:///w/${encodeURIComponent(path)}`,
      range: { start: { line: line - 1, character: 0 }, end: { line: endLine - 1, character: 5 } },
    },
    path,
    quote: "text",
    version: null,
    state: "verified",
  };
}

const CITED = [citation("app.log", 12, 14), citation("my app.log", 3), citation("app.log", 13)];

test("links of the citation list lead to their citations", () => {
  const html = answerHtml("- [app.log:12](file:///w/app.log#L12): `x`\n- [b](file:///w/my%20app.log#L3)", CITED);
  assert.match(html, /<a href="#" data-citation="0">app\.log:12<\/a>/);
  assert.match(html, /<a href="#" data-citation="1">b<\/a>/);
});

test("the address of a page leads to its citation", () => {
  assert.match(answerHtml("- [app.log, page 3](file:///w/app.log#page=3&line=12): `x`", CITED), /data-citation="0"/);
});

test("a text on the web is cited where it was read, not on the web as it is now", () => {
  const far = citation("far.log", 2);
  far.location.uri = "https://example.org/far.log";
  const html = answerHtml("- [far.log:2](https://example.org/far.log#L2) and [other](https://example.org/o)", [far]);
  assert.match(html, /<a href="#" data-citation="0">far\.log:2<\/a>/);
  assert.match(html, /<a href="https:\/\/example\.org\/o">/);
});

test("places in words lead to their citations, also in code", () => {
  const html = answerHtml("See app.log:12 and `my app.log:3`, not app.log:99 or x/app.log:12 or app.log:120.", CITED);
  assert.match(html, /See <a href="#" data-citation="0">app\.log:12<\/a>/);
  assert.match(html, /<a href="#" data-citation="1"><code>my app\.log:3<\/code><\/a>/);
  assert.equal(html.match(/data-citation/g)?.length, 2);
});

test("a text inside a file is cited by its own lines, not by the file's", () => {
  const inside = { ...citation("app.log.gz", 1), line: 500, endLine: 502 };
  const html = answerHtml("- [app.log.gz:500](file:///w/app.log.gz#L500), app.log.gz:501, app.log.gz:1", [inside]);
  assert.equal(html.match(/data-citation="0"/g)?.length, 2);
});

test("a line within several citations leads to the nearest beginning", () => {
  assert.match(answerHtml("app.log:13", CITED), /data-citation="2"/);
  assert.match(answerHtml("app.log:14", CITED), /data-citation="0"/);
});

test("nothing a model writes becomes markup, a script or a foreign link", () => {
  const hostile = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "[a](javascript:alert(1)) [b](data:text/html,x) [c](command:workbench.action.quit) [d](vscode:extension/x)",
    "[e](file:///etc/passwd) ![f](https://example.org/track.png) [g](rlm:/answer/x.md)",
  ].join("\n\n");
  for (const html of [answerHtml(hostile, CITED), draftHtml(hostile)]) {
    assert.doesNotMatch(html, /<(script|img)/);
    assert.doesNotMatch(html, /href="(?!#|https?:)/);
    assert.doesNotMatch(html, /<[^>]*\s(src|onerror|style)=/);
  }
});

test("links to the web stay", () => {
  assert.match(
    answerHtml("[spec](https://example.org/a?b=c)", CITED),
    /<a href="https:\/\/example\.org\/a\?b=c">spec<\/a>/,
  );
});

test("a reply that stops anywhere can be drawn", () => {
  const text = "Plan with `code` and\n\n```python\nprint(1)\n```\n\n| a | b |\n| - | - |\n| 1 | 2 |\n";
  for (let end = 0; end <= text.length; end += 1) assert.equal(typeof draftHtml(text.slice(0, end)), "string");
});
