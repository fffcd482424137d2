// A page's elements by their ids and selectors, as what they are: a module that wants a slider's value asks for an
// HTMLInputElement. An element that a page's template always has and that is not there is an error that says which; one that it
// may leave out is null.

/**
 * The element of an id.
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [kind] HTMLElement where nothing else is said
 * @returns {T}
 */
export function element(id, kind) {
  const found = optional(id, kind);
  if (!found) throw new Error(`no element ${id}`);
  return found;
}

/**
 * The element of an id, or null.
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [kind]
 * @returns {T | null}
 */
export function optional(id, kind) {
  return is(document.getElementById(id), kind);
}

/**
 * The first element of a selector.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} within
 * @param {string} selector
 * @param {new () => T} [kind]
 * @returns {T}
 */
export function first(within, selector, kind) {
  const found = is(within.querySelector(selector), kind);
  if (!found) throw new Error(`no element ${selector}`);
  return found;
}

/**
 * Every element of a selector.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} within
 * @param {string} selector
 * @param {new () => T} [kind]
 * @returns {T[]}
 */
export function all(within, selector, kind) {
  const found = [];
  for (const one of within.querySelectorAll(selector)) {
    const known = is(one, kind);
    if (known) found.push(known);
  }
  return found;
}

/**
 * Whether what an event is about lies in an element of a selector.
 * @param {EventTarget | null} target
 * @param {string} selector
 */
export function inside(target, selector) {
  return target instanceof Element && target.closest(selector) !== null;
}

/**
 * Text that stays as it is costs nothing, and one that changes costs no new node.
 * @param {Element} into
 * @param {string} text
 */
export function write(into, text) {
  const { firstChild } = into;
  if (into.childNodes.length === 1 && firstChild instanceof Text) {
    if (firstChild.data !== text) firstChild.data = text;
  } else if (into.textContent !== text) into.textContent = text;
}

/**
 * @template {Element} T
 * @param {unknown} found
 * @param {new () => T} [kind]
 * @returns {T | null}
 */
function is(found, kind) {
  return found instanceof (kind ?? HTMLElement) ? /** @type {T} */ (found) : null;
}
