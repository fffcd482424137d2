// The layer filmstrip: the relevance at every stage of the network, from the decision back to the film, each with its own range of
// colours and its sum. A click lays a stage over the film in the method's pane. The values are the server's, raw.

import { Refused, ask } from "./drawers.js";
import { table } from "./viewport/colormaps.js";
import { octets } from "./viewport/film.js";
import { words } from "./words.js";

const $ = (id) => document.getElementById(id);

export class Filmstrip {
  constructor(drawers) {
    Object.assign(this, { drawers, page: drawers.page, known: new Map(), chosen: -1, about: "", strip: null });
    this.buttons = [...document.querySelectorAll("[data-strip]")];
    this.method = this.buttons[0]?.dataset.strip ?? "";
    for (const button of this.buttons) button.addEventListener("click", () => this.choose(button.dataset.strip));
    this.page.display.listen(({ signed }) => {
      if (this.colours !== signed && this.strip) this.#draw();
    });
  }

  open() {
    this.take(this.page.data);
  }

  close() {
    this.lay(-1);
  }

  /** Another method. */
  choose(method) {
    this.lay(-1);
    this.method = method;
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.strip === method));
    this.take(this.page.data);
  }

  take(data) {
    if ($("strip").hidden) return;
    const about = JSON.stringify([data.image, data.prediction?.model_sha256, data.finding, this.method]);
    if (this.about === about) return;
    this.lay(-1);
    this.about = about;
    this.strip = null;
    $("strip-stages").replaceChildren();
    if (!data.prediction) this.tell("strip.none");
    else this.#ask(data, about);
  }

  async #ask({ image, model, finding }, about) {
    this.tell("strip.asking");
    try {
      if (!this.known.has(about)) {
        const query = new URLSearchParams({ image, model, finding, method: this.method });
        const strip = await ask(`${this.drawers.address}/stages.json?${query}`);
        strip.values = new Float32Array(await octets(strip.values_url));
        this.known.set(about, strip);
      }
      if (this.about !== about) return;
      this.strip = this.known.get(about);
      this.#draw();
    } catch (error) {
      if (this.about !== about) return;
      this.about = "";
      this.tell(...(error instanceof Refused ? ["strip.failed", error.message] : ["whatif.offline"]));
      $("strip-state").dataset.state = "failed";
    }
  }

  #draw() {
    const { stages } = this.strip;
    this.colours = this.page.display.signed;
    const seed = stages[0].total;
    const away = Math.max(...stages.map(({ total }) => Math.abs(total - seed))) / (Math.abs(seed) || 1);
    this.tell("strip.kept", stages.length, figure(seed), away.toExponential(0));
    $("strip-stages").replaceChildren(...stages.map((stage, at) => this.#card(stage, at)));
  }

  #values({ offset, height, width }) {
    return this.strip.values.subarray(offset, offset + height * width);
  }

  #card(stage, at) {
    const values = this.#values(stage);
    const high = strength(values) || 1;
    const name = at === this.strip.stages.length - 1 ? words("strip.film") : stage.name;
    const short = at === 0 ? words("strip.decision") : name.split(".").slice(0, 2).join(".");
    const button = document.createElement("button");
    button.type = "button";
    const canvas = Object.assign(document.createElement("canvas"), { width: stage.width, height: stage.spatial ? stage.height : 1 });
    paint(canvas, values, high, table(this.colours));
    const lines = [["name", short], ["sum", words("strip.sum", figure(stage.total))], ["range", words("strip.range", figure(high))]];
    button.append(canvas, ...lines.map(([kind, text]) => Object.assign(document.createElement("span"), { className: `stage-${kind}`, textContent: text })));
    const said = words("strip.stage", name, figure(stage.total), figure(high));
    button.title = stage.spatial ? said : `${said}. ${words("strip.flat", stage.width)}`;
    button.setAttribute("aria-label", button.title);
    button.setAttribute("aria-pressed", "false");
    if (stage.spatial) button.addEventListener("click", () => this.lay(this.chosen === at ? -1 : at, name));
    else button.setAttribute("aria-disabled", "true");
    const item = Object.assign(document.createElement("li"), { className: "stage-card" });
    item.append(button);
    return item;
  }

  /** Lays a stage over the film in the method's pane, enlarged; -1 takes it away. */
  lay(at, name = "") {
    const { panes, grid } = this.page;
    if (at === this.chosen) return;
    if (!panes.of(this.method) && at >= 0) grid.put(`map:${this.method}`, panes.active.place);
    const pane = panes.of(this.method);
    if (!pane) return;
    if (at < 0) {
      this.drawers.lay(pane, null);
      if (this.enlarged && panes.enlarged) panes.toggleLarge(pane);
      this.enlarged = false;
    } else {
      this.drawers.lay(pane, { title: words("strip.title", pane.title, name), map: this.#map(at) });
      if (!panes.enlarged) {
        panes.toggleLarge(pane);
        this.enlarged = true;
      }
    }
    this.chosen = at;
    const buttons = [...document.querySelectorAll(".stage-card button")];
    buttons.forEach((button, place) => button.setAttribute("aria-pressed", String(place === at)));
    if (at >= 0) buttons[at].focus();
  }

  // A stage as the panes know a map.
  #map(at) {
    const { id, extent, stages } = this.strip;
    const stage = stages[at];
    const values = this.#values(stage);
    const explanation = { width: stage.width, height: stage.height, extent, signed: true, min: stage.minimum, max: stage.maximum, conservation_error: null };
    return { id: `${id} ${at}`, explanation, values, positive: strength(values.filter((v) => v > 0)), strength: strength(values), against: stage.total < 0 };
  }

  /** Keys while the drawer is open; true when one was taken. */
  key(event) {
    const buttons = [...document.querySelectorAll(".stage-card button")];
    const at = buttons.indexOf(document.activeElement);
    if (event.key === "Escape" && this.chosen >= 0) {
      this.lay(-1);
      return true;
    }
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (at < 0 || !step || event.ctrlKey) return false;
    buttons[at + step]?.focus();
    return true;
  }

  tell(key, ...values) {
    $("strip-state").textContent = words(key, ...values);
    delete $("strip-state").dataset.state;
  }
}

function paint(canvas, values, high, colours) {
  const picture = new ImageData(canvas.width, canvas.height);
  for (let i = 0; i < values.length; i += 1) {
    const place = Math.round(Math.min(1, Math.max(0, (values[i] / high + 1) / 2)) * 255);
    for (let part = 0; part < 3; part += 1) picture.data[i * 4 + part] = colours[place * 4 + part];
    picture.data[i * 4 + 3] = 255;
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

// The 99.5th percentile of the sizes, as the colours of a pane have it.
function strength(values) {
  if (!values.length) return 0;
  const sizes = values.map(Math.abs).sort();
  const rank = 0.995 * (sizes.length - 1);
  const low = Math.floor(rank);
  return sizes[low] + (sizes[Math.min(low + 1, sizes.length - 1)] - sizes[low]) * (rank - low) || sizes.at(-1);
}

function figure(value) {
  const size = Math.abs(value);
  const text = size === 0 ? "0" : size >= 1e-3 && size < 1e4 ? String(Number(size.toPrecision(4))) : size.toExponential(2);
  return (value < 0 ? "−" : "") + text;
}
