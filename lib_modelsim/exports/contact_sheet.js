"use strict";
(() => {
  const main = document.querySelector("main"), large = document.getElementById("large");
  const heads = [...main.querySelectorAll(".column")], rows = [...main.querySelectorAll(".row:not(.head)")];
  const shownColumns = document.head.appendChild(document.createElement("style"));
  const input = (id) => document.getElementById(id);
  let hidden = new Set(), current = null;

  const matches = (text, query) =>
    query.toLowerCase().split(/\s+/).every((word) => text.toLowerCase().includes(word));
  const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

  function filter() {
    for (const row of rows) row.hidden = !matches(row.firstElementChild.textContent, input("rows").value);
    hidden = new Set(heads.keys());
    heads.forEach((head, i) => {
      if (matches(`${head.textContent} ${head.title}`, input("columns").value)) hidden.delete(i);
    });
    shownColumns.textContent = [...hidden].map((i) => `.row > :nth-child(${i + 2}) { display: none; }`).join("\n");
    const shown = rows.filter((row) => !row.hidden).length;
    input("count").value = `${plural(shown, "checkpoint")} × ${plural(heads.length - hidden.size, "picture")}`;
  }

  const placeOf = (cell) => [rows.indexOf(cell.parentElement), [...cell.parentElement.children].indexOf(cell) - 1];

  /** The next picture in this direction that is there and not filtered away. */
  function beside(cell, down, right) {
    let [row, column] = placeOf(cell);
    for (;;) {
      row += down;
      column += right;
      if (!rows[row] || column < 0 || column >= heads.length) return null;
      const found = rows[row].children[column + 1];
      if (!rows[row].hidden && !hidden.has(column) && found.matches("a")) return found;
    }
  }

  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

  function show(cell) {
    current = cell;
    const picture = large.querySelector("img"), [row, column] = placeOf(cell);
    const [name, hash] = [...rows[row].firstElementChild.children].map((part) => part.textContent);
    const head = heads[column];
    picture.onerror = () => { picture.onerror = null; picture.src = cell.firstElementChild.src; };
    picture.src = cell.href;
    picture.alt = `${name}, ${head.textContent}`;
    large.querySelector("p").textContent =
      [name, hash, head.textContent, head.title].filter(Boolean).join(" · ");
    if (!large.open) large.showModal();
  }

  function press(key) {
    if (key === "Escape") return large.close();
    const step = steps[key], next = step && current && beside(current, ...step);
    if (next) show(next);
  }

  main.addEventListener("click", (event) => {
    const cell = event.target.closest("a");
    if (!cell || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(cell);
  });
  main.addEventListener("keydown", (event) => {
    const cell = event.target.closest("a"), step = steps[event.key];
    if (!cell || !step) return;
    event.preventDefault();
    beside(cell, ...step)?.focus();
  });
  large.addEventListener("keydown", (event) => {
    if (!(event.key in steps)) return;
    event.preventDefault();
    press(event.key);
  });
  large.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) press(button.dataset.key);
    else if (event.target.matches("img, dialog")) large.close();
  });
  large.addEventListener("close", () => current?.focus());

  for (const id of ["rows", "columns"]) input(id).addEventListener("input", filter);
  input("size").addEventListener("input", () =>
    document.documentElement.style.setProperty("--cell", `${input("size").value}px`));
  filter();
})();
