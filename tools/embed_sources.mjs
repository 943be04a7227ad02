// tools/embed_sources.mjs FOLDER OUT.c -- writes integrations/ as one C file for src/ops/source_files.h.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, out] = process.argv.slice(2);
if (!out) {
	console.error('usage: node tools/embed_sources.mjs FOLDER OUT.c');
	process.exit(2);
}

function bytes(name, data) {
	const lines = [];
	for (let i = 0; i < data.length; i += 32) lines.push('\t' + data.subarray(i, i + 32).join(','));
	return `static const unsigned char ${name}[] = {\n${lines.join(',\n')}\n};\n`;
}

const tools = readdirSync(join(folder, 'sources')).filter((f) => /^[a-z0-9_-]+\.yaml$/.test(f)).sort();
let code = '/* Made by tools/embed_sources.mjs; not to be edited. */\n#include "ops/source_files.h"\n\n';
const rows = tools.map((file, i) => {
	const data = readFileSync(join(folder, 'sources', file));
	code += bytes(`file_${i}`, data);
	return `\t{"${file.slice(0, -5)}", file_${i}, ${data.length}},`;
});
const prelude = readFileSync(join(folder, 'prelude.jq'));
code += bytes('prelude', prelude);
code += `\nconst struct source_file source_files[] = {\n${rows.join('\n')}\n\t{NULL, NULL, 0}, /* the end */\n};\nconst size_t source_file_count = ${rows.length};\n`
	+ `const struct str source_prelude = {(const char *)prelude, ${prelude.length}};\n`;
writeFileSync(out, code);
