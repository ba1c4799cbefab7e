// The search of everything: a dialog on Ctrl-K, ⌘K or the icon of the header, and the page itself.
// While somebody types, the groups come from the server; arrows walk them, Enter opens one.
(() => {
  const WAIT = 150; // milliseconds

  const connect = (form, found) => {
    const box = form.elements.q;
    let timer, request, asked = box.value.trim();

    const options = () => [...found.querySelectorAll("[role=option]")];
    const current = () => found.querySelector("[aria-selected=true]");
    const choose = (option) => {
      current()?.setAttribute("aria-selected", "false");
      option?.setAttribute("aria-selected", "true");
      option?.scrollIntoView({ block: "nearest" });
      if (option) box.setAttribute("aria-activedescendant", option.id);
      else box.removeAttribute("aria-activedescendant");
    };
    const number = () => {
      options().forEach((option, place) => { option.id = `${found.id}-${place}`; });
      box.setAttribute("aria-expanded", options().length ? "true" : "false");
      box.removeAttribute("aria-activedescendant");
    };

    const ask = async () => {
      const term = box.value.trim();
      if (term === asked) return;
      request?.abort();
      asked = term;
      request = new AbortController();
      form.toggleAttribute("aria-busy", true);
      try {
        const address = `${form.getAttribute("action")}?${new URLSearchParams({ q: term, part: 1 })}`;
        const answer = await fetch(address, { signal: request.signal });
        // The session has ended, or something failed: the page of results says so.
        if (answer.redirected || !answer.ok) return form.submit();
        found.innerHTML = await answer.text();
        number();
      } catch (error) {
        if (error.name === "AbortError") return;
        asked = undefined; // no network; the next letter asks again
      }
      form.toggleAttribute("aria-busy", false);
    };

    box.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, WAIT);
    });
    box.addEventListener("keydown", (event) => {
      if (event.isComposing) return; // the keys choose Chinese characters
      const all = options();
      const place = all.indexOf(current());
      if (event.key === "ArrowDown") choose(all[(place + 1) % all.length]);
      else if (event.key === "ArrowUp") choose(all[(place <= 0 ? all.length : place) - 1]);
      else if (event.key === "Enter" && place >= 0) all[place].click();
      else return;
      event.preventDefault();
    });
    number();
  };

  document.addEventListener("DOMContentLoaded", () => {
    for (const form of document.querySelectorAll("form[data-search]")) {
      connect(form, form.parentElement.querySelector("[data-found]"));
    }
    const dialog = document.getElementById("zone-search");
    if (!dialog) return;
    const open = () => {
      if (!dialog.open) dialog.showModal();
      dialog.querySelector("input").select();
    };
    document.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      event.preventDefault();
      open();
    });
    // In a box of type search, Escape would empty it and leave the dialog open.
    dialog.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      dialog.close();
    });
    document.addEventListener("click", (event) => {
      if (event.target === dialog || event.target.closest("[data-search-close]")) dialog.close();
      // A phone opens the page, which has room for its keyboard.
      const wide = matchMedia("(min-width: 768px)").matches;
      if (!event.target.closest("[data-search-open]") || !wide || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      open();
    });
  });
})();
