/**
 * Makes the browser bundles: `node build.mjs` (or `--watch`), into ../autobench_nb/static/.
 *
 * Types are checked elsewhere (`npm run check`): a build never fails for a type.
 */
import { cp, mkdir, stat } from 'node:fs/promises';
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

/** @type {esbuild.BuildOptions} */
const options = {
  absWorkingDir: here,
  entryPoints: { widget: 'src/widget.ts', page: 'src/page.ts' },
  outdir: out,
  bundle: true,
  format: 'esm',
  target: ['es2022', 'chrome111', 'firefox115', 'safari16.4'],
  platform: 'browser',
  // One file each: the notebook imports widget.js from a blob, where nothing relative resolves.
  splitting: false,
  minify: !watch,
  sourcemap: watch ? 'inline' : false,
  legalComments: 'eof',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  define: { 'process.env.NODE_ENV': '"production"' },
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
  for (const name of ['widget.js', 'widget.css', 'page.js', 'page.css', 'page.html']) {
    const { size } = await stat(join(out, name));
    console.log(`${name.padEnd(12)} ${(size / 1000).toFixed(1)} kB`);
  }
}
