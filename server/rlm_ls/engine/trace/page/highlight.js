// Colours of programs: comments, texts, numbers and keywords of the languages that models write here.
const COMMENTS = { python: "#.*", wat: ";;.*" };
const KEYWORDS = new Set(
  ("and as assert async await break class continue def del elif else except finally for from if import in is lambda None not or pass raise return " +
    "True False try while with fn let mut pub use struct enum impl match loop move ref self mod const static trait where unsafe int char void " +
    "unsigned long size_t sizeof switch case default func param result local module export memory").split(" "),
);

function highlighted(source, language) {
  const comment = COMMENTS[language] ?? (["rust", "c"].includes(language) ? "\\/\\/.*|\\/\\*[\\s\\S]*?\\*\\/" : "#.*");
  const token = new RegExp(
    `(${comment})|("""[\\s\\S]*?"""|'''[\\s\\S]*?'''|[rbf]*"(?:\\\\.|[^"\\\\\\n])*"|[rbf]*'(?:\\\\.|[^'\\\\\\n])*')|\\b(\\d[\\w.]*)|([A-Za-z_]\\w*)`, "g",
  );
  const parts = [];
  let at = 0;
  for (const match of source.matchAll(token)) {
    const kind = match[1] ? "c" : match[2] ? "s" : match[3] ? "n" : KEYWORDS.has(match[4]) ? "k" : "";
    if (!kind) continue;
    parts.push(source.slice(at, match.index), element("span", kind, match[0]));
    at = match.index + match[0].length;
  }
  parts.push(source.slice(at));
  return parts;
}
