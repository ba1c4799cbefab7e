// Under the enterprise of a new lead tells who courts it already; the server says what may be told.
(() => {
  const start = () => {
    const name = document.querySelector("input[data-courting]");
    const enterprise = document.getElementById("id_enterprise");
    if (!name || !enterprise) return;
    const note = document.createElement("ul");
    note.className = "crm-courting";
    note.setAttribute("role", "status");
    name.insertAdjacentElement("afterend", note);
    let timer, asked;
    const show = (lines) => {
      note.replaceChildren(...lines.map((line) => {
        const item = document.createElement("li");
        item.textContent = line;
        return item;
      }));
    };
    const ask = async () => {
      asked?.abort();
      asked = new AbortController();
      if (!enterprise.value && name.value.trim().length < 2) return show([]);
      const query = new URLSearchParams({ enterprise: enterprise.value, name: name.value.trim() });
      try {
        const answer = await fetch(`${name.dataset.courting}?${query}`, {
          headers: { Accept: "application/json" },
          signal: asked.signal,
        });
        if (answer.ok) show((await answer.json()).lines);
      } catch (error) {
        if (error.name !== "AbortError") show([]);
      }
    };
    name.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, 300);
    });
    // select2 speaks by jQuery alone.
    django.jQuery(enterprise).on("change", ask);
    ask(); // what was refused comes back filled in
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
