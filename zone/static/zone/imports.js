// Asks how far the worker is, and loads the page anew once it is done.
(() => {
  const box = document.querySelector("[data-import-state]");
  if (!box) return;
  const bar = box.querySelector("progress");
  const done = box.querySelector("[data-import-done]");
  const EVERY = 1500; // milliseconds

  const look = async () => {
    try {
      const response = await fetch(box.dataset.importState, { credentials: "same-origin" });
      const told = await response.json();
      if (!told.at_work) return location.reload();
      bar.value = told.done;
      done.textContent = told.done;
    } catch {
      // Logged out or off the net: the next look tells.
    }
    setTimeout(look, EVERY);
  };
  setTimeout(look, EVERY);
})();
