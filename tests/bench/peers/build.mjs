// Bundles every subject (a page and its script) and the service workers into the folder named by BENCH_OUT.

import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const MEASURED = ["floor.js", "dexie.js", "rxdb.js", "pouchdb.js", "workbox.js", "dexie-start.js", "react-stack.jsx"];
const FAULTS = ["faults-workbox.js", "faults-tanstack.js", "faults-rxdb.js"];
const PAGES = [...MEASURED, ...FAULTS];
// Each worker with the pages that it precaches.
const WORKERS = { "workbox-queue-sw": [], "faults-workbox-sw": [], "dexie-start-sw": ["dexie-start"], "workbox-sw": ["react-stack"] };

const out = process.env.BENCH_OUT;
if (!out) throw new Error("Set BENCH_OUT to the folder the pages go to.");

const options = {
  bundle: true,
  minify: true,
  target: "es2022",
  legalComments: "none",
  jsx: "automatic",
  logLevel: "warning",
  outdir: out,
  define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
};

const document = (name) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${name}</title>
<link rel="icon" href="data:,">
<body><div id="root"></div><script type="module" src="/bench/${name}.js"></script></body>
</html>
`;

async function manifest(pages) {
  const files = pages.flatMap((name) => [`${name}.html`, `${name}.js`]);
  const entry = async (file) => {
    const hash = createHash("sha256").update(await readFile(join(out, file)));
    return { url: `/bench/${file}`, revision: hash.digest("hex") };
  };
  return JSON.stringify(await Promise.all(files.map(entry)));
}

await mkdir(out, { recursive: true });
await build({ ...options, format: "esm", entryPoints: PAGES.map((file) => `src/${file}`) });
for (const file of PAGES) {
  const name = file.replace(/\.jsx?$/, "");
  await writeFile(join(out, `${name}.html`), document(name));
}
for (const [name, pages] of Object.entries(WORKERS)) {
  const define = { ...options.define, "self.__WB_MANIFEST": await manifest(pages) };
  await build({ ...options, define, format: "iife", entryPoints: [`src/${name}.js`] });
}
