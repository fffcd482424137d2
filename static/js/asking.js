// Asking the server for JSON, and being refused in words. Knows addresses and answers; no page.

import { ours, told } from "./between.js";

/** The server said no, in words. */
export class Refused extends Error {}

/**
 * JSON from the server, of whatever shape the address has; an error has the server's sentence, or none where nothing came.
 * @param {string} address
 * @param {{ method?: string, body?: string, signal?: AbortSignal }} [options]
 */
export async function ask(address, options = {}) {
  const headers = { Accept: "application/json", ...(options.body ? { "Content-Type": "application/json" } : {}) };
  const response = await fetch(address, { ...options, headers });
  if (!ours(response)) throw new Refused(told(response.status));
  const answer = await response.json();
  if (!response.ok) throw new Refused(answer.error ?? String(response.status));
  return answer;
}
