// Beside an amount in 万元 shows 亿元, beside ㎡ shows 亩, so that nobody is off by 10,000. What is
// typed is read by the pattern and the units that the field brings along, those of the server.
(() => {
  const english = document.documentElement.lang.startsWith("en");
  const grouped = (number, least, most) =>
    number.toLocaleString("en-US", { minimumFractionDigits: least, maximumFractionDigits: most });
  const rounded = (number) => (Math.sign(number) * Math.round(Math.abs(number) * 100)) / 100;
  const money = (wan) => {
    if (english) return `RMB ${grouped(rounded(wan / 100), 0, 2)} million`;
    return Math.abs(wan) < 10000 ? `${grouped(wan, 0, 4)} 万元` : `${grouped(rounded(wan / 10000), 2, 2)} 亿元`;
  };
  const other = {
    wan: money,
    m2: (m2) => `${grouped(rounded((m2 * 3) / 2000), 2, 2)} ${english ? "mu" : "亩"}`,
  };

  const read = ({ value, dataset }) => {
    const [written, sizes] = JSON.parse(dataset.reading);
    const found = new RegExp(`^(?:${written})$`).exec(value.normalize("NFKC").trim().toLowerCase());
    if (/\p{No}/u.test(value)) return null;
    const size = found && sizes[dataset.unit][(found[3] ?? "").trim()];
    if (!size) return null;
    const number = Number(found[2].replace(/[,、 ]/g, "")) * Number(size);
    return found[1] ? -number : number;
  };

  const note = (input) => {
    const number = read(input);
    const words = number === null ? undefined : other[input.dataset.unit]?.(number);
    const box = input.closest(".zone-quantity");
    box.querySelector(".zone-other-unit").textContent = words ? `= ${words}` : "";
    // What was asked about is another amount now.
    const asked = box.querySelector(".zone-sure");
    if (asked) asked.hidden = number !== Number(asked.querySelector("input").value);
  };

  document.addEventListener("input", ({ target }) => {
    if (target.dataset?.reading) note(target);
  });
  // The unit of some numbers follows from what is chosen beside them.
  document.addEventListener("change", ({ target }) => {
    for (const input of document.querySelectorAll("input[data-unit-of]")) {
      if (input.dataset.unitOf !== target.name) continue;
      input.dataset.unit = JSON.parse(input.dataset.units)[target.value] ?? "";
      note(input);
    }
  });
})();
