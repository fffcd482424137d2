// What a job's state means for the case page.

import { optional } from "./elements.js";

/** @import { CaseData } from "./types.js" */

const ENDED = ["failed", "cancelled"];

/**
 * Whether a job still waits or runs.
 * @param {Pick<CaseData, "job">} data
 */
export function isOpen({ job }) {
  return Boolean(job && ["queued", "running"].includes(job.state));
}

/**
 * Whether the job that should have brought what is shown has failed: then only the reader asks again.
 * @param {Pick<CaseData, "job" | "prediction" | "stack" | "finding">} data
 */
export function failedFor({ job, prediction, stack, finding }) {
  if (!job || !ENDED.includes(job.state)) return false;
  return job.kind === "analyse" ? !prediction : (!job.stack || job.stack === stack || !stack) && job.finding === finding;
}

/** Whether the job that the page shows is known to wait or to run. */
export function working() {
  return ["queued", "running"].includes(optional("job")?.dataset.state ?? "");
}

/**
 * A job that failed stands over what it is about only: not over what another network said, nor over another finding.
 * @param {Pick<CaseData, "job" | "model" | "prediction" | "finding">} data
 */
export function showJob({ job, model, prediction, finding }) {
  const shown = optional("job");
  if (!shown || !job) return;
  const about = job.kind === "analyse" ? !prediction || job.model === model : job.finding === finding;
  shown.hidden = ENDED.includes(shown.dataset.state ?? "") && !(about && (!job.model || job.model === model));
}
