// opsroom rule: what the access rules decide of a line, whether a file is sound, and what it would change.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { daemon, folder, opsroom, opsroomd } from './helper.mjs';

const room = `users:
  - {name: ann, email: ann@example.com, role: operator}
  - {name: ben, email: ben@example.com, role: viewer}
channels:
  - {name: ops, members: [ann, ben]}
`;
const rules = `rules:
  - require core:silence need approval 1 of role:operator not requester
  - 'deny core:graph when room == "#ops"'
`;

async function setup(t) {
	const home = folder(t);
	const write = (name, text) => {
		writeFileSync(join(home, name), text);
		return join(home, name);
	};
	const access = write('access.yaml', rules);
	const d = await daemon(t, home, ['--access', access]);
	const provision = await opsroomd(home, ['provision', write('room.yaml', room), '--data', d.data]);

	assert.equal(provision.code, 0, provision.err);
	return { home, write, access, run: (...args) => opsroom(home, ['--data', d.data, ...args]) };
}

test('rule test says what would be decided, of oneself and of others, here and there, and runs nothing', async (t) => {
	const { run } = await setup(t);
	const mine = await run('rule', 'test', 'status');
	assert.equal(mine.code, 0, mine.err);
	assert.match(mine.out, /^core:status\nyes\n/);
	assert.match(mine.out, /\* +allow core:status need role viewer +built in/);

	const silence = await run('rule', 'test', 'silence alertname=X 2h why not', '--as', 'ann');
	assert.equal(silence.code, 0, silence.err);
	assert.match(silence.out, /yes, once 1 of role:operator approve it, other than you/);
	assert.match(silence.out, /access\.yaml:2/);

	const ben = await run('rule', 'test', 'silence alertname=X 2h', '--as', '@ben', '--json');
	assert.equal(ben.code, 1);
	assert.equal(JSON.parse(ben.out).allowed, false);
	assert.match(JSON.parse(ben.out).why, /needs? the role responder/);

	const there = await run('rule', 'test', 'graph up 1h', '--as', 'ann', '--in', '#ops', '--json');
	assert.equal(JSON.parse(there.out).rule, 'deny core:graph when room == "#ops"');
	assert.equal(JSON.parse((await run('rule', 'test', 'graph up 1h', '--as', 'ann', '--json')).out).allowed, true);

	assert.match((await run('rule', 'test', 'slience x 2h')).err, /Did you mean `silence`/);
	assert.match((await run('rule', 'test', 'alerts | count')).err, /leave out the \|/);
	assert.equal((await run('rule', 'test', 'status', '--as', 'nobody')).code, 5);
	assert.equal((await run('rule', 'test', 'status', '--in', '#nowhere')).code, 5);
	assert.doesNotMatch((await run('silences')).out + (await run('run', 'silences')).out, /alertname=X/);
});

test('rule check names the line of what is wrong, also without a daemon', async (t) => {
	const home = folder(t);
	const check = async (text) => {
		writeFileSync(join(home, 'a.yaml'), text);
		return opsroom(home, ['rule', 'check', 'a.yaml', '--offline']);
	};

	assert.deepEqual(await check(rules).then(({ code, out }) => [code, out]), [0, 'a.yaml is sound.\n']);
	const rule = await check('rules:\n  - allow core:x\n  - allow core:x when\n');
	assert.equal(rule.code, 2);
	assert.match(rule.err, /a\.yaml: line 3: /);
	const yaml = await check('rules: [\n');
	assert.equal(yaml.code, 2);
	assert.match(yaml.err, /a\.yaml/);
	assert.equal((await opsroom(home, ['rule', 'check', 'none.yaml'])).code, 5);
});

test('rule check lists which calls of late would be decided otherwise', async (t) => {
	const { run, write, access } = await setup(t);

	for (const line of ['status', 'status', 'silence alertname=X 2h', 'noise 1d', 'nonsense'])
		await run('run', line);
	const same = await run('rule', 'check', access);
	assert.equal(same.code, 0, same.err);
	assert.match(same.out, /^\S+ is sound\.\n0 of 4 calls of the last 30 days would be decided otherwise\.\n$/);
	const other = await run('rule', 'check', write('other.yaml', 'rules:\n  - deny core:status\n  - require core:silence need reason\n'));
	assert.equal(other.code, 0, other.err);
	assert.match(other.out, /3 of 4 calls/);
	assert.match(other.out, /2 +local-admin +core:status +yes +no +deny core:status/);
	assert.match(other.out, /1 +local-admin +core:silence -- alertname=X 2h +yes, once 1 of role:operator approve it, other than you +yes, once you give a --reason/);
	const json = (await run('rule', 'check', write('other.yaml', 'rules: [deny core:noise]\n'), '--json')).out;
	assert.deepEqual(JSON.parse(json).changes.map((change) => [change.call, change.was, change.becomes]), [['core:noise -- 1d', 'yes', 'no'],
		['core:silence -- alertname=X 2h', 'yes, once 1 of role:operator approve it, other than you', 'yes']]);
});
