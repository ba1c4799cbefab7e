// Days: the usual ones at one tap, and a calendar that opens with the field, in the page's language
// and large enough for thumbs. The field has inputmode=none: no keyboard comes up over it.
(() => {
  const FIELD = "input.vDateField";
  const DAY = 24 * 60 * 60 * 1000;
  const language = document.documentElement.lang;
  const written = (name, date) =>
    new Intl.DateTimeFormat(language, { ...name, timeZone: "UTC" }).format(date);
  const month = (date) => written({ year: "numeric", month: "long" }, date);
  const iso = (date) => date.toISOString().slice(0, 10);
  const read = (text) => {
    const date = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00Z`) : new Date(NaN);
    return Number.isNaN(date.getTime()) ? null : date;
  };
  const now = new Date();
  const today = new Date(Date.UTC(now.getFullYear(), now.getMonth(), now.getDate()));
  const make = (tag, name, text, of = {}) =>
    Object.assign(document.createElement(tag), { className: name, textContent: text }, of);
  const button = (name, text, date, label) => {
    const made = make("button", name, text, { type: "button" });
    made.setAttribute("aria-label", label);
    made.dataset.day = iso(date);
    return made;
  };

  let field = null;
  let box = null;

  const choose = (input, day) => {
    input.value = day;
    for (const name of ["input", "change"]) input.dispatchEvent(new Event(name, { bubbles: true }));
  };

  const close = () => {
    box?.remove();
    field = box = null;
  };

  const draw = (shown) => {
    const first = new Date(Date.UTC(shown.getUTCFullYear(), shown.getUTCMonth(), 1));
    const weekday = (first.getUTCDay() + 6) % 7;
    const start = new Date(first - weekday * DAY);
    const step = (months) => new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + months, 1));
    const head = make("div", "zone-calendar-head", "");
    head.append(
      button("zone-calendar-step", "‹", step(-1), month(step(-1))),
      make("strong", "", month(first)),
      button("zone-calendar-step", "›", step(1), month(step(1))),
    );
    const grid = make("div", "zone-calendar-days", "");
    const days = [...Array(42).keys()].map((number) => new Date(start.getTime() + number * DAY));
    grid.append(...days.slice(0, 7).map((date) => make("span", "", written({ weekday: "narrow" }, date))));
    for (const date of days) {
      const names = ["zone-calendar-day"];
      if (date.getUTCMonth() !== first.getUTCMonth()) names.push("is-other");
      if (iso(date) === iso(today)) names.push("is-today");
      if (iso(date) === field.value) names.push("is-chosen");
      grid.append(button(names.join(" "), date.getUTCDate(), date, written({ dateStyle: "full" }, date)));
    }
    box.replaceChildren(head, grid);
    box.setAttribute("aria-label", month(first));
  };

  const open = (input) => {
    if (field === input) return;
    close();
    field = input;
    box = make("div", "zone-calendar", "");
    box.setAttribute("role", "dialog");
    draw(read(input.value) ?? today);
    document.body.append(box);
    const place = input.closest(".zone-day").getBoundingClientRect();  // the usual days stay in sight
    const below = place.bottom + box.offsetHeight + 8 < window.innerHeight || place.top < box.offsetHeight;
    const left = Math.min(place.left, document.documentElement.clientWidth - box.offsetWidth - 8);
    box.style.left = `${Math.max(8, left) + window.scrollX}px`;
    box.style.top = `${(below ? place.bottom + 4 : place.top - box.offsetHeight - 4) + window.scrollY}px`;
  };

  const focusDay = (date) => {
    draw(date);
    box.querySelector(`.zone-calendar-day[data-day="${iso(date)}"]`).focus();
  };

  document.addEventListener("click", ({ target }) => {
    const tapped = target.closest("[data-day]");
    if (target.matches(FIELD)) {
      open(target);
    } else if (tapped?.closest(".zone-days")) {
      choose(tapped.closest(".zone-day").querySelector("input"), tapped.dataset.day);
      close();
    } else if (tapped?.matches(".zone-calendar-step")) {
      draw(read(tapped.dataset.day));
    } else if (tapped?.matches(".zone-calendar-day")) {
      const input = field;
      choose(input, tapped.dataset.day);
      close();
      input.focus();
    } else if (box && !box.contains(target)) {
      close();
    }
  });

  const MOVES = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (key === "ArrowDown" && target.matches(FIELD)) {
      open(target);
      focusDay(read(target.value) ?? today);
    } else if (key in MOVES && target.matches(".zone-calendar-day")) {
      focusDay(new Date(read(target.dataset.day).getTime() + MOVES[key] * DAY));
    } else if (key === "Escape" && box) {
      const input = field;
      close();
      input.focus();
    } else if (key === "Tab" && target === field) {
      close();
      return;
    } else {
      return;
    }
    event.preventDefault();
  });
})();
