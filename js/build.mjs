/**
 * Makes the browser bundles: `node build.mjs` (or `--watch`), into ../autobench_nb/static/.
 *
 * Types are checked elsewhere (`npm run check`): a build never fails for a type.
 */
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '..', 'autobench_nb', 'static');
const watch = process.argv.includes('--watch');

/** The page's document is not bundled, only put beside what it loads. */
const copyPage = {
  name: 'copy-page',
  setup(build) {
    build.onEnd(async () => {
      await cp(join(here, 'src', 'page.html'), join(out, 'page.html'));
    });
  },
};

/** The same for the same sources, on any machine: views of one build find each other on a page by it. */
async function buildId() {
  const hash = createHash('sha256');
  const files = await readdir(join(here, 'src'), { recursive: true, withFileTypes: true });
  const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
  for (const path of [join(here, 'package-lock.json'), ...paths.sort()]) hash.update(await readFile(path));
  return hash.digest('hex').slice(0, 12);
}

/** @type {esbuild.BuildOptions} */
const options = {
  absWorkingDir: here,
  entryPoints: { widget: 'src/widget.ts', loader: 'src/loader.ts', page: 'src/page.ts' },
  outdir: out,
  bundle: true,
  format: 'esm',
  target: ['es2022', 'chrome111', 'firefox115', 'safari16.4'],
  platform: 'browser',
  // One file each: the notebook imports them from a blob, where nothing relative resolves.
  splitting: false,
  minify: !watch,
  sourcemap: watch ? 'inline' : false,
  legalComments: 'eof',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  define: { 'process.env.NODE_ENV': '"production"', __BUILD__: JSON.stringify(await buildId()) },
  logLevel: 'warning',
  plugins: [copyPage],
};

await mkdir(out, { recursive: true });
if (watch) {
  const context = await esbuild.context(options);
  await context.watch();
  console.log(`watching; bundles go to ${out}`);
} else {
  await esbuild.build(options);
  for (const name of ['loader.js', 'widget.js', 'widget.css', 'page.js', 'page.css', 'page.html']) {
    const { size } = await stat(join(out, name));
    console.log(`${name.padEnd(12)} ${(size / 1000).toFixed(1)} kB`);
  }
}
