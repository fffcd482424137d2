// Room for the film: a reading mode that takes away everything around the panes but who lies under the film, and the browser's
// fullscreen. The mode stays on from case to case as long as the tab lives.

import { element } from "./elements.js";
import { say, words } from "./words.js";

/** @import { Panes } from "./panes.js" */

const KEPT = "whylight-reading-mode";

export class Room {
  /** @param {Panes} panes */
  constructor(panes) {
    this.panes = panes;
    element("reading-mode").addEventListener("click", () => this.toggle());
    element("reading-leave").addEventListener("click", () => this.toggle(false));
    element("fullscreen").addEventListener("click", () => this.fullscreen());
    document.addEventListener("fullscreenchange", () => {
      element("fullscreen").setAttribute("aria-pressed", String(Boolean(document.fullscreenElement)));
    });
    if (stored() === "on") this.#put(true);
  }

  get on() {
    return document.body.hasAttribute("data-room");
  }

  /** The panes alone, or with what stands around them. */
  toggle(on = !this.on) {
    this.#put(on);
    store(on ? "on" : "off");
    say(words(on ? "room.on" : "room.off"));
    if (on && !this.panes.active.element.contains(document.activeElement)) this.panes.active.element.focus();
  }

  /** @param {boolean} on */
  #put(on) {
    document.body.toggleAttribute("data-room", on);
    element("reading-mode").setAttribute("aria-pressed", String(on));
    this.panes.moved();
  }

  /** The whole screen, or the browser's window again. */
  async fullscreen() {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await document.documentElement.requestFullscreen();
    } catch {
      say(words("room.refused"));
    }
  }
}

function stored() {
  try {
    return sessionStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

/** @param {string} value */
function store(value) {
  try {
    sessionStorage.setItem(KEPT, value);
  } catch {
    // Without storage the mode holds for this page.
  }
}
