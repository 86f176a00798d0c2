// A measurement of speed: bars of tokens a second beside what the bare runtime makes of the same, bars of one request's
// stages, and the figures as a table.
const rows = data.rows;
const measured = rows.filter((row) => !row.refused);
const name = (row) => `${row.batch} × ${row.budget}`;
const figure = (value, places = 2) => (typeof value === "number" ? value.toFixed(places) : "");
const stages = [
  ["vision", "#8a4fb5", (row) => (row.stages_ms.vision ?? 0) + (row.stages_ms.select ?? 0) + (row.stages_ms.project ?? 0)],
  ["reading the prompt", "#1f5fbf", (row) => row.stages_ms.prefill ?? 0],
  ["writing", "#17693a", (row) => row.stages_ms.decode ?? 0],
];

// Horizontal bars, a row each; `parts` gives a row's pieces as [what, colour, length], `mark` a line across it or null.
function bars(title, unit, parts, mark = () => null) {
  const [width, left, step] = [640, 110, 26];
  const lengths = measured.map((row) => Math.max(parts(row).reduce((sum, [, , length]) => sum + length, 0), mark(row) ?? 0));
  const scale = (width - left - 90) / Math.max(...lengths, 1e-9);
  const text = (content, attributes) => drawn("text", { fill: "currentColor", "font-size": 12, ...attributes }, content);
  const drawings = measured.flatMap((row, place) => {
    const y = place * step + 5;
    let x = left;
    const pieces = parts(row).map(([what, colour, length]) => {
      const piece = drawn("rect", { x, y, width: length * scale, height: step - 10, fill: colour },
        drawn("title", {}, `${name(row)}, ${what}: ${figure(length)} ${unit}`));
      x += length * scale;
      return piece;
    });
    const total = parts(row).reduce((sum, [, , length]) => sum + length, 0);
    const bound = mark(row);
    const end = Math.max(x, bound === null ? 0 : left + bound * scale);
    return [
      text(name(row), { x: left - 8, y: y + 13, "text-anchor": "end" }), ...pieces,
      ...(bound === null ? [] : [drawn("line", {
        x1: left + bound * scale, x2: left + bound * scale, y1: y - 3, y2: y + step - 7, stroke: "currentColor", "stroke-width": 2,
      }, drawn("title", {}, `${name(row)}, bare: ${figure(bound)} ${unit}`))]),
      text(figure(total), { x: end + 6, y: y + 13 }),
    ];
  });
  return drawn("svg", {
    viewBox: `0 0 ${width} ${measured.length * step + 6}`, role: "img", "aria-label": `${title}, as in the table`,
  }, ...drawings);
}

const legend = element("p", { class: "quiet" }, ...stages.flatMap(([what, colour]) => [
  drawn("svg", { width: 12, height: 10, "aria-hidden": "true" }, drawn("rect", { width: 10, height: 10, fill: colour })), `${what}  `]));
const conditions = data.conditions ?? {};
report.append(
  element("p", { class: "lead" }, `${data.model}: ${conditions.picture}, ${conditions.new_tokens} new tokens, ${conditions.runs} runs, medians.`),
  element("p", { class: "quiet" }, Object.entries(data.machine).sort().map(([key, value]) => `${key} ${value}`).join(" · ")),
  element("section", {}, element("h2", {}, "Tokens a second"),
    element("p", { class: "quiet" }, "Requests at once × budget. The line is the bare compiled language model on the same prompts and steps, without pictures."),
    bars("Tokens a second", "tokens/s", (row) => [["all requests", "#1f5fbf", row.tokens_per_second.median]],
      (row) => row.bare_tokens_per_second ?? null)),
  element("section", {}, element("h2", {}, "Time of one request, s"), legend,
    bars("Time of one request", "s", (row) => stages.map(([what, colour, of]) => [what, colour, of(row) / 1000]))),
  element("section", {}, element("h2", {}, "Figures"), table("Speed by batch and budget",
    ["", "prompt", "image tokens", "tokens/s", "× full", "TTFT, s", "× full", "KV cache, MB", "bare tokens/s", "of bare"],
    rows.map((row) => (row.refused ? [name(row), `refused: ${row.refused}`] : [
      name(row), String(row.prompt_tokens), String(row.image_tokens),
      `${figure(row.tokens_per_second.median, 3)} (${figure(row.tokens_per_second.least, 3)}–${figure(row.tokens_per_second.most, 3)})`,
      figure(row.speedup), figure(row.ttft_ms.median / 1000, 3), figure(row.ttft_ratio), figure(row.kv_bytes / 1e6, 1),
      figure(row.bare_tokens_per_second, 3), figure(row.of_bare),
    ]))).node));
