import assert from "node:assert/strict";
import test from "node:test";
import MarkdownIt from "markdown-it";
import { fenced, plain, unlinked } from "../src/foreign.ts";

const FOREIGN = [
  "![x](https://evil.example/?q=secret)",
  "[Fix it](command:workbench.action.terminal.new)",
  "<img src=https://evil.example/x.png> <https://evil.example/>",
  "a\n\n# b\n```\nc",
  "a | b\n- | -\n`x` *y* _z_ ~~s~~ $(error) &lt; \\[",
  "[a]: https://evil.example/x",
];

test("foreign words in Markdown are words", () => {
  const parser = new MarkdownIt({ html: true });
  for (const text of FOREIGN) {
    const [open, inline, close, ...more] = parser.parse(`Model: ${plain(text)}`, {});
    assert.deepEqual([open?.type, close?.type, more], ["paragraph_open", "paragraph_close", []]);
    const kinds = new Set((inline?.children ?? []).map((token) => token.type));
    for (const kind of kinds) assert.ok(["text", "text_special"].includes(kind), `${text}: ${kind}`);
    const shown = (inline?.children ?? []).map((token) => token.content).join("");
    assert.equal(shown, `Model: ${text.replace(/\s+/g, " ").trim()}`);
  }
});

test("a block of code holds whatever it holds", () => {
  for (const text of [...FOREIGN, "```\n![x](https://evil.example/)\n````\n"]) {
    const tokens = new MarkdownIt({ html: true }).parse(fenced(text, "json"), {});
    assert.deepEqual(
      tokens.map((token) => token.type),
      ["fence"],
    );
  }
});

test("a message has no links", () => {
  // As VS Code looks for them.
  const links = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/gi;
  const message = "see [Fix it](command:workbench.action.quit) or [x](https://evil.example)";
  assert.match(message, links);
  assert.doesNotMatch(unlinked(message), links);
});
