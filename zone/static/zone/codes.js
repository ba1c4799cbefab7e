// Boxes for standard codes: while somebody types, what fits is offered below; a tap takes it.
(() => {
  const WAIT = 150; // milliseconds
  let count = 0;

  const connect = (box) => {
    const around = box.closest(".zone-code");
    const [list, path] = [around.querySelector("ul"), around.querySelector("p")];
    list.id = `codes-${count += 1}`;
    box.setAttribute("role", "combobox");
    box.setAttribute("aria-controls", list.id);
    box.setAttribute("aria-expanded", "false");
    let timer, request;

    const options = () => [...list.querySelectorAll("[role=option]")];
    const close = () => {
      list.hidden = true;
      box.setAttribute("aria-expanded", "false");
      box.removeAttribute("aria-activedescendant");
    };
    const choose = (option) => {
      for (const one of options()) one.setAttribute("aria-selected", one === option ? "true" : "false");
      option.scrollIntoView({ block: "nearest" });
      box.setAttribute("aria-activedescendant", option.id);
    };
    const take = (option) => {
      box.value = option.dataset.label;
      path.textContent = option.dataset.path;
      close();
      box.dispatchEvent(new Event("change", { bubbles: true }));
    };
    const row = ({ label, path: above }, place) => {
      const item = document.createElement("li");
      item.id = `${list.id}-${place}`;
      item.setAttribute("role", "option");
      Object.assign(item.dataset, { label, path: above });
      const small = Object.assign(document.createElement("small"), { textContent: above });
      item.append(label, small);
      return item;
    };
    const ask = async () => {
      request?.abort();
      request = new AbortController();
      const term = box.value.trim();
      if (!term) return close();
      try {
        const answer = await fetch(`${box.dataset.codes}?${new URLSearchParams({ q: term })}`, {
          signal: request.signal, redirect: "error",
        });
        if (!answer.ok) return close();
        const { found } = await answer.json();
        list.replaceChildren(...found.map(row));
        if (!found.length) list.append(Object.assign(document.createElement("li"), { textContent: box.dataset.none }));
        list.hidden = false;
        box.setAttribute("aria-expanded", "true");
      } catch (error) {
        if (error.name !== "AbortError") close(); // no network: the code itself can be typed
      }
    };

    box.addEventListener("input", () => {
      path.textContent = "";
      clearTimeout(timer);
      timer = setTimeout(ask, WAIT);
    });
    box.addEventListener("focus", () => box.select());
    box.addEventListener("keydown", (event) => {
      if (event.isComposing || list.hidden) return; // the keys choose Chinese characters
      const all = options();
      const place = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
      if (event.key === "Escape") close();
      else if (event.key === "Enter" && all.length) take(all[Math.max(place, 0)]);
      else if (event.key === "ArrowDown" && all.length) choose(all[(place + 1) % all.length]);
      else if (event.key === "ArrowUp" && all.length) choose(all[(place <= 0 ? all.length : place) - 1]);
      else return;
      event.preventDefault();
    });
    // Before the box loses the focus, which would close the list under the finger.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", ({ target }) => {
      const option = target.closest("[role=option]");
      if (option) take(option);
    });
    box.addEventListener("blur", close);
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-codes]").forEach(connect);
  });
})();
