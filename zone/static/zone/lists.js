// Lists: filters that look rows up by name, and the order of the columns.
(() => {
  const link = (address, text) => {
    const item = document.createElement("li");
    item.append(Object.assign(document.createElement("a"), { href: address, textContent: text }));
    return item;
  };
  const look = async (input) => {
    const list = input.parentElement.querySelector("ul");
    const { url, name, none } = input.dataset;
    const term = input.value.trim();
    if (!term) return;
    const answer = await fetch(`${url}&${new URLSearchParams({ term })}`, { redirect: "error" });
    if (!answer.ok || term !== input.value.trim()) return;
    const { results } = await answer.json();
    list.replaceChildren(...results.map(({ id, text }) => {
      const query = new URLSearchParams(input.dataset.link.slice(1));
      query.set(name, id);
      return link(`?${query}`, text);
    }));
    if (!results.length) list.append(Object.assign(document.createElement("li"), { className: "zone-help", textContent: none }));
    list.hidden = false;
  };
  // The boxes are made here: written out, they would be a twentieth of the page.
  const box = (name, label, checked, up) => {
    const item = document.createElement("li");
    const tick = Object.assign(document.createElement("label"), { className: "zone-tick" });
    tick.append(Object.assign(document.createElement("input"), { type: "checkbox", name: "columns", value: name, checked }), label);
    const button = Object.assign(document.createElement("button"), { type: "button", className: "zone-chip", textContent: "↑" });
    button.setAttribute("aria-label", `${up} ${label}`);
    button.dataset.up = "";
    item.append(tick, button);
    return item;
  };
  document.addEventListener("toggle", ({ target }) => {
    if (!target.open || !target.dataset.columns) return;
    const list = target.querySelector("ul");
    const [shown, others] = JSON.parse(target.dataset.columns);
    const boxes = (names, checked) => Object.entries(names).map(([name, label]) => box(name, label, checked, target.dataset.up));
    if (!list.children.length) list.append(...boxes(shown, true), ...boxes(others, false));
  }, true);
  let timer;
  document.addEventListener("input", ({ target }) => {
    if (!target.matches?.(".zone-look-up-input")) return;
    clearTimeout(timer);
    timer = setTimeout(() => look(target).catch(() => {}), 250);
  });
  document.addEventListener("click", ({ target }) => {
    const row = target.closest?.("[data-columns] [data-up]")?.closest("li");
    if (row) {
      row.previousElementSibling?.before(row);
      target.focus();
      return;
    }
    for (const open of document.querySelectorAll(".zone-drop[open]")) {
      if (!open.contains(target)) open.open = false;
    }
  });
})();
