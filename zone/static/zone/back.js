// The way back to a form that was refused; what was typed there is offered as a draft.
for (const button of document.querySelectorAll("[data-back]")) {
  button.hidden = false;
  button.addEventListener("click", () => history.back());
}
