"use strict";
// Elements of the page. Text becomes text nodes: nothing a report holds is
// ever read as markup.

function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...shown(children));
  return node;
}

// Nested lists become one; what is absent is left out.
const shown = (children) =>
  children.flat(Infinity).filter((c) => c !== undefined && c !== null && c !== false);

const byId = (id) => document.getElementById(id);
const fill = (id, ...children) =>
  byId(id).replaceChildren(...shown(children));

// For what is not there.
const words = (text) => el("p", { class: "words" }, text);

const mark = (kind, text, title) =>
  el("span", { class: "mark " + kind, title }, text);

// A value and, smaller, what belongs to it.
const withRange = (value, range) =>
  range ? [value + " ", el("span", { class: "range" }, range)] : [value];

function facts(rows) {
  const known = rows.filter(([, value]) => value !== undefined && value !== "");
  return el(
    "dl",
    { class: "facts" },
    known.map(([term, value]) => [
      el("dt", {}, term),
      el("dd", {}, value),
    ]),
  );
}

function chooser(label, options, chosen, onchange) {
  const select = el(
    "select",
    { onchange: (event) => onchange(event.target.value) },
    options.map(([value, text]) =>
      el("option", { value, selected: value === chosen }, text),
    ),
  );
  return el("label", {}, label, select);
}

function copyButton(text) {
  const button = el("button", { type: "button" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      say("The command is copied.");
      button.textContent = "Copied";
    } catch {
      // Without permission, or from a file: leave it selected for Ctrl+C.
      getSelection().selectAllChildren(button.parentNode.firstChild);
      say("Select and copy: the browser does not let the page do it.");
      button.textContent = "Selected";
    }
  });
  return button;
}

const command = (text) =>
  el("div", { class: "command" }, el("pre", {}, text), copyButton(text));

// For those who cannot see what changed.
function say(text) {
  byId("said").textContent = text;
}

// A table that scrolls alone where it is too wide, and sorts by its headers.
//   columns  {title, cell(row), sort(row)?, number?, wrap?}; the first heads
//            its row, those with `wrap` may take several lines
//   rows     what `cell` gets; `kind(row)` colours the edge: "bad", "warn"
//   order    {column, down}, kept by the caller between draws
function table({ caption, columns, rows, kind, empty, order = {} }) {
  if (rows.length === 0) return words(empty ?? "Nothing to show.");
  const body = el("tbody");
  const heads = columns.map((column, index) => {
    const press = () => {
      order.down = order.column === index ? !order.down : false;
      order.column = index;
      draw();
      const way = order.down ? "descending" : "ascending";
      say(`Sorted by ${column.title}, ${way}.`);
    };
    return el(
      "th",
      { scope: "col", class: classOf(column) },
      column.sort
        ? el("button", { type: "button", onclick: press }, column.title)
        : column.title,
    );
  });

  function draw() {
    let sorted = rows;
    if (order.column !== undefined) {
      const { sort } = columns[order.column];
      sorted = [...rows].sort((a, b) => compare(sort(a), sort(b), order.down));
    }
    heads.forEach((head, index) => {
      if (!columns[index].sort) return;
      const way = order.down ? "descending" : "ascending";
      head.setAttribute("aria-sort", order.column === index ? way : "none");
    });
    body.replaceChildren(
      ...sorted.map((row) =>
        el(
          "tr",
          { class: kind?.(row) },
          columns.map((column, index) =>
            el(
              index === 0 ? "th" : "td",
              {
                scope: index === 0 && "row",
                class: classOf(column),
              },
              orNone(column.cell(row)),
            ),
          ),
        ),
      ),
    );
  }

  draw();
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el("table", {}, el("caption", {}, el("span", {}, caption)), el("thead", {},
      el("tr", {}, heads)), body),
  );
}

const orNone = (cell) =>
  shown([cell]).length === 0 || cell === "" ? NONE : cell;

const classOf = ({ number, wrap }) =>
  number ? "number" : wrap ? "wrap" : undefined;

// What is missing comes last, whichever way.
function compare(a, b, down) {
  const missing = (v) => v === undefined || v === null || Number.isNaN(v);
  if (missing(a) || missing(b)) return missing(a) - missing(b);
  const way = typeof a === "string" ? a.localeCompare(b) : a - b;
  return down ? -way : way;
}
