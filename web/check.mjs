// check.mjs -- bundles each test/*.test.ts and runs it with node's test runner.

import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const names = (await readdir(join(here, 'test'))).filter((name) => /\.test\.tsx?$/.test(name)).sort();
const out = await mkdtemp(join(tmpdir(), 'opsroom-web-'));

await build({
	entryPoints: names.map((name) => join(here, 'test', name)),
	bundle: true, outdir: out, outExtension: { '.js': '.mjs' }, format: 'esm', platform: 'node', target: 'node18',
	jsx: 'automatic', jsxImportSource: 'preact', sourcemap: 'inline', logLevel: 'warning',
});
const files = names.map((name) => join(out, name.replace(/\.tsx?$/, '.mjs')));
const { status } = spawnSync(process.execPath, ['--test', ...files], { stdio: 'inherit' });

await rm(out, { recursive: true, force: true });
process.exit(status ?? 1);
