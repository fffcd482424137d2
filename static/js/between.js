// What stands between this browser and Whylight. A proxy may answer in its place: that is told in a sentence, and its page
// never becomes a part of ours. Whylight's own answers say that they are (app/web/security.py).

import { element } from "./elements.js";

/** @type {Record<number, string>} */
const KINDS = { 401: "closed", 403: "closed", 407: "closed", 413: "large", 502: "away", 503: "away", 504: "slow" };
const OURS = "X-Answered-By";

/**
 * Whether Whylight itself gave an answer.
 * @param {Response | XMLHttpRequest} answer
 */
export function ours(answer) {
  return ("headers" in answer ? answer.headers.get(OURS) : answer.getResponseHeader(OURS)) !== null;
}

/**
 * What an answer of somebody else's means, and what to do.
 * @param {number} status
 */
export function told(status) {
  const { dataset } = element("messages");
  return (dataset[KINDS[status] ?? "other"] ?? "").replace("{0}", String(status));
}

/** @param {string} sentence goes where the page keeps its messages */
export function tell(sentence) {
  const line = document.createElement("p");
  line.className = "notice notice-bad";
  line.textContent = sentence;
  element("messages").replaceChildren(line);
}

// Scripts that know no page import this too.
globalThis.document?.addEventListener("htmx:beforeSwap", (event) => {
  const { detail } = /** @type {CustomEvent<{ xhr: XMLHttpRequest, shouldSwap: boolean }>} */ (event);
  if (ours(detail.xhr)) return;
  detail.shouldSwap = false;
  tell(told(detail.xhr.status));
});
