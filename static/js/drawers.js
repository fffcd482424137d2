// The drawers under the panes: opened by their buttons or keys, their scripts loaded when first opened. Also what both of them need:
// laying a layer into a pane, {film} or {map}, and taking it away again.

import { words } from "./words.js";

const TYPING = "input:not([type=range], [type=radio], [type=checkbox]), textarea, select, [contenteditable]";
const FILLS = ["inpaint", "mean", "blur"];
const LONGEST = 8000;
const $ = (id) => document.getElementById(id);

export class Drawers {
  constructor(page) {
    this.page = page;
    this.address = $("drawers").dataset.address;
    this.parts = {};
    for (const name of ["whatif", "strip"]) $(`${name}-open`).addEventListener("click", () => this.toggle(name));
    document.addEventListener("keydown", (event) => this.#key(event), { capture: true });
    this.kept = [];
    this.count();
  }

  /** Which drawer is open, or "". */
  get open() {
    return ["whatif", "strip"].find((name) => !$(name).hidden) ?? "";
  }

  async toggle(name) {
    const opening = $(name).hidden;
    for (const other of ["whatif", "strip"]) {
      const on = other === name && opening;
      $(other).hidden = !on;
      $(`${other}-open`).setAttribute("aria-expanded", String(on));
      if (!on) this.parts[other]?.close();
    }
    if (!opening) return;
    this.parts[name] ??= await (name === "whatif" ? this.#whatIf() : this.#strip());
    if (!$(name).hidden) this.parts[name].open();
  }

  async #whatIf() {
    const { WhatIf } = await import("./whatif.js");
    return this.parts.whatif ?? new WhatIf(this);
  }

  async #strip() {
    const { Filmstrip } = await import("./filmstrip.js");
    return this.parts.strip ?? new Filmstrip(this);
  }

  // Before the page's own keys: these two, and whatever the open drawer takes. The switch for single keys holds here too.
  #key(event) {
    if (event.altKey || event.metaKey || event.isComposing || document.querySelector("dialog[open]") || event.target.closest?.(TYPING)) return;
    const name = { w: "whatif", f: "strip" }[event.key.toLowerCase()];
    let taken = false;
    if (event.ctrlKey || event.key === "Escape" || $("single-keys").checked) taken = Boolean(this.parts[this.open]?.key(event));
    if (!taken && name && !event.ctrlKey && $("single-keys").checked) {
      this.toggle(name);
      taken = true;
    }
    if (!taken) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Whether the what-if on the screen is too long for a link. */
  get long() {
    return this.#whatif.length > LONGEST;
  }

  get #whatif() {
    const state = this.open === "whatif" ? this.parts.whatif?.state : null;
    return state?.areas.length ? JSON.stringify(state) : "";
  }

  /** The part of a link: the what-if on the screen, kept or not; it is asked again where the link is opened. */
  get part() {
    return {
      save: () => (this.long || !this.#whatif ? null : JSON.parse(this.#whatif)),
      load: (saved) => {
        if (!isEdit(saved)) return words("link.partly");
        this.#again(saved);
        return "";
      },
    };
  }

  async #again({ areas, fill, outside }) {
    if (this.open !== "whatif") await this.toggle("whatif");
    this.parts.whatif.change({ areas, fill, outside });
  }

  /** The page shows something else. */
  take(data) {
    for (const part of Object.values(this.parts)) part.take(data);
    if (this.image !== data.image) this.count();
  }

  /** Asks what is kept for the shown image, and says how many. */
  async count() {
    this.image = this.page.data.image;
    try {
      const { what_ifs: kept } = await ask(`${this.address}/what-ifs`);
      this.kept = kept.filter(({ image }) => image === this.page.data.image);
    } catch {
      return; // the drawer asks again when it opens
    }
    $("whatif-count").textContent = this.kept.length ? words("whatif.count", this.kept.length) : "";
  }

  /** Lays a layer {title, film} or {title, map} into a pane; null takes it away. */
  lay(pane, layer) {
    pane.element.querySelector(".pane-title").textContent = layer?.title ?? pane.title;
    pane.film = layer?.film ?? null;
    if (pane.method) pane.map = layer?.map ?? this.page.maps.get(pane.explanation) ?? null;
    this.page.panes.refresh();
  }
}

// What came out of a link; what the areas amount to, the server looks at.
function isEdit(saved) {
  const { areas, fill, outside } = saved ?? {};
  return Array.isArray(areas) && areas.length > 0 && areas.every(isArea) && FILLS.includes(fill) && typeof outside === "boolean";
}

function isArea(area) {
  if (area?.kind === "hot") return typeof area.explanation === "string" && Number.isFinite(area.threshold);
  return typeof area?.kind === "string" && Array.isArray(area.points) && area.points.length > 0 && area.points.every((point) => point?.length === 2 && point.every(Number.isFinite));
}

/** JSON from the server; an error has the server's sentence, or none where nothing came. */
export async function ask(address, options = {}) {
  const headers = { Accept: "application/json", ...(options.body ? { "Content-Type": "application/json" } : {}) };
  const response = await fetch(address, { ...options, headers });
  const answer = await response.json();
  if (!response.ok) throw new Refused(answer.error ?? String(response.status));
  return answer;
}

/** The server said no, in words. */
export class Refused extends Error {}
