// Uniforms of a program of the graphics card: each is asked for once, and set only when it changes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Program } from "../../static/js/viewport/program.js";

/** What WebGL is asked, in order: a recorder with its names, and no more. */
function recorder() {
  const asked = [];
  const gl = new Proxy({}, {
    get: (_, name) => (...given) => {
      if (String(name).startsWith("uniform")) asked.push([name, ...given]);
      if (name === "getUniformLocation") {
        asked.push(["where", given[1]]);
        return given[1] === "gone" ? null : given[1];
      }
      return {};
    },
  });
  return { gl, asked };
}

test("a uniform is set when it changes, and not again", () => {
  const { gl, asked } = recorder();
  const program = new Program(gl, "", { film: 0 });
  assert.deepEqual(asked.splice(0), [["where", "film"], ["uniform1i", "film", 0]]);
  program.floats("ends", -1, 1);
  program.floats("ends", -1, 1);
  program.floats("ends", -1, 2);
  program.int("quick", false);
  program.int("quick", true);
  program.floats("extent", 0, 1, 2, 3);
  program.floats("gone", 7);
  program.floats("gone", 8);
  assert.deepEqual(asked, [
    ["where", "ends"], ["uniform2f", "ends", -1, 1], ["uniform2f", "ends", -1, 2],
    ["where", "quick"], ["uniform1i", "quick", 0], ["uniform1i", "quick", 1],
    ["where", "extent"], ["uniform4f", "extent", 0, 1, 2, 3],
    ["where", "gone"],
  ]);
});
