// The manual: pages are what the tables print, and what they say of the programs is true.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { build, folder, opsroomd, root } from './helper.mjs';

const read = (...path) => readFileSync(join(...path), 'utf8');
const has = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

test('man/ and the completion are what the tables print (make docs)', (t) => {
	const here = folder(t);
	execFileSync(join(root, 'tools/docs.sh'), [build, here]);
	for (const page of readdirSync(join(here, 'man'))) assert.equal(read(root, 'man', page), read(here, 'man', page), page);
	assert.deepEqual(readdirSync(join(root, 'man')), readdirSync(join(here, 'man')));
	for (const file of ['opsroom.bash', 'opsroom.zsh']) assert.equal(read(root, 'tools', file), read(here, 'tools', file));
	for (const page of readdirSync(join(here, 'docs/integrations'))) assert.equal(read(root, 'docs/integrations', page), read(here, 'docs/integrations', page), page);
});

test('the pages are good roff', { skip: !has('groff') }, () => {
	for (const page of readdirSync(join(root, 'man'))) {
		const run = spawnSync('groff', ['-man', '-Tutf8', '-ww', join(root, 'man', page)], { encoding: 'utf8' });
		assert.equal(run.status, 0);
		assert.equal(run.stderr, '', page);
	}
});

test('each event of the log is logged somewhere, with the fields that its row names', () => {
	const rows = [...read(root, 'src/base/log_events.def').matchAll(/^EVENT\((EV_\w+), "[^"]+",\s+"[^"]*",\s+((?:"[^"]*"\s*)+)\)/gm)];
	const source = readdirSync(join(root, 'src')).filter((room) => !room.includes('.'))
		.flatMap((room) => readdirSync(join(root, 'src', room)).filter((f) => f.endsWith('.c')).map((f) => read(root, 'src', room, f))).join('\n');
	assert.equal(rows.length, read(root, 'src/base/log_events.def').match(/^EVENT\(/gm).length);
	for (const [, id, help] of rows) {
		const names = help.replace(/"\s+"|"/g, '').replace(/\([^)]*\)/g, '').split(',').map((s) => s.trim()).filter(Boolean);
		const calls = [...source.matchAll(new RegExp(`log_\\w+\\(${id}\\b([^;]*);`, 'g'))].map((m) => m[1]);
		assert.ok(calls.length, `${id} is never logged`);
		const used = new Set(calls.flatMap((c) => [...c.matchAll(/F_\w+\("(\w+)"/g)].map((m) => m[1])));
		assert.deepEqual([...used].sort(), names.sort(), id);
	}
});

test('a page that is not there is an error', async (t) => {
	const run = await opsroomd(folder(t), ['--manual', 'opsroom.9']);
	assert.equal(run.code, 5);
	assert.match(run.err, /there are opsroomd\.8/);
});
