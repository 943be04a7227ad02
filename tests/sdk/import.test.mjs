// `opsroom import alertmanager` against Debian's amtool: an imported tree sends every label set to the receivers that the original does.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missing, run } from './counterparts.mjs';
import { bin, cli } from './daemon.mjs';

const skip = missing('amtool', 'prometheus-alertmanager');

// The same numbers in every run.
function dice(seed) {
	return (n) => {
		seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
		return Math.floor((seed / 2 ** 32) * n);
	};
}
const names = ['team', 'severity', 'cluster', 'a_b'];
const values = ['', 'x', 'y', 'xy', 'x y', 'é', 'q"q', 'b\\s', 'x.y', "it's"];
const regexes = ['x', 'x|y', 'x.*', '.*', '.+', '', '(x|y)+', '[xy]{2}', 'é?', '^x$', '(?i)X', 'q.q', '\\w+', '[^x]*'];
const one = (roll, list) => list[roll(list.length)];
const escaped = (value) => `"${value.replace(/\\/g, '\\\\').replace(/"/g, '\\"')}"`;

function matcher(roll) {
	const op = one(roll, ['=', '=', '=', '!=', '=~', '!~']), value = one(roll, op.includes('~') ? regexes : values);
	const bare = /^[\w.*|]+$/.test(value) && roll(3) === 0;
	return `${one(roll, names)}${one(roll, ['', ' '])}${op}${bare ? value : escaped(value)}`;
}
function route(roll, depth) {
	const r = {};
	const kind = roll(10);
	if (kind < 2) r.match = Object.fromEntries(Array.from({ length: 1 + roll(2) }, () => [one(roll, names), one(roll, values)]));
	else if (kind < 4) r.match_re = { [one(roll, names)]: one(roll, regexes) };
	else if (kind < 9) r.matchers = Array.from({ length: 1 + roll(2) }, () => matcher(roll));
	else r.matchers = [`{${matcher(roll)},${matcher(roll)}}`];
	if (roll(4)) r.receiver = `r${roll(6)}`;
	if (roll(3) === 0) r.continue = true;
	if (roll(5) === 0) r.group_by = one(roll, [['team'], ['...'], [], ['cluster', 'team']]);
	if (roll(6) === 0) r.group_wait = '0s';
	if (roll(6) === 0) r.mute_time_intervals = ['night'];
	if (depth < 3 && roll(2)) r.routes = Array.from({ length: 1 + roll(4) }, () => route(roll, depth + 1));
	return r;
}
const tree = (roll) => ({
	route: { receiver: 'r0', routes: Array.from({ length: 3 + roll(5) }, () => route(roll, 1)) },
	receivers: [0, 1, 2, 3, 4, 5].map((i) => (i < 5 ? { name: `r${i}`, slack_configs: [{ channel: `#c${i}`, api_url: 'http://localhost/' }] } : { name: 'r5' })),
	time_intervals: [{ name: 'night', time_intervals: [{ times: [{ start_time: '22:00', end_time: '24:00' }] }] }],
});
const labelSet = (roll) => names.filter(() => roll(3)).map((name) => `${name}=${escaped(one(roll, values))}`);

const TREES = 14, SETS = 26;
for (let i = 0; i < TREES; i++)
	test(`tree ${i}: the imported one routes as amtool routes the original`, { skip }, async () => {
		const dir = mkdtempSync(join(tmpdir(), 'opsroom-import-')), theirs = join(dir, 'am.yml'), ours = join(dir, 'alerting.yaml');
		const roll = dice(i + 1);
		try {
			writeFileSync(theirs, JSON.stringify(tree(roll), null, 1)); // JSON is YAML
			const imported = await run(cli, ['import', 'alertmanager', theirs]);
			assert.equal(imported.code, 0, imported.err);
			writeFileSync(ours, imported.out);
			const checked = await run(bin, ['--check', '--alerting', ours]);
			assert.equal(checked.code, 0, checked.err);
			for (let k = 0; k < SETS; k++) {
				const labels = labelSet(roll);
				const original = await run('amtool', ['config', 'routes', 'test', `--config.file=${theirs}`, ...labels]);
				assert.equal(original.code, 0, original.err);
				const { code, out, err } = await run(cli, ['routes', 'test', '--file', ours, `--verify.receivers=${original.out.trim()}`, ...labels]);
				assert.equal(code, 0, `${labels.join(' ')}: ${original.out.trim()} is the original's\n${out}${err}`);
			}
		} finally {
			rmSync(dir, { recursive: true });
		}
	});

// What Alertmanager says of a wrong file, we say with its line before it; null: we word it ourselves.
const wrong = [
	['receivers: [{name: a}]\n', null],
	['route:\nreceivers: [{name: a}]\n', null],
	['', 'no route provided in config'],
	['route: {}\nreceivers: [{name: a}]\n', 'root route must specify a default receiver'],
	['route: {receiver: b}\nreceivers: [{name: a}]\n', 'line 1: undefined receiver "b" used in route'],
	['route:\n  receiver: a\n  routes:\n  - receiver: x\nreceivers: [{name: a}]\n', 'line 4: undefined receiver "x" used in route'],
	['route: {receiver: a}\nreceivers: [{name: a},\n  {name: a}]\n', 'line 3: notification config name "a" is not unique'],
	['route: {receiver: a}\nreceivers: [{}]\n', 'line 2: missing name in receiver'],
	['route: {receiver: a, group_by: [a, a]}\nreceivers: [{name: a}]\n', 'line 1: duplicated label "a" in group_by'],
	['route: {receiver: a, group_by: [a-b]}\nreceivers: [{name: a}]\n', 'line 1: invalid label name "a-b" in group_by list'],
	['route: {receiver: a, group_by: [a, ...]}\nreceivers: [{name: a}]\n', null],
	['route: {receiver: a, group_wait: 30}\nreceivers: [{name: a}]\n', 'line 1: not a valid duration string: "30"'],
	['route: {receiver: a, group_interval: 0s}\nreceivers: [{name: a}]\n', 'line 1: group_interval cannot be zero'],
	['route: {receiver: a, repeat_interval: 0}\nreceivers: [{name: a}]\n', 'line 1: repeat_interval cannot be zero'],
	['route: {receiver: a, matchers: [a=b]}\nreceivers: [{name: a}]\n', 'line 1: root route must not have any matchers'],
	['route: {receiver: a, match_re: {a: b}}\nreceivers: [{name: a}]\n', 'line 1: root route must not have any matchers'],
	['route: {receiver: a, continue: true}\nreceivers: [{name: a}]\n', 'line 1: cannot have continue in root route'],
	['route: {receiver: a, mute_time_intervals: [x]}\nreceivers: [{name: a}]\n', 'line 1: root route must not have any mute time intervals'],
	['route: {receiver: a, active_time_intervals: [x]}\nreceivers: [{name: a}]\n', 'line 1: root route must not have any active time intervals'],
	['route: {receiver: a, routes: [{matchers: [a=b], mute_time_intervals: [x]}]}\nreceivers: [{name: a}]\n', 'line 1: undefined time interval "x" used in route'],
	['route: {receiver: a, routes: [{matchers: ["a=~("]}]}\nreceivers: [{name: a}]\n', 'line 1: error parsing regexp: missing closing ): `^(?:()$`'],
	['route: {receiver: a, routes: [{matchers: ["a"]}]}\nreceivers: [{name: a}]\n', 'line 1: bad matcher format: a'],
	['route: {receiver: a, routes: [{match: {a-b: c}}]}\nreceivers: [{name: a}]\n', 'line 1: invalid label name "a-b"'],
	['route: {receiver: a, routes: [{match_re: {a: "["}}]}\nreceivers: [{name: a}]\n', null],
	['route: {receiver: a, routes: [{continue: maybe}]}\nreceivers: [{name: a}]\n', null],
	['route: {receiver: a}\nreceivers: [{name: a}]\ntime_intervals: [{name: x, time_intervals: []},{name: x}]\n', 'line 3: time interval "x" is not unique'],
	['route: {receiver: a}\nreceivers: [{name: a}]\ntime_intervals: [{time_intervals: []}]\n', 'line 3: missing name in time interval'],
	['route: {receiver: a}\nreceivers: [{name: a}]\ntime_intervals: [{name: x, time_intervals: [{weekdays: [fri]}]}]\n', 'line 3: fri is not a valid weekday'],
	['route: {receiver: a}\nreceivers: [{name: a}]\ninhibit_rules: [{equal: [a-b]}]\n', 'line 3: "a-b" is not a valid label name'],
	['route: {receiver: a}\nreceivers: [{name: a}]\nfoo: 1\n', 'line 3: field foo not found'],
	['route: {receiver: a, foo: 1}\nreceivers: [{name: a}]\n', null],
	['route: {receiver: a}\nreceivers: [{name: a, foo_configs: []}]\n', 'line 2: field foo_configs not found'],
	['route: {receiver: a}\nreceivers: [{name: a, slack_configs: [{channel: x, api_url: "http://x/", foo: 1}]}]\n', 'line 2: field foo not found'],
	['route: {receiver: a}\nreceivers: {name: a}\n', null],
	['route: [a]\nreceivers: [{name: a}]\n', null],
	['a: [\n', null],
];
test('a wrong file is refused as amtool refuses it', { skip }, async () => {
	const dir = mkdtempSync(join(tmpdir(), 'opsroom-import-')), file = join(dir, 'am.yml');
	try {
		for (const [text, why] of wrong) {
			writeFileSync(file, text);
			const theirs = await run('amtool', ['check-config', file]), ours = await run(cli, ['import', 'alertmanager', file]);
			assert.equal(theirs.code, 1, `${text}: ${theirs.out}`);
			assert.equal(ours.code, 2, `${text}: ${ours.out}${ours.err}`);
			assert.equal(ours.out, '');
			assert.ok(ours.err.startsWith(`opsroom: ${file}: `), `${text}: ${ours.err}`);
			if (why === null) continue;
			assert.ok(ours.err.includes(`${file}: `) && ours.err.includes(why), `${text}: ${why} is not in ${ours.err}`);
			const sentence = why.replace(/^line \d+: /, '');
			assert.ok(`${theirs.out}${theirs.err}`.includes(sentence), `${sentence} is not in ${theirs.out}${theirs.err}`);
		}
	} finally {
		rmSync(dir, { recursive: true });
	}
});
