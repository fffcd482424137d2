// Verdicts on stacks: method × finding × stack, with a region on one or several of its slices. How they are kept, sent and taken back is
// ../review.js, to which a stack is what an image is on a film's page.

import { Reviews, keyOf } from "../review.js";
import { StackFigures } from "./figures.js";
import { bySlice, fromSlices } from "./region.js";

export class StackReviews extends Reviews {
  Figures = StackFigures;

  /** The region of a stack for the shown finding, as its last verdict has it. */
  regionOf(stack) {
    if (stack === this.panes.active.stack) return this.regions?.region ?? null;
    const { finding } = this.data;
    const here = [...this.known.values()].filter((r) => r.image === stack?.id && r.finding === finding && r.region);
    here.sort((a, b) => a.created_at.localeCompare(b.created_at));
    return here.at(-1)?.region ?? null;
  }

  /** The verdict in force on one pane's map. */
  of(method, pane = this.panes.active) {
    const { data } = this;
    if (!data?.prediction || !pane.stack) return undefined;
    const maps = data.maps.filter(({ stack }) => stack === pane.stack.id);
    return this.known.get(keyOf({ image: pane.stack.id, ...this.version(method, maps), method, finding: data.finding }));
  }

  able(pane) {
    const { data } = this;
    const about = ({ stack, method }) => stack === pane.stack?.id && method === pane.method;
    return Boolean(pane.method && data?.prediction && data.maps.some(about));
  }

  /** Verdicts on a finding over all stacks of the exam. */
  count(finding) {
    return [...this.known.values()].filter((r) => r.finding === finding && this.about(r, this.data.maps)).length;
  }

  body({ image, region, ...others }) {
    return { stack: image, region: bySlice(region), ...others };
  }

  read(review) {
    if (!review) return null;
    const { stack, region, ...others } = review;
    return { ...others, image: stack, region: fromSlices(region) };
  }
}
