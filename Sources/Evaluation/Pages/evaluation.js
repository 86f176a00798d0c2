// An evaluation: the table, accuracy by kept tokens and by time to the first token, tokens by picture, categories, and
// what went wrong.
const { report: found, speed, strategies } = data;
const isOwn = found.tasks.every((task) => task === "questions");
const one = (value) => value.toFixed(1);
const total = (task, configuration) => found.totals.find((entry) => entry.task === task && entry.configuration === configuration);
const pace = (task, configuration) => speed.rows.find((row) => row.task === task && row.configuration === configuration);
const lines = Object.entries(strategies).sort(([a], [b]) => a < b ? -1 : 1);
const colours = ["#1f5fbf", "#b3261e", "#17693a", "#8a4fb5", "#b86b00", "#00798a", "#a3266d", "#5b6472", "#6b7a00", "#3949ab"];

const overview = table("Scores by configuration", ["", "tokens kept", ...data.titles.map((title) => title.title)],
  found.configurations.map((configuration) => {
    const mine = found.totals.filter((entry) => entry.configuration === configuration && entry.full_mean > 0);
    const share = mine.reduce((sum, entry) => sum + entry.kept_mean / entry.full_mean, 0) / Math.max(mine.length, 1);
    return [configuration, `${one(100 * share)} %`, ...data.titles.map((title) => {
      const entry = total(title.task, configuration);
      return entry ? `${one(entry.score)} ± ${one((entry.score_high - entry.score_low) / 2)}` : "";
    })];
  }));

// Points with intervals, joined along each strategy. `along` gives the horizontal place.
function chart(title, label, along) {
  const [width, height, left, bottom] = [520, 300, 46, 40];
  const series = lines.map(([name, configurations], place) => ({
    name, colour: colours[place % colours.length],
    points: configurations.map((configuration) => {
      const entry = total(title.task, configuration);
      return entry && { x: along(entry), y: entry.score, low: entry.score_low, high: entry.score_high, configuration };
    }).filter((point) => point && Number.isFinite(point.x)).sort((a, b) => a.x - b.x),
  })).filter((line) => line.points.length);
  const points = series.flatMap((line) => line.points);
  if (!points.length) return "";
  const most = Math.max(...points.map((point) => point.x), 1e-9) * 1.05;
  const [least, top] = [Math.min(...points.map((point) => point.low)), Math.max(...points.map((point) => point.high), 1e-9)];
  const room = Math.max((top - least) * 0.08, 1e-9);
  const x = (value) => left + value / most * (width - left - 10);
  const y = (value) => height - bottom - (value - least + room) / (top - least + 2 * room) * (height - bottom - 10);
  const marks = series.flatMap((line) => [
    drawn("polyline", { points: line.points.map((point) => `${x(point.x)},${y(point.y)}`).join(" "), fill: "none", stroke: line.colour, "stroke-width": 1.5 }),
    ...line.points.flatMap((point) => [
      drawn("line", { x1: x(point.x), x2: x(point.x), y1: y(point.low), y2: y(point.high), stroke: line.colour, "stroke-opacity": 0.45 }),
      drawn("circle", { cx: x(point.x), cy: y(point.y), r: 3.5, fill: line.colour },
        drawn("title", {}, `${point.configuration}: ${one(point.y)} (${one(point.low)} to ${one(point.high)}), ${one(point.x)} ${label}`)),
    ]),
  ]);
  const text = (content, attributes) => drawn("text", { fill: "currentColor", "font-size": 11, ...attributes }, content);
  const axes = [
    drawn("line", { x1: left, x2: width - 10, y1: height - bottom, y2: height - bottom, stroke: "currentColor" }),
    drawn("line", { x1: left, x2: left, y1: 10, y2: height - bottom, stroke: "currentColor" }),
    ...[0, 0.25, 0.5, 0.75, 1].map((share) => text((share * most).toFixed(most < 10 ? 1 : 0), { x: x(share * most), y: height - bottom + 14, "text-anchor": share === 1 ? "end" : "middle" })),
    ...[0, 0.5, 1].map((share) => {
      const value = least + share * (top - least);
      return text(one(value), { x: left - 5, y: y(value) + 4, "text-anchor": "end" });
    }),
    text(label, { x: (left + width) / 2, y: height - 8, "text-anchor": "middle" }),
  ];
  const legend = element("p", { class: "quiet" }, ...series.flatMap((line) => {
    const dot = drawn("svg", { width: 12, height: 10, "aria-hidden": "true" }, drawn("circle", { cx: 5, cy: 5, r: 4, fill: line.colour }));
    return [dot, `${line.name}  `];
  }));
  const picture = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${title.title}: score by ${label}, as in the table` }, ...axes, ...marks);
  return element("div", {}, picture, legend);
}

// Visual tokens of the pictures under each configuration: a line from the fewest to the most, a dot at the median.
function ranges(title, rows) {
  const [width, left, step] = [520, 150, 18];
  const most = Math.max(...rows.map((entry) => entry.kept_most), 1);
  const x = (value) => left + value / most * (width - left - 12);
  const marks = rows.flatMap((entry, place) => {
    const y = (place + 0.7) * step;
    return [
      drawn("text", { x: left - 8, y: y + 4, fill: "currentColor", "font-size": 11, "text-anchor": "end" }, entry.configuration),
      drawn("line", { x1: x(entry.kept_least), x2: x(entry.kept_most), y1: y, y2: y, stroke: "#1f5fbf", "stroke-width": 3, "stroke-opacity": 0.5 }),
      drawn("circle", { cx: x(entry.kept_median), cy: y, r: 4, fill: "#1f5fbf" },
        drawn("title", {}, `${entry.configuration}: ${entry.kept_least} to ${entry.kept_most}, median ${one(entry.kept_median)}`)),
    ];
  });
  return drawn("svg", { viewBox: `0 0 ${width} ${rows.length * step + 6}`, role: "img", "aria-label": `${title.title}: visual tokens by picture, as in the table` }, ...marks);
}

function section(title) {
  const rows = found.configurations.map((configuration) => total(title.task, configuration)).filter(Boolean);
  const parts = rows[0]?.parts.map((part) => part.name) ?? [];
  const kept = table(`Visual tokens by picture, ${title.title}`, ["", "least", "median", "most", "TTFT, ms"], rows.map((entry) => [
    entry.configuration, String(entry.kept_least), one(entry.kept_median), String(entry.kept_most),
    one(pace(title.task, entry.configuration)?.ttft.median ?? 0),
  ]));
  const categories = parts.length ? [table(`Parts of ${title.title}`, ["", ...parts], rows.map((entry) => [
    entry.configuration, ...parts.map((name) => {
      const part = entry.parts.find((other) => other.name === name);
      if (!part) return "";
      const [value, low, high] = [part.value, part.low, part.high].map((number) => number?.toFixed(0));
      return low === undefined ? one(part.value) : `${value} (${low}-${high})`;
    }),
  ])).node] : [];
  return element("section", {},
    element("h2", {}, title.title),
    element("p", { class: "quiet" }, `${rows[0]?.questions ?? 0} questions, in ${title.unit}. Bars are 95 % intervals.`),
    chart(title, "tokens kept", (entry) => entry.kept_mean),
    chart(title, "ms to the first token", (entry) => pace(title.task, entry.configuration)?.ttft.median ?? NaN),
    ranges(title, rows), kept.node, ...categories);
}

const examples = data.examples.map((example) => element("section", {},
  element("h2", {}, example.question),
  element("p", { class: "quiet" }, `${example.task}, ${example.configuration}. Right: ${example.right}. Answered: ${example.answer || "nothing"}.`),
  element("div", { class: "sample" }, ...example.views.map((view) => keptTokens(view).node))));

report.append(
  element("p", { class: "lead" }, `${isOwn ? "Per cent exactly right" : "Scores in the unit of the paper"}, ± half of the 95 % interval; tokens kept as a share of all, over the tasks.`),
  element("p", { class: "quiet" }, Object.entries(found.settings).sort().map(([name, value]) => `${name} ${value}`).join(" · ") + (isOwn ? "" : ` · metrics of lmms-eval ${found.metrics === "paper" ? "0.1.2" : "0.7"}`)),
  overview.node, ...data.titles.map(section),
  ...(examples.length ? [element("h2", {}, "Wrong answers"), ...examples] : []));
