// The lines around what is cited, as they were when the page was made: for a reader who does not have the texts.
function excerpt({ label, first, lines, marked, notes, charted }, index) {
  const details = element("details", "excerpt");
  details.id = `excerpt-${index}`;
  details.open = index < 20 && !charted;
  const summary = element("summary", "plain");
  summary.append(element("span", "name", label));
  const table = element("table", "lines");
  lines.forEach((line, index) => {
    const row = element("tr");
    if (marked && index >= marked[0] && index <= marked[1]) row.className = "cited";
    row.append(element("th", "", String(first + index)), element("td", "", line));
    table.append(row);
  });
  details.append(summary, ...notes.map((note) => element("p", "label", note)), table);
  return details;
}

const { excerpts } = JSON.parse(document.getElementById("trace").textContent);
if (excerpts.length > 0) {
  const section = element("section", "excerpts");
  section.id = "excerpts";
  section.append(element("h2", "", "What is cited"), ...excerpts.map(excerpt));
  document.getElementById("timeline").after(section);
}
