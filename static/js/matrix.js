// The agreement panel: one small matrix (rank correlations above the diagonal, overlaps of the top areas below it), the disagreement
// of the methods that count, and the overlap map as a layer. Computed here from the raw maps whenever all of them are there.

import { counted, disagreement, distinct, gathered, overlaps, ranks, topArea } from "./agreement.js";
import { table as colours } from "./viewport/colormaps.js";
import { say, words } from "./words.js";

const $ = (id) => document.getElementById(id);

export class Matrix {
  /** `read()` gives the payload; `maps` the fetched maps by their explanation's id. */
  constructor({ panes, display, maps, read }) {
    Object.assign(this, { panes, display, maps, read });
    this.table = $("matrix");
    this.bar = $("counts");
    this.layer = { id: "agreement", title: words("agree.layer"), kind: "agreement", overlay: () => this.overlay };
    this.overlay = null;
    $("top-share").addEventListener("input", (event) => display.set({ top: Number(event.target.value) / 100 }));
    $("overlap").addEventListener("click", () => this.toggle());
  }

  /** The overlap map over the plain film, or the film alone. */
  toggle() {
    this.display.set({ overlap: !this.display.overlap });
    say(words(this.display.overlap ? "agree.say.on" : "agree.say.off"));
  }

  /** Looks whether something has changed; called after every drawing. */
  look() {
    const { display, panes } = this;
    const { explanations, methods, disagree } = this.read();
    const ok = explanations.filter(({ state }) => state === "ok");
    const there = explanations.length === methods.length && ok.every(({ id }) => this.maps.has(id)) && Boolean(panes.film);
    const maps = there ? `${panes.film.image.id} ${ok.map(({ id }) => id).join(" ")}` : "";
    const key = `${maps} ${display.top} ${display.overlap}`;
    if (this.key === key) return;
    this.key = key;
    if (this.gatheredFrom !== maps) this.#gather(maps, ok, methods);
    this.#show(display, disagree);
  }

  #gather(key, ok, methods) {
    this.gatheredFrom = key;
    this.found = null;
    if (!key) return;
    const order = methods.map(({ name }) => name);
    const entries = ok.map((entry) => [entry.method, this.maps.get(entry.id)]);
    entries.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
    this.found = gathered(entries, this.panes.film.image);
    if (!this.found) return;
    this.found.told = this.found.methods.map((name) => methods.find((method) => method.name === name));
    this.rank = ranks(this.found.cells);
    this.voters = this.found.told.map((_, at) => at).filter((at) => !this.found.told[at].caution);
    this.counting = distinct(this.rank, this.voters);
    this.apart = disagreement(this.rank, this.counting);
  }

  #show(display, disagree) {
    const { found } = this;
    $("top-share").value = String(Math.round(display.top * 100));
    $("top-share-out").textContent = `${Math.round(display.top * 100)} %`;
    $("overlap").setAttribute("aria-checked", String(display.overlap));
    $("overlap").textContent = words(display.overlap ? "overlays.on" : "overlays.off");
    this.overlay = null;
    if (found) {
      const areas = found.cells.map((cells) => topArea(cells, display.top));
      this.#fill(overlaps(areas), display.top);
      const steps = this.counting.length;
      const id = `agreement ${this.gatheredFrom} ${display.top}`;
      const map = counted(found, this.counting.map((at) => areas[at]), id);
      this.overlay = { map, ends: [0, steps], colours: `steps ${steps}`, threshold: 0, smooth: false };
    } else {
      for (const cell of this.table.querySelectorAll("[data-row]")) put(cell, NaN, "");
    }
    this.#sum(disagree);
    this.#legend(display.overlap && found ? this.counting.length : 0);
    this.panes.refresh();
  }

  #fill(overlap, share) {
    const { rank, found } = this;
    const percent = Math.round(share * 100);
    const all = this.read().methods;
    for (const cell of this.table.querySelectorAll("[data-row]")) {
      const [row, column] = [Number(cell.dataset.row), Number(cell.dataset.column)];
      const [i, j] = [row, column].map((at) => found.methods.indexOf(all[at].name));
      const names = [all[row].title, all[column].title];
      if (i < 0 || j < 0) put(cell, NaN, words("agree.no-order", i < 0 ? names[0] : names[1]));
      else if (row < column) put(cell, rank[i][j], words("agree.rank", ...names, signed(rank[i][j])));
      else put(cell, overlap[i][j], words("agree.iou", ...names, percent, Math.round(overlap[i][j] * 100)));
    }
    for (const element of document.querySelectorAll(".top-share-words")) element.textContent = `${percent} %`;
  }

  #sum(disagree) {
    const { found, apart } = this;
    const known = found && apart !== null;
    const meter = $("apart-meter");
    meter.value = known ? apart : 0;
    $("apart").textContent = known ? apart.toFixed(2) : "–";
    $("apart").dataset.value = known ? String(apart) : "";
    $("apart-words").hidden = !(known && apart >= disagree);
    $("counting").textContent = found ? this.#counted() : words("agree.waiting");
  }

  // Who counts, and why the others do not.
  #counted() {
    const { found, counting, voters } = this;
    const titles = (places) => places.map((at) => found.told[at].title).join(", ");
    const twins = voters.filter((at) => !counting.includes(at));
    const cautious = found.told.map((_, at) => at).filter((at) => !voters.includes(at));
    const told = [words("agree.counted", titles(counting) || "–")];
    if (twins.length) told.push(words("agree.twins", titles(twins)));
    if (cautious.length) told.push(words("agree.cautious", titles(cautious)));
    return told.join(" ");
  }

  #legend(steps) {
    this.bar.hidden = !steps;
    if (!steps || this.bar.dataset.steps === String(steps)) return;
    this.bar.dataset.steps = String(steps);
    const palette = colours(`steps ${steps}`);
    const swatches = Array.from({ length: steps + 1 }, (_, count) => {
      const swatch = document.createElement("span");
      swatch.className = "count";
      swatch.textContent = String(count);
      const at = Math.round((count / steps) * 255) * 4;
      if (count) swatch.style.setProperty("--swatch", `rgb(${palette.slice(at, at + 3).join(" ")})`);
      return swatch;
    });
    this.bar.querySelector(".count-steps").replaceChildren(...swatches);
    this.bar.title = words("agree.legend", steps);
  }
}

function put(cell, value, text) {
  const known = Number.isFinite(value);
  cell.textContent = known ? short(value) : "–";
  cell.dataset.value = known ? String(value) : "";
  cell.title = text;
  cell.style.setProperty("--tint", known ? Math.abs(value).toFixed(2) : "0");
  cell.toggleAttribute("data-against", known && value < 0);
  if (text) cell.setAttribute("aria-label", text);
  else cell.removeAttribute("aria-label");
}

// As correlation tables are printed: no 0 before the point, so that five columns have room.
function short(value) {
  return signed(value).replace("0.", ".").replace("1.00", "1");
}

function signed(value) {
  return value.toFixed(2).replace("-", "−").replace("−0.00", "0.00");
}
