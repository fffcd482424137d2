// Cases that the product's Python is held to as well (tests/evaluation): numbers in, figures out, as JSON.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";

const FOLDER = new URL("../evaluation/shared/", import.meta.url);

/** Every case of the files whose names begin so, each with a name; fails where there is none. */
export function cases(begin) {
  const files = readdirSync(FOLDER).filter((name) => name.startsWith(begin) && name.endsWith(".json"));
  const found = files.flatMap((file) => {
    const list = JSON.parse(readFileSync(new URL(file, FOLDER), "utf8"));
    return list.map((one, at) => ({ ...one, title: `${file} ${one.name ?? at}` }));
  });
  assert.ok(found.length > 0, `no shared case ${begin}*.json`);
  return found;
}

/** Numbers that are equal but for what the last digits of a double make of them; null and "infinite" are themselves. */
export function close(found, expected, about, tolerance = 1e-9) {
  if (typeof expected !== "number") {
    const told = found === Infinity ? "infinite" : found;
    assert.deepEqual(Number.isNaN(told) ? null : told, expected, about);
    return;
  }
  const away = Math.abs(found - expected);
  assert.ok(away <= tolerance * Math.max(1, Math.abs(expected)), `${about}: ${found}, expected ${expected}`);
}

/** As `close`, of lists and of objects in one another. */
export function alike(found, expected, about, tolerance = 1e-9) {
  if (expected === null || typeof expected !== "object") {
    close(found, expected, about, tolerance);
    return;
  }
  assert.deepEqual(Object.keys(found).sort(), Object.keys(expected).sort(), about);
  for (const [name, value] of Object.entries(expected)) alike(found[name], value, `${about} ${name}`, tolerance);
}
