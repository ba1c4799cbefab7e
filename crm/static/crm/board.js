// The board: a card is dragged, or moved by its dialog; the server decides, and a refused one goes back.
(() => {
  const board = document.getElementById("board");
  const dialog = document.getElementById("move");
  const said = board.querySelector(".crm-said");
  const columns = [...board.querySelectorAll(".crm-column")];
  const stagesOf = columns.map((column) => column.dataset.stage);
  const column = (stage) => columns[stagesOf.indexOf(stage)];
  let moving = null;

  const say = (message, link) => {
    said.hidden = !message;
    said.textContent = message ?? "";
    if (!link) return;
    said.append(" ", Object.assign(document.createElement("a"), { href: link, textContent: board.dataset.open }));
    said.scrollIntoView({ block: "nearest" });
  };

  const post = async (card, to, reason) => {
    const body = new URLSearchParams({ lead: card.dataset.lead, from: card.dataset.stage, to, reason });
    const token = board.querySelector("[name=csrfmiddlewaretoken]").value;
    const answer = await fetch(board.dataset.move, {
      method: "POST", body, redirect: "error", headers: { "X-CSRFToken": token, Accept: "application/json" },
    });
    if (!answer.ok && answer.status !== 409) throw new Error(answer.status);
    return [answer.ok, await answer.json()];
  };

  const count = (numbers) => {
    for (const [stage, { count: number, amount }] of Object.entries(numbers)) {
      for (const shown of board.querySelectorAll(`[data-stage="${stage}"] [data-count]`)) shown.textContent = number;
      column(stage).querySelector("[data-amount]").textContent = amount;
      column(stage).querySelector(".crm-none").hidden = number > 0;
    }
  };

  const move = async (card, to, reason = "") => {
    const home = { parent: card.parentElement, next: card.nextElementSibling };
    say("");
    column(to).querySelector(".crm-cards").prepend(card);
    card.classList.add("is-moving");
    try {
      const [done, found] = await post(card, to, reason);
      if (done) {
        card.outerHTML = found.card;
        column(to).querySelector(".crm-card").classList.add("is-new");
        count(found.columns);
        return;
      }
      say(`${found.name}：${found.message}`, found.link);
    } catch {
      say(board.dataset.failed);
    }
    card.classList.remove("is-moving");
    home.parent.insertBefore(card, home.next);
  };

  const ask = (card, to) => {
    const [chosen, reason] = [dialog.querySelector("select"), dialog.querySelector("textarea")];
    dialog.querySelector("h2").textContent = card.dataset.name;
    for (const option of chosen.options) option.disabled = option.value === card.dataset.stage;
    chosen.value = to || card.dataset.next || stagesOf.find((stage) => stage !== card.dataset.stage);
    reason.value = "";
    dialog.returnValue = "";
    const need = () => { reason.required = chosen.value !== card.dataset.next; };
    chosen.onchange = need;
    need();
    dialog.onclose = () => { if (dialog.returnValue === "move") move(card, chosen.value, reason.value.trim()); };
    dialog.showModal();
    if (reason.required) reason.focus();
  };
  dialog.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());

  board.addEventListener("dragstart", (event) => {
    moving = event.target.closest?.(".crm-card[draggable]");
    if (!moving) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", moving.dataset.lead);
  });
  const over = (event) => {
    const found = moving && event.target.closest?.(".crm-column:not(.crm-column-signed)");
    return found && found !== moving.closest(".crm-column") ? found : null;
  };
  board.addEventListener("dragover", (event) => {
    const found = over(event);
    for (const each of columns) each.classList.toggle("is-over", each === found);
    if (found) event.preventDefault();
  });
  board.addEventListener("dragend", () => {
    moving = null;
    for (const each of columns) each.classList.remove("is-over");
  });
  board.addEventListener("drop", (event) => {
    const found = over(event);
    if (!found) return;
    event.preventDefault();
    const to = found.dataset.stage;
    if (to === moving.dataset.next) move(moving, to);
    else ask(moving, to);
  });

  const choosers = document.querySelector(".crm-choosers");
  choosers.classList.add("sends-itself");
  choosers.addEventListener("change", () => choosers.requestSubmit());

  const more = async (button) => {
    const list = button.parentElement.querySelector(".crm-cards");
    const query = new URLSearchParams({ stage: button.parentElement.dataset.stage, offset: list.children.length });
    button.disabled = true;
    try {
      const answer = await fetch(`${board.dataset.more}&${query}`, { redirect: "error" });
      if (!answer.ok) throw new Error(answer.status);
      const shown = new Set([...board.querySelectorAll(".crm-card")].map((card) => card.dataset.lead));
      const found = document.createElement("template");
      found.innerHTML = await answer.text();
      const cards = [...found.content.children];
      list.append(...cards.filter((card) => !shown.has(card.dataset.lead)));
      const number = Number(button.parentElement.querySelector("[data-count]").textContent);
      button.hidden = !cards.length || list.children.length >= number;
    } catch {
      say(board.dataset.failed);
    }
    button.disabled = false;
  };
  board.addEventListener("click", ({ target }) => {
    if (target.matches(".crm-more")) more(target);
    if (target.matches(".crm-move")) ask(target.closest(".crm-card"));
    const stage = target.closest(".crm-stages button")?.dataset.stage;
    if (!stage) return;
    for (const each of columns) each.classList.toggle("is-current", each.dataset.stage === stage);
    for (const each of board.querySelectorAll(".crm-stages button")) {
      if (each.dataset.stage === stage) each.setAttribute("aria-current", "true");
      else each.removeAttribute("aria-current");
    }
  });
})();
