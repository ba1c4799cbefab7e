// What the skin's templates call by name: Alpine without eval only knows what is registered.
document.addEventListener("alpine:init", () => {
  for (const component of [theme, searchForm]) {
    Alpine.data(component.name, component);
  }
  // The state of every page, on <body>: the open tab and the two ways the sidebar opens.
  Alpine.data("page", (firstTab) => ({
    activeTab: getCurrentTab() || firstTab,
    sidebarMobileOpen: false,
    sidebarDesktopOpen: localStorage.getItem("sidebarDesktopOpen") !== "0",
    // The real window is out of an expression's reach; forms and page numbers need its address.
    window: {
      location: {
        get pathname() { return location.pathname; },
        get search() { return location.search; },
        get hash() { return location.hash; },
        set href(address) { location.assign(address); },
      },
    },
    init() {
      this.$watch("sidebarDesktopOpen", (open) => localStorage.setItem("sidebarDesktopOpen", open ? "1" : "0"));
    },
  }));
});

// The lines of a card are called as the columns are, a box as the row: written once for a page, not
// in each row. The page is not shown before Alpine has begun.
document.addEventListener("alpine:init", () => {
  const labels = [...document.querySelectorAll("#result_list thead th")].map((head) => head.dataset.label);
  for (const row of document.querySelectorAll("#result_list .data-row")) {
    [...row.cells].forEach((cell, column) => { cell.dataset.label = labels[column]; });
    const box = row.querySelector(".action-select");
    box?.setAttribute("aria-label", `${labels[0]} ${row.querySelector("th")?.textContent ?? ""}`);
  }
});

// Taking an unsaved row out of an inline. The skin rewrites the HTML of each row below it to count
// them anew: that loses what was typed there and writes inline styles. So the row first goes to the
// end, the others move up with everything in them, and the skin finds nothing left to rewrite.
(() => {
  const rename = (root, before, after) => {
    for (const element of [root, ...root.querySelectorAll("*")]) {
      for (const { name, value } of [...(element.attributes ?? [])]) {
        const renamed = value.replaceAll(before, after);
        if (renamed !== value) element.setAttribute(name, renamed);
      }
      if (element.content instanceof DocumentFragment) rename(element.content, before, after);
    }
  };

  // Choosers and menus keep a row's number outside the row: they are taken down and put up again.
  const takeDown = (row) => {
    django.jQuery(row).find(".select2-hidden-accessible").select2("destroy");
    Alpine.destroyTree(row);
  };
  const putUp = (row, formsetName) => {
    Alpine.initTree(row);
    row.querySelector(".form-row").dispatchEvent(
      new CustomEvent("formset:added", { bubbles: true, detail: { formsetName } }));
  };

  document.addEventListener("click", (event) => {
    const row = event.target.closest(".delete-template")?.closest(".form-group");
    if (!row) return;
    const formset = row.closest(".formset");
    const { prefix } = JSON.parse(formset.dataset.inlineFormset).options;
    const rows = () => [...formset.querySelectorAll(":scope > .form-group:not(.empty-form)")];
    const before = rows();
    before.at(-1).after(row);
    const moved = rows().filter((each, number) => before[number] !== each);
    moved.forEach(takeDown);
    moved.forEach((each) => {
      const old = new RegExp(`\\b${prefix}-${before.indexOf(each)}(?!\\d)`, "g");
      rename(each, old, `${prefix}-${rows().indexOf(each)}`);
    });
    moved.forEach((each) => putUp(each, prefix));
  }, { capture: true });
})();

// A form that is on its way is not sent again: its buttons wait for the answer. They are released
// when the page comes back from the browser's memory, and in time where the answer is a file.
(() => {
  const RELEASE = 10_000; // milliseconds
  const lock = (form, locked) => {
    form.toggleAttribute("aria-busy", locked);
    for (const control of form.elements) if (control.type === "submit") control.disabled = locked;
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    // After the event: a disabled button would not be part of what is sent.
    if (form.getAttribute("method") !== "post") return;
    setTimeout(() => lock(form, !event.defaultPrevented));
    setTimeout(() => lock(form, false), RELEASE);
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) for (const form of document.querySelectorAll("form[aria-busy]")) lock(form, false);
  });
})();

// The numbers of the menu: asked for when the page stands, so that no list waits for them. The
// browser keeps the answer for half a minute, but not beyond what was saved here.
(() => {
  const CHANGED = "zone-counts-changed";
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("method") === "post") sessionStorage.setItem(CHANGED, "1");
  });
  document.addEventListener("DOMContentLoaded", async () => {
    const menu = document.querySelector("[data-counts]");
    const links = [...(menu?.querySelectorAll("a[data-counted]") ?? [])];
    if (!links.length) return;
    const cache = sessionStorage.getItem(CHANGED) ? "reload" : "default";
    sessionStorage.removeItem(CHANGED);
    try {
      const answer = await fetch(menu.dataset.counts, { cache, headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) return;
      const counts = await answer.json();
      for (const link of links) {
        const number = counts[link.getAttribute("href")];
        if (!number) continue;
        const mark = document.createElement("b");
        mark.textContent = number;
        link.append(mark);
      }
    } catch {
      // No network: the entries lead where they lead without a number.
    }
  });
})();
