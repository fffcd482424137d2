// What the reader did, step by step, to take it back and do it again. A step is {entries, region}: verdicts as they were and became,
// and the region before and after. Knows no page and no server.

export class History {
  constructor() {
    this.done = [];
    this.undone = [];
  }

  add(step) {
    this.done.push(step);
    this.undone = [];
  }

  /** The step to take back next, or undefined. */
  back() {
    const step = this.done.pop();
    if (step) this.undone.push(step);
    return step;
  }

  /** The step to do again next, or undefined. */
  forward() {
    const step = this.undone.pop();
    if (step) this.done.push(step);
    return step;
  }

  /** Forgets the verdicts on one map: something else became of it. Steps with nothing left in them go. */
  forget(key) {
    const others = (steps) =>
      steps
        .map((step) => ({ ...step, entries: step.entries.filter((entry) => entry.key !== key) }))
        .filter((step) => step.entries.length || step.region);
    this.done = others(this.done);
    this.undone = others(this.undone);
  }
}
