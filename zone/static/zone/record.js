// A record: its sheets open over it, its fields are unfolded where there is room. Without this
// script a sheet is a page of its own.
(() => {
  const wide = matchMedia("(min-width: 1024px)").matches;
  for (const details of document.querySelectorAll("[data-open-wide]")) details.open = wide;

  const sheetOf = (link) => document.getElementById(`sheet-${link.dataset.sheet}`);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-sheet]");
    const sheet = link && sheetOf(link);
    if (sheet && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      sheet.showModal();
      sheet.querySelector("textarea")?.focus();
      return;
    }
    const open = event.target.closest("dialog.zone-sheet");
    if (open && (event.target === open || event.target.closest("[data-close]"))) open.close();
    const menu = document.querySelector(".zone-record-menu[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
  });
})();
