// No script of static/js may import itself, by whichever way round: a circle of modules is one module that says it is several.
// What esbuild finds to import counts, what is imported later (`import()`) too.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Every circle among modules, each once: `graph` maps a module to those that it imports. */
export function circles(graph) {
  const found = new Map();
  const done = new Set();
  const walk = (module, path) => {
    const at = path.indexOf(module);
    if (at >= 0) {
      const circle = path.slice(at);
      found.set([...circle].sort().join(" "), [...circle, module]);
      return;
    }
    if (done.has(module)) return;
    for (const next of graph.get(module) ?? []) walk(next, [...path, module]);
    done.add(module);
  };
  for (const module of graph.keys()) walk(module, []);
  return [...found.values()];
}

/** Which module of a folder imports which. */
async function imports(folder) {
  const { build } = await import("esbuild");
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".js"));
  const { metafile } = await build({
    entryPoints: files.map((name) => join(folder, name)),
    bundle: true,
    format: "esm",
    metafile: true,
    write: false,
    outdir: "unwritten",
  });
  const inputs = Object.entries(metafile.inputs);
  return new Map(inputs.map(([name, entry]) => [name, entry.imports.filter((one) => !one.external).map(({ path }) => path)]));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const graph = await imports("static/js");
  const found = circles(graph);
  for (const circle of found) console.error(circle.join(" → "));
  console.log(`${graph.size} modules, ${found.length} circles`);
  process.exitCode = found.length || !graph.size ? 1 : 0;
}
