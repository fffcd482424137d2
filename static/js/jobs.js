// What a job's state means for the case page.

/** @import { CaseData } from "./types.js" */

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
  if (!job || !["failed", "cancelled"].includes(job.state)) return false;
  return job.kind === "analyse" ? !prediction : (!job.stack || job.stack === stack || !stack) && job.finding === finding;
}
