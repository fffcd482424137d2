// What a job's state means for the case page.

/** Whether a job still waits or runs. */
export function isOpen({ job }) {
  return Boolean(job) && ["queued", "running"].includes(job.state);
}

/** Whether the job that should have brought what is shown has failed: then only the reader asks again. */
export function failedFor({ job, prediction, image, finding }) {
  if (!job || !["failed", "cancelled"].includes(job.state)) return false;
  return job.kind === "analyse" ? !prediction : job.image === image && job.finding === finding;
}
