// Every case of a corpus of webhooks becomes exactly the events that its expected.json names, through `opsroom source test`.
//
// tests/payloads/TOOL/CASE.json with CASE.expected.json are ours; ../shared/payloads, where it is there, has real tools' bodies.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('../..', import.meta.url).pathname;
const program = join(process.env.OPSROOM_BUILD || join(root, 'build'), 'opsroom');

function run(args) {
	return new Promise((done, failed) => {
		const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
		let out = '', err = '';
		child.stdout.setEncoding('utf8').on('data', (d) => { out += d; });
		child.stderr.setEncoding('utf8').on('data', (d) => { err += d; });
		child.on('error', failed).on('close', (code) => done({ code, out, err }));
	});
}

// What the case names is compared; a key in <...> stands for any.
function alike(got, wanted) {
	return Object.fromEntries(Object.entries(got).filter(([name]) => name in wanted).map(([name, value]) =>
		[name, name === 'dedup_key' && /^<.*>$/.test(wanted.dedup_key) ? wanted.dedup_key : value]));
}

async function check(folder, tool, file) {
	const expected = JSON.parse(readFileSync(join(folder, tool, file), 'utf8'));
	const name = file.slice(0, -'expected.json'.length);
	const body = expected.request?.body_file ?? readdirSync(join(folder, tool)).find((f) => f.startsWith(name) && f !== file);
	const args = ['source', 'test', tool, join(folder, tool, body), '--json', '--content-type', expected.request?.content_type || 'application/json'];
	for (const [header, value] of Object.entries(expected.request?.headers ?? {}))
		args.push('--header', `${header}: ${value}`);
	const { out, err } = await run(args);
	assert.ok(out, err);
	const got = JSON.parse(out);
	assert.equal(got.accept, expected.accept, got.error ?? 'it was taken');
	assert.deepEqual(got.events.map((e, i) => alike(e, expected.events[i] ?? e)), expected.events);
	assert.equal(Boolean(got.side_effect), Boolean(expected.side_effect));
}

function corpus(folder, called) {
	if (!existsSync(folder))
		return test(called, { skip: `there is no ${folder} here` }, () => {});
	const only = process.env.TOOLS?.split(',');
	for (const { name: tool } of readdirSync(folder, { withFileTypes: true }).filter((d) => d.isDirectory() && !d.name.startsWith('_')))
		if (!only || only.includes(tool))
			for (const file of readdirSync(join(folder, tool)).filter((f) => f.endsWith('.expected.json')))
				test(`${called} ${tool} ${file.slice(0, -14)}`, () => check(folder, tool, file));
}

corpus(join(root, 'tests/payloads'), 'own:');
corpus(join(root, '../shared/payloads'), 'corpus:');

test('--sources: the tools of a folder, before the built-in ones', async (t) => {
	const own = mkdtempSync(join(tmpdir(), 'opsroom-own-'));
	t.after(() => rmSync(own, { recursive: true }));
	writeFileSync(join(own, 'pingdom.yaml'), 'tool: pingdom\ntitle: Our Pingdom\nsetup: Ask ann.\nprogram: |\n  object | {title: .name, key: [.name]}\n');
	writeFileSync(join(own, 'body.json'), '{"name":"shop"}');
	const list = async (...args) => JSON.parse((await run(['source', 'list', '--json', ...args])).out).sources;
	const mine = await list('--sources', own), built = await list();
	assert.equal(mine.length, built.length);
	assert.deepEqual(mine[0], { tool: 'pingdom', title: 'Our Pingdom', file: join(own, 'pingdom.yaml') });
	assert.equal(mine.filter((s) => s.tool === 'pingdom').length, 1);
	assert.match((await run(['source', 'list', '--sources', own])).out, /^TOOL +NAME +FILE *\npingdom +Our Pingdom +\S+pingdom\.yaml *\n/);
	const page = await run(['source', 'show', 'pingdom', '--sources', own]);
	assert.match(page.out, /^# Our Pingdom\n\nAsk ann\.\n/);
	assert.ok(page.out.includes(`opsroom source test pingdom body.json --sources ${own}\n`));
	const tried = JSON.parse((await run(['source', 'test', 'pingdom', join(own, 'body.json'), '--sources', own, '--json'])).out);
	assert.equal(tried.events[0].title, 'shop');
	writeFileSync(join(own, 'z.yaml'), 'tool: z\nprogram: |\n  now\n');
	const wrong = await run(['source', 'list', '--sources', own]);
	assert.equal(wrong.code, 2);
	assert.match(wrong.err, /z\.yaml: line 3: a program may not use now/);
});
