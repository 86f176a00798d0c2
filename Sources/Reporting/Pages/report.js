// What every report's page needs: elements from values, never from markup.
const data = JSON.parse(document.getElementById("data").textContent);
const report = document.getElementById("report");

function fill(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const element = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
const drawn = (name, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

// For those who hear the page only.
const unseen = (text) => element("span", { class: "unseen" }, text);

// A table with a caption for those who hear it; `mark` makes one of its rows stand out.
function table(caption, heads, rows) {
  const body = rows.map((cells) => element("tr", {}, ...cells.map((cell, place) =>
    place === 0 ? element("th", { scope: "row" }, cell) : element("td", {}, cell))));
  const node = element("div", { class: "scroll" }, element("table", {},
    element("caption", { class: "unseen" }, caption),
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", {}, ...body)));
  return { node, mark: (marked) => body.forEach((row, place) => row.classList.toggle("marked", place === marked)) };
}

// One of several, by mouse, touch or arrow keys.
function choice(legend, names, chosen, changed) {
  return element("fieldset", { class: "choice" }, element("legend", {}, legend), ...names.map((name, place) => {
    const input = element("input", { type: "radio", name: legend });
    input.checked = place === chosen;
    input.addEventListener("change", () => changed(place));
    return element("label", {}, input, element("span", {}, name));
  }));
}

function checkbox(name, checked, changed) {
  const input = element("input", { type: "checkbox" });
  input.checked = checked;
  input.addEventListener("change", () => changed(input.checked));
  return element("label", { class: "check" }, input, name);
}

// One view or a canvas of tiles; `show` lays a veil over the tokens whose letter is 0 and writes each tile's count.
function keptTokens(view) {
  const [width, height] = [view.columns * view.side, view.rows * view.side];
  const veil = drawn("path", { class: "veil" });
  const edges = view.names.map((_, tile) => drawn("rect", {
    x: tile % view.columns * view.side, y: Math.floor(tile / view.columns) * view.side,
    width: view.side, height: view.side, class: "tile",
  }));
  const picture = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" },
    drawn("image", { href: view.image, width, height }), veil, ...edges);
  const marks = view.names.map(() => element("span", {}));
  const grid = element("div", { class: "marks", "aria-hidden": "true" }, ...marks);
  grid.style.gridTemplate = `repeat(${view.rows}, 1fr) / repeat(${view.columns}, 1fr)`;
  const node = element("div", { class: "view" }, picture, grid);

  function show(kept) {
    let path = "";
    kept.forEach((letters, tile) => {
      const [x, y] = [tile % view.columns * view.side, Math.floor(tile / view.columns) * view.side];
      // Dropped tokens side by side are one rectangle.
      for (let index = 0; index < letters.length;) {
        const end = (Math.floor(index / view.side) + 1) * view.side;
        let last = index;
        while (last < end && letters[last] === "0") last++;
        if (last > index) {
          path += `M${x + index % view.side} ${y + Math.floor(index / view.side)}h${last - index}v1h${index - last}z`;
        }
        index = Math.max(last, index + 1);
      }
    });
    veil.setAttribute("d", path);
    const counts = kept.map((letters) => letters.split("1").length - 1);
    marks.forEach((mark, tile) => { mark.textContent = `${view.names[tile]} · ${counts[tile]}`; });
    picture.setAttribute("aria-label",
      view.names.map((name, tile) => `${name}: ${counts[tile]} of ${kept[tile].length} tokens`).join(", "));
  }
  show(view.kept);
  return { node, show };
}
