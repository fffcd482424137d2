// What the panes show: the three planes next to each other with one method over them, or one plane with every method. Which series
// stands for a plane, which method lies over the planes, and whether the map is one slice's or the largest over the stack.

import { say, words } from "../words.js";

const PLANES = ["sagittal", "coronal", "axial"];
const $ = (id) => document.getElementById(id);

export class Layout {
  constructor(page) {
    Object.assign(this, { page, kind: "planes", plane: "", maximum: false });
    const { data } = page;
    this.stacks = this.#named(data.planes);
    this.plane = PLANES.find((plane) => this.stacks[plane]) ?? "";
    this.method = data.prediction || data.model ? data.methods[0].name : "";
    for (const button of document.querySelectorAll("button[data-layout]")) button.addEventListener("click", () => this.set({ kind: button.dataset.layout }));
    for (const button of document.querySelectorAll("[data-plane-shown]")) button.addEventListener("click", () => this.set({ kind: "methods", plane: button.dataset.planeShown }));
    $("method").addEventListener("change", ({ target }) => this.set({ method: target.value }));
    $("most").addEventListener("click", () => this.most());
    $("sides").addEventListener("click", () => this.sides());
  }

  #named(planes) {
    return Object.fromEntries(PLANES.map((plane) => [plane, this.page.stacks.get(planes[plane]) ?? null]));
  }

  /** A network has read the exam: its stacks, unless the reader has chosen some. */
  follow(planes) {
    const stacks = this.#named(planes);
    if (this.own || PLANES.every((plane) => stacks[plane] === this.stacks[plane])) return;
    this.set({ stacks });
  }

  /** The slice that an address names, in its plane's pane. */
  open(image) {
    const stack = [...this.page.stacks.values()].find(({ places }) => places.has(image));
    if (!stack) return;
    stack.at = stack.places.get(image);
    const place = Math.max(0, PLANES.indexOf(stack.plane));
    this.stacks[PLANES[place]] = stack;
    this.page.panes.activate(this.page.panes.all[place]);
  }

  set(changes) {
    Object.assign(this, changes);
    this.show();
  }

  /** The other of the two layouts. */
  toggle() {
    const kind = this.kind === "planes" ? "methods" : "planes";
    const { stack } = this.page.panes.active;
    const plane = PLANES.find((name) => this.stacks[name] === stack && stack) ?? this.plane;
    this.set({ kind, plane });
    const { panes } = this.page;
    const same = kind === "planes" ? panes.all[PLANES.indexOf(plane)] : panes.of(this.method);
    if (same?.stack) panes.activate(same);
    say(words(`layout.${kind}`));
  }

  /** The method over the planes, or the plane under the methods, before or after. */
  step(by) {
    const { methods } = this.page.data;
    if (this.kind === "planes") {
      const all = ["", ...methods.map(({ name }) => name)];
      this.set({ method: all[(all.indexOf(this.method) + by + all.length) % all.length] });
      say(this.titled(this.method));
    } else {
      const all = PLANES.filter((plane) => this.stacks[plane]);
      this.set({ plane: all[(all.indexOf(this.plane) + by + all.length) % all.length] });
      say(this.stacks[this.plane].title);
    }
  }

  titled(method) {
    return this.page.data.methods.find(({ name }) => name === method)?.title ?? words("exam.plain");
  }

  /** The map of the shown slice, or the largest value over all slices. */
  most(on = !this.maximum) {
    this.maximum = on;
    for (const pane of this.page.panes.all) this.page.panes.slice(pane, on);
    this.told();
    say(words(on ? "most.on" : "most.off"));
  }

  /** The panels at the sides, there or away. */
  sides() {
    const body = document.querySelector(".case-body");
    body.toggleAttribute("data-wide");
    $("sides").setAttribute("aria-pressed", String(!body.hasAttribute("data-wide")));
  }

  /** Another series in a pane, and wherever its plane is shown. */
  choose(pane, stack) {
    const plane = this.kind === "planes" ? PLANES[pane.place] : this.plane;
    this.stacks[plane] = stack ?? null;
    this.own = true;
    this.show();
  }

  /** Lays the panes out. */
  show() {
    const { panes, data } = this.page;
    if (panes.enlarged) panes.toggleLarge(panes.shown[0]);
    const wanted = this.kind === "planes" ? this.#planes() : this.#methods(data.methods);
    panes.cut(Math.min(panes.all.length, wanted.length));
    while (panes.all.length < wanted.length) panes.put(panes.all.length, this.#element(panes.all.length));
    Object.assign(panes.grid.dataset, { panes: wanted.length, columns: this.kind === "planes" ? wanted.length : 3, rows: this.kind === "planes" ? 1 : 2, arrangement: this.kind, empty: this.#empty() });
    wanted.forEach(({ plane, method, title }, place) => {
      const pane = panes.all[place];
      const stack = this.stacks[plane];
      pane.element.dataset.missing = plane;
      panes.set(pane, stack, data.methods.find(({ name }) => name === method), title(stack));
      this.#list(pane, plane);
      this.page.give(pane);
    });
    panes.moved();
    panes.activate(panes.active.stack ? panes.active : (panes.all.find(({ stack }) => stack) ?? panes.active));
    this.told();
    this.page.loader.look();
  }

  // Planes that are missing take no more room than their words.
  #empty() {
    return PLANES.map((plane, at) => (this.kind === "planes" && !this.stacks[plane] ? at + 1 : "")).filter(Boolean).join(" ");
  }

  #planes() {
    return PLANES.map((plane) => ({ plane, method: this.method, title: (stack) => stack?.title ?? words(`plane.${plane}`) }));
  }

  #methods(methods) {
    return ["", ...methods.map(({ name }) => name)].map((method) => ({ plane: this.plane, method, title: () => this.titled(method) }));
  }

  #element(place) {
    const element = this.page.panes.originals.get("film").cloneNode(true);
    element.id = `pane-${place + 1}`;
    return element;
  }

  // The series that can stand in a pane: those of its plane, then all others.
  #list(pane, plane) {
    const list = pane.element.querySelector(".pane-series");
    const all = [...this.page.stacks.values()];
    const first = all.filter((stack) => stack.plane === plane);
    const rest = all.filter((stack) => stack.plane !== plane);
    list.hidden = all.length < 2 || (this.kind === "methods" && pane.place > 0) || (this.kind === "planes" && first.length < 2 && !rest.some(({ plane: other }) => !PLANES.includes(other)) && pane.stack !== null);
    const option = (stack) => new Option(stack.listed, stack.id);
    list.replaceChildren(...(pane.stack ? [] : [new Option(words("series.choose"), "")]), ...first.map(option), ...rest.map(option));
    list.value = pane.stack?.id ?? "";
  }

  /** Keeps the strip above the panes equal to the layout. */
  told() {
    const { data } = this.page;
    for (const button of document.querySelectorAll("button[data-layout]")) button.setAttribute("aria-pressed", String(button.dataset.layout === this.kind));
    for (const button of document.querySelectorAll("[data-plane-shown]")) {
      button.disabled = !this.stacks[button.dataset.planeShown];
      button.setAttribute("aria-pressed", String(this.kind === "methods" && button.dataset.planeShown === this.plane));
    }
    $("method").value = this.method;
    $("method").disabled = this.kind !== "planes";
    $("most").setAttribute("aria-pressed", String(this.maximum));
    $("most-words").hidden = !this.maximum || !data.prediction;
  }
}
