
// The demo: right answers by budget, then each picture with what a budget keeps of it.
const short = (...parts) => element("span", { class: "short" }, ...parts);
const milliseconds = (value) => value.toFixed(value < 100 ? 1 : 0);
const verdict = (isRight) => isRight
  ? element("span", { class: "right" }, "✓", unseen("right")) : element("span", { class: "wrong" }, "✗", unseen("wrong"));
const names = data.summary.map((row) => row.name);
const usual = Math.max(names.indexOf("HiRED 20%"), 0);

const summary = table("Right answers by budget", ["budget", "right", "tokens", "TTFT, ms"], data.summary.map((row) => [
  row.name, short(`${row.right} of ${row.asked}`), row.tokens.toFixed(0), milliseconds(row.ttft_ms.median),
]));
const drawings = element("div", { class: "drawings" });
const shown = [];

for (const sample of data.samples) {
  const views = sample.views.map(keptTokens);
  const answers = table("Answers by budget", ["budget", "tokens", "TTFT, ms", "answer", unseen("verdict")], sample.rows.map((row) => [
    row.name, String(row.tokens), milliseconds(row.ttft_ms), row.answer, verdict(row.is_right),
  ]));
  const [full, ...canvas] = views.map((view) => view.node);
  drawings.append(element("section", {},
    element("h2", {}, sample.question),
    element("p", { class: "quiet" }, `Right: ${sample.answer}. ${sample.full} image tokens without dropping.`),
    element("div", { class: "sample" },
      full, ...canvas, answers.node)));
  shown.push((place) => {
    const row = sample.rows[place];
    if (!row) return;
    let first = 0;
    sample.views.forEach((view, number) => {
      views[number].show(row.kept.slice(first, first + view.names.length));
      first += view.names.length;
    });
    answers.mark(place);
  });
}

function show(place) {
  summary.mark(place);
  for (const redraw of shown) redraw(place);
}

report.append(
  element("p", { class: "lead" },
    "Lit squares are visual tokens that reach the language model, dimmed ones are dropped; the number in each view is " +
    "how many it keeps. TTFT is the time to the first token."),
  element("p", { class: "quiet" },
    "The model is a small one that learned from drawn pictures, on all of their tokens: as for a published checkpoint, " +
    "dropping is new to it."),
  summary.node,
  element("div", { class: "bar" },
    choice("Tokens kept by", names, usual, show),
    checkbox("Dim what is dropped", true, (isOn) => drawings.classList.toggle("bare", !isOn))),
  drawings);
show(usual);
