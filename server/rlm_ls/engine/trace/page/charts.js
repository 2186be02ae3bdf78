// The pictures of the answer's charts: the server drew them; a point leads to its line.
const { charts } = JSON.parse(document.getElementById("trace").textContent);

function figures(drawn, citations) {
  const section = element("div", "charts");
  for (const { title, note, svg } of drawn) {
    const figure = element("figure");
    const picture = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
    figure.append(element("figcaption", "", title), document.importNode(picture, true));
    if (note) figure.append(element("p", "label", note));
    section.append(figure);
  }
  section.addEventListener("click", (event) => {
    const point = event.target.closest("[data-citation]");
    if (!point) return;
    event.preventDefault();
    const index = Number(point.dataset.citation);
    if (host) host.postMessage({ type: "open", ...placeOf(citations[index]) });
    else reveal(document.getElementById(`excerpt-${index}`));
  });
  return section;
}

function reveal(details) {
  if (!details) return;
  details.open = true;
  details.scrollIntoView();
}

/** Citations come as the engine has them (stored) or as the wire has them (live). */
function placeOf({ location, uri, line, endLine }) {
  if (!location) return { uri, line, endLine };
  return { uri: location.uri, line: location.range.start.line + 1, endLine: location.range.end.line + 1 };
}
