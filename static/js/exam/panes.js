// An exam's panes: each shows one stack at its slice, with a method's map of that slice or without. What they say beside the picture:
// which stack it is, the slice's number and place, the strip below. The picture is drawn by ../panes.js.

import { Panes } from "../panes.js";
import { words } from "../words.js";
import { spoken } from "./space.js";
import { Strip } from "./strip.js";

export class ExamPanes extends Panes {
  constructor(...parts) {
    super(...parts);
    this.activate(this.all[0]);
  }

  /** The active pane's film: what hands draw on. */
  get film() {
    return this.active?.film ?? null;
  }

  set film(_) {
    // Every pane has its own.
  }

  filmOf(pane) {
    return pane.film;
  }

  /** Shows `stack` with `method`'s maps ("" for none) in a pane. */
  set(pane, stack, method, title) {
    if (pane.stack !== stack) pane.film = pane.map = null;
    Object.assign(pane, { stack, method: method?.name ?? "", signed: method?.signed ?? false, maps: null, overlay: null });
    Object.assign(pane.element.dataset, { stack: stack?.id ?? "", method: pane.method, plane: stack?.plane ?? "" });
    pane.title = title;
    pane.subject = stack && method ? `${method.title} · ${stack.title}` : title;
    const head = pane.element.querySelector(".pane-title");
    head.textContent = title;
    head.title = method?.summary ?? "";
    pane.enlarge.setAttribute("aria-label", `${words("maximise")}: ${title}`);
    const caution = pane.element.querySelector(".pane-caution");
    caution.hidden = !method?.caution;
    caution.title = method?.caution ?? "";
    caution.setAttribute("aria-label", method?.caution ?? "");
    pane.element.querySelector(".verdicts").hidden = !pane.method || !stack;
    pane.map = null;
    this.slice(pane);
  }

  /** The pane's stack stands at another slice, or what there is of it has changed. */
  slice(pane, most = false) {
    const { stack, element } = pane;
    pane.film = stack?.film ?? null;
    pane.map = pane.maps ? (most ? pane.maps.most() : pane.maps.slice(stack.at)) : null;
    if (stack) {
      const place = spoken(stack.image);
      const number = words("exam.slice", stack.at + 1, stack.count);
      const text = place ? `${number} · ${words("exam.place", place.letter, place.mm.toFixed(1))}` : number;
      write(element.querySelector(".pane-place"), text);
      element.setAttribute("aria-label", words("pane.label", pane.title, text));
    } else {
      write(element.querySelector(".pane-place"), "");
      element.setAttribute("aria-label", pane.title);
    }
    pane.strip?.show(pane);
    this.told(pane);
    this.refresh();
  }

  /** The pane's state mark, by what of its stack has arrived. */
  told(pane) {
    const { stack } = pane;
    pane.state.hidden = !stack;
    if (!stack) return;
    if (!this.renderer) return void this.#fixed(pane);
    const { image, films, failed, count } = stack;
    this.#opened(pane, image.id, films.has(image.id));
    if (!films.has(image.id)) pane.mark(failed.has(image.id) ? "failed" : "loading");
    else if (films.size < count) pane.mark("preview", words("exam.loaded", films.size, count));
    else pane.mark("full");
  }

  // The picture that came with the page goes once its slice is drawn, or at once where another slice is wanted.
  #opened(pane, id, there) {
    const picture = pane.view.querySelector(".pane-preview");
    if (picture?.dataset.image !== id) picture?.remove();
    else if (there) requestAnimationFrame(() => requestAnimationFrame(() => picture.remove()));
  }

  // Without WebGL2 the server's own small picture of the slice takes the pane.
  #fixed(pane) {
    pane.mark("preview");
    let picture = pane.view.querySelector("img");
    if (!picture) {
      picture = Object.assign(document.createElement("img"), { className: "pane-preview", alt: "" });
      pane.view.prepend(picture);
    }
    const { thumbnail_url: url } = pane.stack.image;
    if (picture.getAttribute("src") !== url) picture.src = url;
  }

  /** Gives every pane its strip; `jump(stack, at)` shows a slice. */
  strips(jump) {
    this.each((pane) => {
      pane.strip = new Strip(pane, jump);
    });
  }
}

/** Text that stays as it is costs nothing. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
