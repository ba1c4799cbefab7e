// The enterprise of a new lead: one box that finds and creates. While somebody types, the server
// says which enterprises it may be and who courts them, as far as may be told; arrows walk them,
// Enter takes one. Without this script the name is looked up when the form is saved.
(() => {
  const WAIT = 200; // milliseconds

  const made = (tag, name, text) => {
    const element = document.createElement(tag);
    element.className = name;
    if (text) element.textContent = text;
    return element;
  };

  const start = () => {
    const box = document.querySelector("input[data-courting]");
    if (!box) return;
    const list = made("ul", "crm-enterprises");
    list.id = box.getAttribute("aria-controls");
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", box.labels?.[0]?.textContent.replace("*", "").trim() ?? "");
    list.hidden = true;
    const note = made("ul", "crm-courting");
    note.setAttribute("role", "status");
    box.after(list, note);
    let timer, request, asked, taken;

    const options = () => [...list.children];
    const current = () => list.querySelector("[aria-selected=true]");
    const open = (is) => {
      list.hidden = !is || !list.children.length;
      box.setAttribute("aria-expanded", list.hidden ? "false" : "true");
      if (list.hidden) mark(null);
    };
    const mark = (option) => {
      current()?.setAttribute("aria-selected", "false");
      option?.setAttribute("aria-selected", "true");
      option?.scrollIntoView({ block: "nearest" });
      if (option) box.setAttribute("aria-activedescendant", option.id);
      else box.removeAttribute("aria-activedescendant");
    };
    const take = (option) => {
      box.value = taken = option.dataset.name;
      box.dispatchEvent(new Event("input", { bubbles: true })); // its draft is kept
      clearTimeout(timer);
      open(false);
      ask();
    };

    const drawn = ({ name, note: words, is_courted: isCourted, is_new: isNew }, place) => {
      const option = made("li", isCourted ? "is-courted" : "");
      option.id = `${list.id}-${place}`;
      option.dataset.name = name;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.append(made("b", "", isNew ? `${box.dataset.new}：${name}` : name), made("span", "", words));
      return option;
    };
    const show = (found) => {
      list.replaceChildren(...found.options.map(drawn));
      note.replaceChildren(...found.lines.map((line) => made("li", "", line)));
      open(document.activeElement === box && box.value !== taken);
    };

    const ask = async () => {
      const name = box.value.trim();
      if (name === asked) return;
      request?.abort();
      asked = name;
      request = new AbortController();
      try {
        const address = `${box.dataset.courting}?${new URLSearchParams({ name })}`;
        const answer = await fetch(address, { headers: { Accept: "application/json" }, signal: request.signal });
        if (answer.redirected || !(answer.ok || answer.status === 429)) return;
        show(await answer.json());
      } catch (error) {
        if (error.name !== "AbortError") asked = undefined; // no network; the next letter asks again
      }
    };

    box.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, WAIT);
    });
    box.addEventListener("keydown", (event) => {
      if (event.isComposing) return; // the keys choose Chinese characters
      const all = options();
      const place = list.hidden ? -1 : all.indexOf(current());
      if (event.key === "Escape" && !list.hidden) open(false);
      else if (event.key === "ArrowDown" && all.length) { open(true); mark(all[(place + 1) % all.length]); }
      else if (event.key === "ArrowUp" && all.length) { open(true); mark(all[(place <= 0 ? all.length : place) - 1]); }
      else if (event.key === "Enter" && place >= 0) take(all[place]);
      else return;
      event.preventDefault();
    });
    // Before the box loses the focus, which closes the list.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) take(option);
    });
    box.addEventListener("blur", () => open(false));
    ask(); // what was refused comes back filled in
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
