// What one finger does on a film, as a bar of buttons under the panes: nothing, so that the page scrolls, or the tool that was
// taken up last, until it is put away. Also says which tool that is when it was taken up elsewhere. Knows tools; no gestures.

import { all, optional } from "./elements.js";
import { say } from "./words.js";

/** @import { HandTool, MeasureKind } from "./types.js" */
/** @import { Case } from "./case.js" */

/** @type {HandTool[]} */
const OWN = ["window", "pan", "zoom"];
/** @type {MeasureKind} */
const FIRST = "length";

export class Handbar {
  /** The tool that the buttons show. */
  shown = "";

  /** @param {Pick<Case, "input" | "panes"> & Partial<Pick<Case, "regions" | "cross" | "drawers" | "record">>} page */
  constructor(page) {
    this.page = page;
    this.buttons = all(document, "[data-hand]", HTMLButtonElement);
    for (const button of this.buttons) {
      button.addEventListener("click", () => {
        this.choose(button.dataset.hand ?? "");
        say(button.textContent ?? "");
      });
    }
  }

  /** The tool in force: every one that is taken up marks the panes with its name. */
  get tool() {
    return this.page.panes.active.view.dataset.mode ?? "";
  }

  /**
   * Takes up a tool and puts every other one away.
   * @param {string} tool
   */
  choose(tool) {
    const { input, regions, cross, record, drawers } = this.page;
    const own = OWN.find((one) => one === tool) ?? "";
    input.choose("");
    if (regions?.drawing) regions.hand.mode(false);
    if (cross?.on) cross.toggle(false);
    drawers?.parts.whatif?.paint("");
    if (record?.measures.tool || tool === "measure") record?.measures.choose(tool === "measure" ? FIRST : "");
    if (tool === "draw" && optional("judge")) regions?.hand.mode(true);
    input.choose(own);
    this.look();
  }

  /** Shows which tool is in force, after every drawing. */
  look() {
    const { tool } = this;
    const { input } = this.page;
    if (tool === this.shown) return;
    this.shown = tool;
    // Another tool was taken up over one of these.
    if (input.tool && input.tool !== tool && input.tool !== "zoom") input.tool = "";
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.hand === tool));
  }
}
