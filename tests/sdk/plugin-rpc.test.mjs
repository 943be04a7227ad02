// The carrier rpc: the commands of a server of Chatops RPC v3, listed, matched, called, signed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { ChatopsRpc } from './chatops-rpc.mjs';
import { cli, daemon, until } from './daemon.mjs';

const methods = () => ({
	options: { help: 'hubot cd options <app> - what can be deployed', regex: 'options(?: (?<app>\\S+))?', params: ['app'], path: 'options' },
	wcid: { help: 'where can I deploy', regex: '(?:where can i deploy|wcid)(?: (?<app>\\S+))?', params: ['app'], path: 'wcid' },
	lock: { help: 'lock', params: ['app', 'reason'], path: 'apps/lock' },
});

async function world(t, { key = true, rules = ['allow cd:* need role viewer'], access, options = ['--clock', '2026-03-02T02:00:00Z'] } = {}) {
	const rpc = await new ChatopsRpc(methods()).listen();
	const dir = mkdtempSync(join(tmpdir(), 'opsroom-rpc-')), folder = join(dir, 'cd'), plugins = join(dir, 'plugins');
	mkdirSync(folder);
	mkdirSync(plugins);
	writeFileSync(join(folder, 'plugin.json'), JSON.stringify({ name: 'cd', version: '1.0.0', contract: 1, summary: 'Deploys.', carrier: 'rpc', url: rpc.url, key: 'CD_KEY', rules }));
	if (access) writeFileSync(join(dir, 'access.yaml'), access);
	const run = (...args) => execFileSync(cli, args, { encoding: 'utf8', env: { ...process.env, HOME: dir } });
	run('plugin', 'install', folder, '--plugins', plugins);
	const d = await daemon(['--plugins-dir', plugins, ...(access ? ['--access', join(dir, 'access.yaml')] : []), ...options]);
	t.after(async () => {
		await d.stop();
		await rpc.end().catch(() => {});
		rmSync(dir, { recursive: true, force: true });
	});
	const said = (line, token = d.token) => d.api('/v1/commands', { body: { line, channel: '#ops' }, token });
	const over = (code) => until(async () => {
		const r = await d.api(`/v1/runs/${code}`);
		return !['queued', 'running', 'waiting'].includes(r.state) && r;
	}, `${code} ends`);
	const ran = async (line) => {
		const r = await said(line);
		assert.equal(r.status, 'running', JSON.stringify(r));
		return over(r.data.run.code);
	};
	const listed = async () => (await d.api('/v1/plugins', { token: d.adminToken() })).plugins[0];
	const advance = (by) => d.api('/v1/advance', { body: { by }, token: d.adminToken() });
	const set_key = () => execFileSync(cli, ['--data', d.data, 'secret', 'set', 'cd', 'CD_KEY'], { input: rpc.key });
	if (key) set_key();
	run('--data', d.data, 'plugin', 'enable', 'cd');
	if (key) await until(async () => (await listed()).commands?.length === 3, 'the listing is there');
	return { d, rpc, dir, plugins, said, over, ran, listed, advance, set_key, run };
}

test('a call is signed, sent once, and what is answered is the run: its message, its log, its audit', async (t) => {
	const { d, rpc, said, ran } = await world(t);
	rpc.answer = () => ({ json: { result: 'unlocked *web*\nin staging', title: 'Locks', title_link: 'https://deploy.example.com/locks', buttons: [{ label: 'Lock', command: 'cd lock --app=web' }] } });
	const run = await ran('cd lock --app=web --reason_="too hot"');
	assert.equal(run.state, 'done', JSON.stringify(run));
	assert.equal(run.exit_code, 0);
	assert.equal(run.call, 'cd:lock --app=web --reason_="too hot"');
	assert.match(run.shown, /Locks[^]*unlocked \*web\*\nin staging/);
	const [call] = rpc.calls;
	assert.deepEqual({ ...call, mention_slug: '', message_id: '' }, { user: 'ann', mention_slug: '', message_id: '', room_id: 'ops', method: 'lock', params: { app: 'web', reason: 'too hot' }, path: '/_chatops/apps/lock' });
	const { lines } = await d.api(`/v1/runs/${run.code}/log`);
	assert.deepEqual(lines.map((l) => [l.n, l.stream, l.text]), [[1, 'out', 'unlocked *web*'], [2, 'out', 'in staging']]);
	const { records } = await d.api('/v1/audit?limit=20', { token: d.adminToken() });
	const end = records.find((r) => r.action === 'cd end');
	assert.equal(end.result, 'done');
	assert.equal(end.detail.output, run.output_sha256);
	assert.ok(records.some((r) => r.action === 'cd:lock' && r.result === 'started'));
	assert.deepEqual(rpc.refused, []);
	assert.doesNotMatch(JSON.stringify(records) + d.log, /PRIVATE KEY/);
	assert.match((await said('cd lok')).detail, /Did you mean `cd lock`/);
});

test('what people type behind the name is matched by the regexes of the server', async (t) => {
	const { rpc, said, ran } = await world(t);
	assert.equal((await ran('cd where can i deploy web')).call, 'cd:wcid --app=web');
	assert.equal((await ran('cd options web')).call, 'cd:options --app=web');
	assert.equal((await ran('cd options')).call, 'cd:options');
	assert.equal((await ran('cd options --app=web')).call, 'cd:options --app=web');
	assert.deepEqual(rpc.calls.map((c) => [c.method, c.params]), [['wcid', { app: 'web' }], ['options', { app: 'web' }], ['options', {}], ['options', { app: 'web' }]]);
	assert.equal((await said('cd wcid "a b" --explain')).status, 400, 'the regex wants one word');
	assert.match((await said('cd where can i deploy web --explain')).text, /cd:wcid --app=web[^]*You may/);
	assert.equal((await said('cd frobnicate the web')).status, 404);
	assert.equal(rpc.calls.length, 4);
});

test('the listing is asked for every 10 s; what it says is in force; a server that is down is asked less and less, and logged once', async (t) => {
	const { d, rpc, plugins, said, ran, listed, advance, run } = await world(t);
	const gets = () => rpc.asked.filter((a) => a.startsWith('GET')).length;
	const before = gets();
	await advance('60s');
	assert.equal(gets() - before, 6);
	rpc.listing.methods.unlock = { help: 'unlock', params: ['app'], path: 'unlock' };
	await advance('10s');
	await until(async () => (await listed()).commands.includes('cd unlock'), 'the new method is a command');
	assert.equal((await ran('cd unlock --app=web')).state, 'done');
	assert.match(readFileSync(join(plugins, 'cd/listing.json'), 'utf8'), /unlock/);
	const said_once = (what) => d.log.split('\n').filter((l) => /plugin\.listing/.test(l) && what.test(l)).length;
	assert.equal(said_once(/state=changed/), 2);

	const { listing } = rpc;
	rpc.listing = null;
	const then = gets();
	await advance('1h');
	assert.ok(gets() - then < 20 && gets() - then > 5, `${gets() - then}`);
	assert.equal(said_once(/status 503/), 1);
	assert.match((await listed()).fault, /status 503/);
	assert.equal((await ran('cd unlock --app=web')).state, 'done', 'what was in force stays');

	rpc.listing = { ...listing, methods: { ...listing.methods, bad: { regex: '(?=look)', path: 'bad' } } };
	run('--data', d.data, 'plugin', 'enable', 'cd', '1.0.0');
	await until(() => said_once(/methods\.bad/) === 1, 'a listing that cannot be taken is named');
	assert.ok((await listed()).commands.includes('cd unlock'));
	await advance('60s');
	assert.equal(said_once(/methods\.bad/), 1);

	rpc.listing = listing;
	await advance('10m');
	assert.equal(said_once(/answers again/), 1);
	assert.equal((await listed()).fault, undefined);
	assert.equal((await said('cd bad')).status, 404);
	assert.deepEqual(rpc.refused, []);
});

test('a listing that is kept is in force after a restart, without its server', async (t) => {
	const { d, rpc, listed } = await world(t);
	await d.kill();
	await rpc.end();
	await d.restart();
	assert.equal((await listed()).commands.length, 3);
});

test('what goes wrong on the way is told as it is, and nothing is sent twice', async (t) => {
	const { d, rpc, said, ran, over } = await world(t);
	rpc.answer = () => ({ status: 200, json: { error: { code: -32800, message: 'you may not' } } });
	let run = await ran('cd options');
	assert.deepEqual([run.state, run.exit_code], ['failed', 1]);
	assert.match(run.why, /http 200: you may not/);
	rpc.answer = () => ({ status: 500, json: '' });
	assert.match((await ran('cd options')).why, /http 500: Ask #deploys\./);
	rpc.answer = () => ({ drop: true }); // over a connection that had been kept, curl would send it again
	const before = rpc.calls.length;
	run = await ran('cd options');
	assert.equal(run.state, 'unknown');
	assert.match(run.why, /nobody knows how far the server came/);
	assert.equal(rpc.calls.length, before + 1);

	rpc.answer = () => ({ status: 200, json: { result: 'x'.repeat(1100000) } });
	run = await ran('cd options');
	assert.equal(run.state, 'failed');
	assert.match(run.why, /longer than 1048576 bytes/);

	rpc.answer = () => new Promise(() => {});
	run = await ran('cd options --timeout=1s');
	assert.deepEqual([run.state, run.exit_code], ['timed_out', 124]);
	const { code } = (await said('cd options')).data.run;
	await until(() => rpc.now === 1, 'it hangs');
	await said(`job cancel ${code}`);
	run = await over(code);
	assert.equal(run.state, 'cancelled');
	assert.match(run.why, /the server was not told/);
	await until(() => rpc.now === 0, 'its connection is closed');

	await rpc.end();
	run = await ran('cd options');
	assert.deepEqual([run.state, run.exit_code], ['failed', 125]);
	assert.match(run.why, /could not be reached/);
	assert.doesNotMatch(d.log, /level=bug|error bug/);
});

test('four at once of a plugin, in the order of arrival; what waits can be cancelled', async (t) => {
	const { d, rpc, said, over } = await world(t);
	const waiting = [];
	rpc.answer = (call) => new Promise((done) => waiting.push(() => done({ json: { result: call.params.app } })));
	const codes = [];
	for (let i = 0; i < 10; i++) codes.push((await said(`cd options --app=n${i}`)).data.run.code);
	await until(() => waiting.length === 4, 'four are under way');
	assert.equal((await d.api(`/v1/runs/${codes[9]}`)).state, 'queued');
	await said(`job cancel ${codes[9]}`);
	assert.equal((await over(codes[9])).state, 'cancelled');
	for (let i = 0; i < 9; i++) {
		await until(() => waiting.length > i, `call ${i} is there`);
		waiting[i]();
	}
	for (const [i, code] of codes.slice(0, 9).entries()) assert.equal((await over(code)).shown.trim(), `n${i}`);
	assert.equal(rpc.most, 4);
	assert.equal(rpc.calls.length, 9);
	assert.deepEqual(rpc.refused, []);
});

test('without its key nothing is asked; once it is set, all is there', async (t) => {
	const { rpc, listed, set_key, ran } = await world(t, { key: false });
	await until(async () => /the secret `CD_KEY` is not set/.test((await listed()).fault ?? ''), 'it is said what is missing');
	assert.deepEqual(rpc.asked, []);
	set_key();
	await until(async () => (await listed()).commands?.length === 3, 'the listing is there');
	assert.equal((await ran('cd options')).state, 'done');
});

test('rules and approvals hold for what a regex matched as for what was typed', async (t) => {
	const { d, said, over } = await world(t, { access: 'rules: |\n  deny cd:lock when opt.app == "prod"\n  require cd:options when opt.app == "prod" need reason\n' });
	assert.match((await said('cd lock --app=prod')).detail ?? '', /may not|denied|deny/i);
	assert.match(JSON.stringify(await said('cd options prod')), /reason/);
	const r = await said('cd options prod --reason="the alert says so"');
	assert.equal(r.status, 'running', JSON.stringify(r));
	assert.equal((await over(r.data.run.code)).state, 'done');
	void d;
});
