// Asking the server for JSON, and being refused in words. Knows addresses and answers; no page.

import { ours, told } from "./between.js";

/** The server said no, in words. */
export class Refused extends Error {}

/** The server did not answer, or what stands before it said that it is not there. */
export class Away extends Error {}

/** Answers of what stands before a server that is not there. */
export const GONE = [502, 503, 504];

/**
 * What the server answers, whatever it says.
 * @param {string} address
 * @param {RequestInit} [options]
 */
export async function reach(address, options) {
  const response = await fetch(address, options).catch((error) => {
    throw error.name === "AbortError" ? error : new Away(String(error));
  });
  if (GONE.includes(response.status) && !ours(response)) throw new Away(String(response.status));
  return response;
}

/**
 * JSON from the server, of whatever shape the address has; an error has the server's sentence, or none where nothing came.
 * @param {string} address
 * @param {{ method?: string, body?: string, signal?: AbortSignal }} [options]
 */
export async function ask(address, options = {}) {
  const headers = { Accept: "application/json", ...(options.body ? { "Content-Type": "application/json" } : {}) };
  const response = await reach(address, { ...options, headers });
  if (!ours(response)) throw new Refused(told(response.status));
  const answer = await response.json();
  if (!response.ok) throw new Refused(answer.error ?? String(response.status));
  return answer;
}
