// Words from the payload's catalogue, and saying something to readers who do not see the page change.

let known = {};
let timer = 0;

/** Takes the catalogue of the payload. */
export function learn(strings) {
  known = strings;
}

/** The sentence of a key; {0}, {1} … are replaced by what follows. */
export function words(key, ...values) {
  return (known[key] ?? key).replace(/\{(\d)\}/g, (_, place) => values[place]);
}

/** Every sentence, for a part that takes several. */
export function catalogue() {
  return known;
}

/** Speaks through the page's live region; several in a row are spoken as the last one. */
export function say(text) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    document.getElementById("said").textContent = text;
  }, 80);
}
