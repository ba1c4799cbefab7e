// Beside an amount in 万元 shows 亿元, beside ㎡ shows 亩, so that nobody is off by 10,000.
(() => {
  const english = document.documentElement.lang.startsWith("en");
  const halfWidth = (text) => text.normalize("NFKC").replace(/[,，、\s]/g, "");
  const grouped = (number, digits) =>
    number.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const other = {
    wan: (n) => (english ? `= RMB ${grouped(n / 100, 2)} million` : `= ${grouped(n / 10000, 4)} 亿元`),
    m2: (n) => (english ? `= ${grouped((n * 3) / 2000, 2)} mu` : `= ${grouped((n * 3) / 2000, 2)} 亩`),
  };
  const note = (input) => {
    let line = input.parentElement.querySelector(":scope > .zone-other-unit");
    if (!line) {
      line = document.createElement("span");
      line.className = "zone-other-unit";
      line.setAttribute("aria-live", "polite");
      input.insertAdjacentElement("afterend", line);
    }
    const text = halfWidth(input.value);
    const number = Number(text);
    line.textContent = text === "" || !Number.isFinite(number) ? "" : other[input.dataset.unit](number);
  };
  document.addEventListener("input", (event) => {
    if (event.target.dataset && event.target.dataset.unit in other) note(event.target);
  });
  const start = () => document.querySelectorAll("input[data-unit]").forEach((input) => {
    if (input.dataset.unit in other) note(input);
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
