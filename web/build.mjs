// build.mjs -- makes web/dist/: everything that the daemon embeds and serves.
//
// app-HASH.js and app-HASH.css carry a hash of their content and may be cached for ever; index.html, icon.svg and
// manifest.webmanifest keep their names.

import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');

async function bundle(entry) {
	const result = await build({
		entryPoints: [join(here, entry)],
		bundle: true,
		minify: true,
		write: false,
		format: 'esm',
		target: ['es2022'],
		charset: 'utf8',
		legalComments: 'none',
		jsx: 'automatic',
		jsxImportSource: 'preact',
		supported: { 'nesting': true },
	});

	return Buffer.from(result.outputFiles[0].contents);
}

function hashed(name, ext, bytes) {
	return `${name}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.${ext}`;
}

const script = await bundle('src/main.tsx');
const style = await bundle('style.css');
const script_name = hashed('app', 'js', script);
const style_name = hashed('app', 'css', style);
const page = (await readFile(join(here, 'index.html'), 'utf8'))
	.replace('SCRIPT', script_name)
	.replace('STYLE', style_name);

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await Promise.all([
	writeFile(join(dist, script_name), script),
	writeFile(join(dist, style_name), style),
	writeFile(join(dist, 'index.html'), page),
	copyFile(join(here, 'icon.svg'), join(dist, 'icon.svg')),
	copyFile(join(here, 'manifest.webmanifest'), join(dist, 'manifest.webmanifest')),
]);
console.log(`web/dist: ${script_name} ${script.length} bytes, ${style_name} ${style.length} bytes`);
