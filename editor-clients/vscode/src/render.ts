// Answers as HTML: the server's Markdown, in which every place that is cited leads to its citation. No HTML of a model's
// gets through, and no link but to a citation or the web.
import MarkdownIt from "markdown-it";
import type { Citation } from "./protocol.ts";

type Token = ReturnType<MarkdownIt["parse"]>[number];

/** The whole answer document. Links to citations have `data-citation`, an index into `citations`. */
export function answerHtml(markdown: string, citations: readonly Citation[]): string {
  const places = new Places(citations);
  const parser = plain();
  parser.core.ruler.push("citations", (state) => {
    for (const token of state.tokens) {
      if (token.children) token.children = linked(token.children, places, state.Token);
    }
  });
  return parser.render(markdown);
}

/** What a model is writing: Markdown that may stop anywhere. */
export function draftHtml(markdown: string): string {
  return plain().render(markdown);
}

function plain(): MarkdownIt {
  const parser = new MarkdownIt({ html: false, linkify: false });
  // Links to files are made into citations or taken out, below; images are nothing an answer has.
  parser.validateLink = (url) => /^(https?|file|untitled|vscode-[a-z-]+|rlm):/i.test(url.trim());
  parser.disable("image");
  parser.core.ruler.push("links", (state) => {
    for (const token of state.tokens) for (const child of token.children ?? []) disarm(child);
  });
  return parser;
}

function disarm(token: Token): void {
  if (token.type !== "link_open") return;
  const href = String(token.attrGet("href"));
  token.attrs = /^https?:/i.test(href) ? [["href", href]] : [["data-file", href]];
}

/** Citations by where they are, as links and as words. */
class Places {
  private readonly byLink = new Map<string, number>();
  readonly pattern: RegExp | undefined;

  constructor(private readonly citations: readonly Citation[]) {
    const paths = new Set<string>();
    citations.forEach((citation, index) => {
      const key = `${decoded(citation.location.uri)}#L${lines(citation)[0]}`;
      if (!this.byLink.has(key)) this.byLink.set(key, index);
      if (citation.path) paths.add(citation.path);
    });
    // The longest first: a path may be another one's beginning.
    const named = [...paths].sort((a, b) => b.length - a.length).map(escaped);
    if (named.length > 0)
      this.pattern = new RegExp(`(?<![\\w/\\\\.-])(${named.join("|")}):(\\d{1,9})(?:[-–]\\d{1,9})?(?!\\w)`, "g");
  }

  ofLink(href: string): number | undefined {
    return this.byLink.get(decoded(href).replace(/#page=\d+&line=(\d+)$/, "#L$1"));
  }

  ofWords(path: string, line: number): number | undefined {
    let best: number | undefined;
    this.citations.forEach((citation, index) => {
      const [first, last] = lines(citation);
      if (citation.path !== path || line < first || line > last) return;
      // The citation that starts there rather than one that reaches there.
      const known = best === undefined ? undefined : this.citations[best];
      if (known === undefined || first > lines(known)[0]) best = index;
    });
    return best;
  }
}

/** First and last line of the text, from 1. What is inside a file (compressed, say) has other lines than the file. */
function lines({ line, endLine, location }: Citation): [number, number] {
  const { start, end } = location.range;
  return [line ?? start.line + 1, endLine ?? line ?? end.line + 1];
}

function linked(
  tokens: Token[],
  places: Places,
  Made: new (type: string, tag: string, nesting: -1 | 0 | 1) => Token,
): Token[] {
  const made: Token[] = [];
  let inLink = 0;
  for (const token of tokens) {
    if (token.type === "link_open") {
      inLink += 1;
      const address = token.attrGet("data-file") ?? token.attrGet("href");
      const citation = address === null ? undefined : places.ofLink(address);
      if (citation !== undefined) token.attrs = anchor(citation);
    }
    if (token.type === "link_close") inLink -= 1;
    if (inLink > 0 || places.pattern === undefined || !["text", "code_inline"].includes(token.type)) {
      made.push(token);
      continue;
    }
    let at = 0;
    const piece = (text: string) => {
      if (!text) return;
      const copy = new Made(token.type, token.tag, 0);
      copy.content = text;
      copy.markup = token.markup;
      made.push(copy);
    };
    for (const match of token.content.matchAll(places.pattern)) {
      const citation = places.ofWords(match[1] ?? "", Number(match[2]));
      if (citation === undefined) continue;
      piece(token.content.slice(at, match.index));
      const open = new Made("link_open", "a", 1);
      open.attrs = anchor(citation);
      made.push(open);
      piece(match[0]);
      made.push(new Made("link_close", "a", -1));
      at = match.index + match[0].length;
    }
    piece(token.content.slice(at));
  }
  return made;
}

function anchor(citation: number): [string, string][] {
  return [
    ["href", "#"],
    ["data-citation", String(citation)],
  ];
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function decoded(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    return uri;
  }
}
