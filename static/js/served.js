// Addresses as the browser must ask for them: the product may be served under a path of another server. What the server writes
// has that path already; only what a script puts together from the product's own root comes through here.

/**
 * @param {string} path begins at the product's root: "/api/v1/…"
 */
export function served(path) {
  return `${document.documentElement.dataset.prefix ?? ""}${path}`;
}
