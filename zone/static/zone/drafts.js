// What is typed into a form outlives the session, a refusal and the back button: it is kept in this
// browser, for one person and one form, until it was saved or the person logs out. Passwords, files
// and the numbers of contacts are never kept. Before a form is sent the script asks whether the
// session lives: if not, a panel over the form leads to the login in another tab, and the form stays.
(() => {
  const KEPT = 24 * 60 * 60 * 1000; // milliseconds that a draft is offered
  const PAUSE = 400; // milliseconds between typing and keeping
  const WARN = 5 * 60; // seconds before the idle end
  const ASK_AGAIN = 3000; // milliseconds, while the panel waits for the login
  const PREFIX = "zone-draft:";
  const LOGGED_OUT = "zone-logged-out";
  const FORMS = "form.warn-unsaved-form, form[data-draft]";
  const TYPES_LEFT_OUT = new Set(["button", "email", "file", "hidden", "image", "password", "reset", "submit", "tel"]);
  const PERSONAL = /phone|mobile|wechat|mail/i;

  let page = null; // the template with the words of this page, and who it was drawn for
  let loggedOut = false;
  let form = null;
  let draft = { id: "", at: 0, fields: {} };
  let isOffered = false; // what the draft holds does not stand in the form yet
  let timer = 0;
  let asking = false;
  let passing = false;

  const stored = () => Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
  const read = (name) => {
    try {
      return JSON.parse(localStorage.getItem(name));
    } catch {
      return null;
    }
  };
  const forget = (is) => {
    for (const name of stored()) if (is(read(name), name)) localStorage.removeItem(name);
  };

  const key = () => {
    const query = new URLSearchParams(location.search);
    for (const name of [...query.keys()]) if (name.startsWith("_")) query.delete(name);
    return `${PREFIX}${page.dataset.user}:${form.dataset.draft || `${location.pathname}?${query}`}`;
  };

  // Fields

  const isKept = (field) =>
    field.name && !/^_|__prefix__|^csrfmiddlewaretoken$/.test(field.name) && !TYPES_LEFT_OUT.has(field.type) &&
    !PERSONAL.test(field.name) && field.inputMode !== "tel" && field.dataset.draft !== "off";
  const isBox = (field) => field.type === "checkbox" || field.type === "radio";
  const name = (field) => (isBox(field) ? `${field.name}=${field.value}` : field.name);
  // The empty choice is none: a chooser adds one of its own when it is drawn.
  const options = (field, is) => [...field.options].filter((option) => is(option) && option.value)
    .map(({ value, text }) => [value, text]);
  const value = (field) => {
    if (isBox(field)) return field.checked;
    return field.options ? options(field, (option) => option.selected) : field.value;
  };
  const drawn = (field) => {
    if (isBox(field)) return field.defaultChecked;
    return field.options ? options(field, (option) => option.defaultSelected) : field.defaultValue;
  };
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  const set = (field, to) => {
    if (isBox(field)) field.checked = to;
    else if (!field.options) field.value = to;
    else {
      for (const [each, text] of to) {
        const known = [...field.options].some((option) => option.value === each);
        if (!known && field.classList.contains("admin-autocomplete")) field.add(new Option(text, each));
      }
      const chosen = new Set(to.length ? to.map(([each]) => each) : [""]);
      for (const option of field.options) option.selected = chosen.has(option.value);
    }
    for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
  };

  // Rows of an inline that the page does not have yet are added as by its button.
  const addRows = (fields) => {
    for (const formset of form.querySelectorAll("[data-inline-formset]")) {
      const { prefix } = JSON.parse(formset.dataset.inlineFormset).options;
      const total = form.elements[`${prefix}-TOTAL_FORMS`];
      const numbers = Object.keys(fields)
        .filter((each) => each.startsWith(`${prefix}-`))
        .map((each) => parseInt(each.slice(prefix.length + 1), 10) || 0);
      for (let rows = Number(total?.value); rows <= Math.max(-1, ...numbers); rows += 1) {
        formset.closest(".inline-related")?.querySelector(".add-row")?.click();
      }
    }
  };

  // Keeping and offering

  const keep = () => {
    clearTimeout(timer);
    timer = 0;
    if (loggedOut || !form) return;
    const kept = JSON.stringify({ ...draft, at: Date.now() });
    if (Object.keys(draft.fields).length) {
      try {
        localStorage.setItem(key(), kept);
      } catch {
        // The storage is full or closed; the form itself stays as it is.
      }
    } else localStorage.removeItem(key());
  };

  const changed = (event) => {
    const field = event.target;
    if (field.form !== form || !isKept(field)) return;
    const was = draft.fields[name(field)]?.was ?? drawn(field);
    if (same(value(field), was)) {
      if (!isOffered) delete draft.fields[name(field)];
    } else draft.fields[name(field)] = { was, value: value(field) };
    clearTimeout(timer);
    timer = setTimeout(keep, PAUSE);
  };

  const at = (moment) => {
    const day = new Date(moment).toDateString() === new Date().toDateString() ? {} : { month: "short", day: "numeric" };
    const time = { hour: "2-digit", minute: "2-digit", hour12: false, ...day };
    return new Intl.DateTimeFormat(document.documentElement.lang, time).format(moment);
  };

  const part = (kind) => page.content.querySelector(`[data-part=${kind}]`).cloneNode(true);
  const bar = (words, ...actions) => {
    document.querySelector(".zone-draft")?.remove();
    const made = part("bar");
    made.querySelector("p").textContent = words;
    for (const button of made.querySelectorAll("button")) {
      const act = actions[0]?.[button.dataset.act];
      button.hidden = !act;
      button.addEventListener("click", () => { made.remove(); act(); });
    }
    form.before(made);
    made.scrollIntoView({ block: "nearest" });
    return made;
  };

  const restore = (fields) => {
    addRows(fields);
    const moved = [];
    for (const field of form.elements) {
      const found = isKept(field) && fields[name(field)];
      if (!found) continue;
      if (!same(drawn(field), found.was)) moved.push(field.labels?.[0]?.textContent.replace("*", "").trim());
      set(field, found.value);
    }
    isOffered = false;
    if (moved.length) bar(page.dataset.moved.replace("{fields}", moved.filter(Boolean).join("、")), {});
    keep();
  };

  const offer = () => {
    const found = read(key());
    if (!found) return;
    draft = found;
    const values = Object.fromEntries([...form.elements].filter(isKept).map((each) => [name(each), value(each)]));
    const isThere = Object.entries(found.fields).every(([each, { value: kept }]) => same(values[each], kept));
    if (isThere) return; // drawn again with what was typed
    isOffered = true;
    bar(page.dataset.offer.replace("{time}", at(found.at)), {
      restore: () => restore({ ...found.fields }),
      discard: () => {
        isOffered = false;
        for (const each of Object.keys(found.fields)) delete draft.fields[each];
        for (const field of form.elements) if (isKept(field)) changed({ target: field });
        keep();
      },
    });
  };

  // What the server has saved, it names in a cookie.
  const settle = () => {
    const saved = document.cookie.split("; ").find((each) => each.startsWith("saved_draft="))?.slice(12);
    if (!saved) return;
    forget((each) => each?.id === saved);
    document.cookie = "saved_draft=; Max-Age=0; Path=/; SameSite=Lax";
  };

  // The session

  const ask = async (stay = false) => {
    const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
    const answer = await fetch(page.dataset.session, {
      method: stay ? "POST" : "GET",
      headers: { "X-Requested-With": "XMLHttpRequest", ...(stay ? { "X-CSRFToken": token } : {}) },
      cache: "no-store",
    });
    if (!answer.ok) return { user: page.dataset.user }; // whatever it is, the form's own answer tells
    const session = await answer.json();
    if (session.user === page.dataset.user) {
      for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = session.token;
      warnIn(session.left);
    }
    return session;
  };
  const isMine = (session) => session.user === page.dataset.user;

  let warning = 0;
  const warnIn = (left) => {
    clearTimeout(warning);
    warning = setTimeout(async () => {
      const session = await ask().catch(() => null);
      if (!session || !isMine(session) || session.left > WARN + 1) return;
      bar(page.dataset.ending.replace("{minutes}", Math.max(1, Math.round(session.left / 60))), { stay: () => ask(true) });
    }, Math.max(1, left - WARN) * 1000);
  };

  const openPanel = (isOffline) => {
    if (document.querySelector("dialog.zone-panel")) return;
    keep();
    const panel = part("panel");
    panel.classList.toggle("is-offline", isOffline);
    document.body.append(panel);
    const look = async () => {
      const session = await ask().catch(() => null);
      if (!session || !panel.isConnected) return;
      panel.classList.remove("is-offline");
      panel.classList.toggle("is-other", Boolean(session.user) && !isMine(session));
      if (!isMine(session)) return;
      panel.close();
      bar(page.dataset.again, {});
    };
    const asked = setInterval(look, ASK_AGAIN);
    addEventListener("focus", look);
    panel.addEventListener("close", () => {
      clearInterval(asked);
      removeEventListener("focus", look);
      panel.remove();
    });
    panel.querySelector("[data-act=close]").addEventListener("click", () => panel.close());
    panel.showModal();
  };

  const send = (button) => {
    passing = true;
    form.requestSubmit(button ?? undefined);
    passing = false;
  };

  const submitted = (event) => {
    const sent = event.target;
    if (/\/logout\/$/.test(sent.action)) {
      loggedOut = true;
      forget((_each, stands) => stands.startsWith(`${PREFIX}${page.dataset.user}:`));
      localStorage.setItem(LOGGED_OUT, `${page.dataset.user} ${Date.now()}`);
    }
    if (sent !== form || passing) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (asking) return;
    asking = true;
    keep();
    form.elements._draft.value = Object.keys(draft.fields).length ? draft.id : "";
    ask()
      .then((session) => (isMine(session) ? send(event.submitter) : openPanel(false)), () => openPanel(true))
      .finally(() => { asking = false; });
  };

  let lastAsked = Date.now();
  const lookAgain = async () => {
    settle();
    if (document.hidden || !Object.keys(draft.fields).length || Date.now() - lastAsked < ASK_AGAIN) return;
    lastAsked = Date.now();
    const session = await ask().catch(() => null);
    if (session && !isMine(session)) openPanel(false);
  };

  const begin = () => {
    document.querySelector("[data-close]")?.addEventListener("click", () => close());
    if (document.querySelector("[data-close]") && window.opener) close();
    forget((each) => !each || Date.now() - each.at > KEPT);
    settle();
    page = document.getElementById("zone-drafts");
    if (!page) return;
    document.addEventListener("submit", submitted, { capture: true });
    form = page.dataset.session && document.querySelector(FORMS); // lists hold no form of this kind
    if (!form) return;
    draft.id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
    const sent = Object.assign(document.createElement("input"), { type: "hidden", name: "_draft" });
    form.append(sent);
    offer();
    for (const kind of ["input", "change"]) document.addEventListener(kind, changed);
    globalThis.django?.jQuery?.(document).on("change", "select", changed); // choosers tell jQuery alone
    addEventListener("pagehide", () => timer && keep());
    document.addEventListener("visibilitychange", () => (document.hidden ? timer && keep() : lookAgain()));
    addEventListener("storage", ({ key: changedKey, newValue }) => {
      if (changedKey === LOGGED_OUT && newValue?.startsWith(`${page.dataset.user} `)) loggedOut = true;
    });
    warnIn(Number(page.dataset.left));
  };
  addEventListener("DOMContentLoaded", begin);
  addEventListener("pageshow", (event) => { if (event.persisted) settle(); });
})();
