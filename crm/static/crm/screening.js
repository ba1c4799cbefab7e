// The running total of a screening sheet; the server sums the points once more.
(() => {
  const start = () => {
    const inputs = [...document.querySelectorAll("input[data-points]")];
    if (!inputs.length) return;
    const line = document.createElement("p");
    const words = document.createElement("span");
    const sum = document.createElement("output");
    line.className = "crm-total";
    words.textContent = inputs[0].dataset.total;
    line.append(words, sum);
    inputs[inputs.length - 1].closest(".zone-field").after(line);
    const read = (text) => Number(text.normalize("NFKC").trim()) || 0;
    const show = () => {
      const points = inputs.reduce((total, input) => total + read(input.value), 0);
      const full = inputs.reduce((total, input) => total + Number(input.dataset.points), 0);
      sum.textContent = `${Number(points.toFixed(1))} / ${full}`;
    };
    inputs.forEach((input) => input.addEventListener("input", show));
    show();
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
