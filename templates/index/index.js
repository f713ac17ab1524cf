"use strict";
// Sorts and filters the rows that are there; without it the page is the same table, by name.
(() => {
  const tools = document.querySelector(".tools"), table = document.querySelector("table");
  if (!tools || !table) return;
  const body = table.tBodies[0], rows = [...body.rows], count = tools.elements.count;
  const heads = [...table.tHead.rows[0].cells].filter((cell) => cell.dataset.key);
  const language = document.documentElement.lang;
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase(language);
  const filters = ["region", "tier", "manager", "status"].filter((name) => tools.elements[name]);
  const found = new Map(rows.map((row) => [row, plain(row.dataset.search)]));
  let key = "partner", down = false;

  const value = (row) => {
    if (key === "partner") return row.dataset.partner;
    if (key === "urgency") return Number(row.dataset.urgency);
    const place = heads.findIndex((head) => head.dataset.key === key) - 2;
    const cell = row.querySelectorAll("td.kpi")[place];
    return cell && cell.dataset.value !== "" ? Number(cell.dataset.value) : null;
  };

  const sort = () => {
    const pairs = rows.map((row, place) => [value(row), place, row]);
    pairs.sort(([one, a], [other, b]) => {
      if (one === null || other === null) return (one === null) - (other === null) || a - b;
      const order = typeof one === "string" ? one.localeCompare(other, language) : one - other;
      return (down ? -order : order) || a - b;
    });
    body.append(...pairs.map(([, , row]) => row));
    for (const head of heads) {
      if (head.dataset.key === key) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    tools.elements.sort.value = key;
  };

  const filter = () => {
    const words = plain(tools.elements.search.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const fits = words.every((word) => found.get(row).includes(word))
        && filters.every((name) => !tools.elements[name].value || row.dataset[name] === tools.elements[name].value)
        && (!tools.elements.act.checked || Number(row.dataset.act) > 0);
      row.hidden = !fits;
      shown += fits;
    }
    count.value = shown ? count.dataset.said.replace("{shown}", shown).replace("{all}", rows.length) : count.dataset.none;
  };

  const choose = (chosen, way) => { key = chosen; down = way; sort(); };
  for (const head of heads) {
    const button = document.createElement("button");
    button.type = "button";
    head.dataset.name = head.textContent;
    button.append(...head.childNodes);
    button.addEventListener("click", () =>
      choose(head.dataset.key, key === head.dataset.key ? !down : head.dataset.key !== "partner"));
    head.append(button);
  }
  tools.addEventListener("input", (event) => {
    if (event.target.name === "sort") choose(event.target.value, event.target.value !== "partner");
    else filter();
  });
  tools.addEventListener("submit", (event) => event.preventDefault());
  tools.addEventListener("reset", () => setTimeout(() => { choose("partner", false); filter(); }));
  tools.hidden = false;
  sort();
  filter();
})();
