// tools/embed.mjs FOLDER OUT.c -- writes the files of a folder (the bundled console) as one C file for src/api/assets.h.
//
// The answer is the same for the same files: sorted by path, no times in it.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const types = {
	'.html': 'text/html; charset=utf-8',
	'.js': 'text/javascript; charset=utf-8',
	'.mjs': 'text/javascript; charset=utf-8',
	'.css': 'text/css; charset=utf-8',
	'.json': 'application/json',
	'.webmanifest': 'application/manifest+json',
	'.map': 'application/json',
	'.svg': 'image/svg+xml',
	'.png': 'image/png',
	'.ico': 'image/x-icon',
	'.webp': 'image/webp',
	'.woff2': 'font/woff2',
	'.mp3': 'audio/mpeg',
	'.ogg': 'audio/ogg',
	'.txt': 'text/plain; charset=utf-8',
};
// A name with a hash in it (app-5XK2PQRT.js as esbuild writes it, or hex) never changes its bytes: browsers may keep it.
const hashed = /[-.](?:[A-Z2-7]{8}|(?=[a-f]*\d)[0-9a-f]{8,64})\.\w+$/;

const [folder, out] = process.argv.slice(2);
if (!out) {
	console.error('usage: node tools/embed.mjs FOLDER OUT.c');
	process.exit(2);
}

function files(at, path = '') {
	return readdirSync(at, { withFileTypes: true }).flatMap((e) => {
		if (e.name.startsWith('.')) return [];
		return e.isDirectory() ? files(join(at, e.name), `${path}/${e.name}`) : [`${path}/${e.name}`];
	});
}

function bytes(name, data) {
	const lines = [];
	for (let i = 0; i < data.length; i += 32) lines.push('\t' + data.subarray(i, i + 32).join(','));
	return `static const unsigned char ${name}[] = {\n${lines.join(',\n')}\n};\n`;
}

const text = (s) => JSON.stringify(s); // paths and types hold nothing that C would read in another way
const rows = [];
let code = `/* Made by tools/embed.mjs; not to be edited. */\n#include "api/assets.h"\n\n`;

let paths;
try {
	paths = files(folder).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
} catch (e) {
	console.error(`embed: ${folder}: ${e.message}. The console is made by: node web/build.mjs`);
	process.exit(1);
}
paths.forEach((path, i) => {
	const raw = readFileSync(join(folder, path));
	const etag = createHash('sha256').update(raw).digest('hex').slice(0, 20);
	const type = types[extname(path).toLowerCase()] ?? 'application/octet-stream';
	const packed = (name, data) => {
		if (data.length >= raw.length) return '{NULL, 0}';
		code += bytes(`${name}_${i}`, data);
		return `{${name}_${i}, ${data.length}}`;
	};

	if (raw.length) code += bytes(`raw_${i}`, raw);
	const brotli = packed('brotli', brotliCompressSync(raw, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: raw.length } }));
	const gzip = packed('gzip', gzipSync(raw, { level: 9 }));
	rows.push(`\t{${text(path)}, ${text(type)}, ${text(etag)}, ${hashed.test(path)}, ` +
		`${raw.length ? `raw_${i}` : '(const unsigned char *)""'}, ${raw.length}, ${brotli}, ${gzip}},`);
});
code += `\nconst struct asset assets[] = {\n${rows.join('\n')}\n\t{0}, /* the end */\n};\nconst size_t asset_count = ${rows.length};\n`;
writeFileSync(out, code);
