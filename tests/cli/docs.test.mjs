// docs/: what the pages say of names, tables and files is what the programs say.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { daemon, folder, opsroomd, root } from './helper.mjs';

const read = (path) => readFileSync(join(root, path), 'utf8');
const pages = readdirSync(join(root, 'docs')).filter((f) => f.endsWith('.md')).map((f) => `docs/${f}`);

// Rows of the tables whose first cell is code: [code, other cells...]. "\|" is a "|" in a cell.
const rows = (text) => [...text.matchAll(/^\| `([^`]*)` \| (.*) \|$/gm)].map(([, code, rest]) =>
	[code, ...rest.split(/(?<!\\) \| /)].map((cell) => cell.replaceAll('\\|', '|')));

test('links lead somewhere', () => {
	for (const page of [...pages, 'README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'])
		for (const [, to] of read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)) assert.ok(existsSync(join(root, dirname(page), to)), `${page}: ${to}`);
	for (const page of pages) assert.ok(read('README.md').includes(`(${page})`), `README.md does not name ${page}`);
});

test('docs/running.md lists the metrics that there are', async (t) => {
	const { url } = await daemon(t, folder(t));
	const text = await (await fetch(`${url}/metrics`)).text();
	const told = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)/gm)].map(([, name, help, type]) => [name, type, help]);
	assert.ok(told.length > 20);
	assert.deepEqual(rows(read('docs/running.md')).filter(([name]) => name.startsWith('opsroom_')), told);
});

test('docs/commands.md lists the commands that there are', () => {
	const shown = (usage) => usage.replace(/([<[])([\w-]+):([^\]>]+)([\]>])/g, (all, open, name, type, close) => open + (type.includes('|') ? type : name) + close).replaceAll('*', '...');
	const table = [...read('src/commands/commands.def').matchAll(/^COMMAND\("([\w ]+)", "((?:[^"\\]|\\.)*)", ROLE_(\w+), \w+, \w+,\s+"(?:[^"\\]|\\.)*",\s+"((?:[^"\\]|\\.)*)"\)/gm)]
		.map(([, name, usage, role, help]) => [`${name} ${shown(usage)}`.trim(), role.toLowerCase(), help.replaceAll('\\"', '"')]);
	assert.ok(table.length > 10);
	assert.deepEqual(rows(read('docs/commands.md')).filter((r) => r.length === 3), table);
});

test('docs/api.md knows every call and every method', () => {
	const page = read('docs/api.md');
	const calls = [...read('src/api/routes.c').matchAll(/\{"([A-Z]+|\*)", "([^"]+)", "([^"]*)"/g)].map(([, method, path]) => [method, path]);
	assert.ok(calls.length > 20);
	for (const [method, path] of calls)
		assert.ok(page.includes(path.startsWith('/v1/') ? `\`${method} ${path}` : path.replace(/alertmanager\/$/, '')), `${method} ${path}`);
	for (const [, method, path] of page.matchAll(/^\| `([A-Z]+) (\/v1\/[^`?]*)/gm))
		assert.ok(calls.some(([m, p]) => m === method && (p === path || (p.endsWith('/') && path.startsWith(p)))), `${method} ${path} is no route`);
	const told = page.slice(page.indexOf("## Slack's Web API"));
	const methods = [...read('src/api/slack.c').matchAll(/^\t\{"(\w+\.[\w.]+)", (?:0|SCOPE_\w+),/gm)].map((m) => m[1]);
	const listed = [...told.matchAll(/^\| [\w, ]+ \| (`\w+\.\w[^|]*) \|/gm)].flatMap(([, cell]) => {
		let family;
		return [...cell.matchAll(/`(\w+)?\.([\w.]+)`/g)].map(([, named, name]) => `${(family = named ?? family)}.${name}`);
	});
	for (const name of told.matchAll(/^\* `(\w+(?:\.\w+)+)` —/gm)) listed.push(name[1]);
	assert.deepEqual(listed.sort(), methods.sort());
});

test('settings and options that pages name are there', () => {
	const known = new Set([...read('src/daemon/settings.def').matchAll(/^SETTING\((\w+)/gm)].map((m) => m[1]));
	for (const page of [...pages, 'README.md', 'etc/opsroom.yaml'])
		for (const [, name] of read(page).matchAll(/(?:^#?|`)([a-z]+(?:_[a-z]+)*_(?:max|deadline|life|every|span|level|url|certificate|key))\b[`:]/gm))
			if (!/^(api|runbook|dashboard|routing|service|dedup|incident|enqueue|change|create_event|upload|opsgenie|victorops|goalert|webhook|request|response|message_menu_options|expired|used)_/.test(name)) assert.ok(known.has(name), `${page}: ${name}`);
});

test('docs/routing.md names every key of the alerting file, and its examples are good', async (t) => {
	const home = folder(t);
	const page = read('docs/routing.md');
	const keys = [...read('src/ops/routing.c').matchAll(/known_keys\(rd, \w+, " ([^"]*) "\)/g)].flatMap(([, list]) => list.split(' '));
	assert.ok(keys.length > 20);
	for (const key of [...keys, 'group_wait', 'group_interval', 'repeat_interval', 'continue', 'routes', 'active_time_intervals', 'source_matchers', 'target_matchers', 'equal'])
		assert.match(page, new RegExp(`\\b${key}\\b`), key);
	const examples = [...page.matchAll(/```yaml\n([^]*?)```/g)];
	assert.equal(examples.length, 3);
	for (const [, text] of examples) {
		writeFileSync(join(home, 'alerting.yaml'), text);
		const run = await opsroomd(home, ['--check', '--alerting', 'alerting.yaml']);
		assert.equal(run.code, 0, run.err);
	}
});

test('the file in docs/heartbeats.md is good', async (t) => {
	const home = folder(t);
	writeFileSync(join(home, 'heartbeats.yaml'), read('docs/heartbeats.md').match(/```yaml\n([^]*?)```/)[1]);
	const run = await opsroomd(home, ['provision', '--data', 'data', 'heartbeats.yaml']);
	assert.equal(run.code, 0, run.err);
});

test('the file in docs/provision.md is good, and its errors are as they stand there', async (t) => {
	const home = folder(t);
	const page = read('docs/provision.md');
	const make = (text) => {
		writeFileSync(join(home, 'x.yaml'), text);
		return opsroomd(home, ['provision', '--data', 'data', 'x.yaml']);
	};
	const good = await make(page.match(/```yaml\n([^]*?)```/)[1]);
	assert.equal(good.code, 0, good.err);
	const made = JSON.parse(good.out);
	const shown = JSON.parse(page.match(/```json\n([^]*?)```/)[1]);
	assert.deepEqual(Object.keys(made), Object.keys(shown));
	for (const part of Object.keys(shown))
		for (const [name, keys] of Object.entries(shown[part])) assert.deepEqual(Object.keys(made[part][name]), Object.keys(keys), `${part} ${name}`);
	const errors = rows(page.slice(page.indexOf('## Errors')));
	assert.ok(errors.length > 5);
	for (const [text, says] of errors) {
		const run = await make(`${text}\n`);
		assert.equal(run.code, 2, text);
		assert.equal(run.err, `opsroomd: x.yaml: line 1: ${says}\n`);
	}
});

test('the console knows every emoji that the daemon writes', () => {
	const known = read('web/src/emoji.ts');
	const written = ['engine', 'commands', 'ops'].flatMap((room) => readdirSync(new URL(`../../src/${room}`, import.meta.url)).filter((f) => f.endsWith('.c')).map((f) => `src/${room}/${f}`))
		.flatMap((file) => [...read(file).matchAll(/"[^"\n]*(?<!\w):([a-z_]{2,}):[^"\n]*"/g)].map(([, name]) => name)).filter((name) => name !== 'body'); // of dedup keys
	assert.ok(written.length > 10);
	for (const name of new Set(written)) assert.match(known, new RegExp(`\\b${name} `), name);
});
