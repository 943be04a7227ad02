// opsroom(1) with the real opsroomd: what a person at a terminal does in a day.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build, folder, opsroom, start } from './helper.mjs';

const password = 'correct horse battery staple';
let data, daemon, url;

// Starts opsroomd on its data and waits until it says where it listens.
async function startDaemon(port = 0) {
	const child = spawn(join(build, 'opsroomd'), ['--data', data, '--listen', `127.0.0.1:${port}`], { stdio: ['ignore', 'pipe', 'pipe'] });
	let said = '';
	url = await new Promise((good, bad) => {
		const look = (text) => {
			said += text;
			const found = /listening on (http:\/\/[^\s/]+)/.exec(said);
			if (found) good(found[1]);
		};
		child.stdout.setEncoding('utf8').on('data', look);
		child.stderr.setEncoding('utf8').on('data', look);
		child.on('error', bad);
		child.on('exit', (code) => bad(new Error(`opsroomd ended (${code}):\n${said}`)));
	});
	daemon = { child, ended: new Promise((done) => child.on('exit', done)) };
}

async function api(method, path, body) {
	const token = readFileSync(join(data, 'admin.token'), 'utf8').trim();
	const answer = await fetch(url + path, { method, body, headers: { authorization: `Bearer ${token}` } });
	assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
	return answer.json();
}

before(async () => {
	data = mkdtempSync(join(tmpdir(), 'opsroom-data-'));
	await startDaemon();
	await api('POST', '/v1/provision', `users:
  - {name: ann, email: ann@example.com, password: ${password}, role: admin}
  - {name: ben, password: ${password}, role: responder}
`);
});

after(async () => {
	daemon?.child.kill('SIGKILL');
	await daemon?.ended;
	if (data) rmSync(data, { recursive: true, force: true });
});

// Somebody at a terminal of their own, logged in.
async function person(t, name) {
	const home = folder(t);
	const run = await opsroom(home, ['login', '--url', url, '--user', name], { input: `${password}\n` });
	assert.equal(run.code, 0, run.err);
	return {
		run: (...args) => opsroom(home, args),
		start: (...args) => start(home, args),
		async json(...args) {
			const { code, out, err } = await opsroom(home, ['--json', ...args]);
			assert.equal(code, 0, err);
			return JSON.parse(out);
		},
	};
}

// An alert fires; its id.
async function fire(name) {
	const { sources } = await api('POST', '/v1/provision', 'sources: [{name: prom, tool: alertmanager, channel: sre-alerts}]\n');
	const answer = await fetch(sources.prom.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({
		version: '4', groupKey: `{}:{alertname="${name}"}`, status: 'firing', receiver: 'opsroom', truncatedAlerts: 0, externalURL: 'http://am',
		groupLabels: { alertname: name }, commonLabels: { alertname: name, severity: 'critical' }, commonAnnotations: {},
		alerts: [{ status: 'firing', labels: { alertname: name, severity: 'critical' }, annotations: {}, startsAt: new Date().toISOString(),
			endsAt: '0001-01-01T00:00:00Z', generatorURL: '', fingerprint: Buffer.from(name).toString('hex').padEnd(16, '0').slice(0, 16) }] }) });
	assert.ok(answer.ok, await answer.text());
	const { alerts } = await api('GET', '/v1/alerts?state=open');
	return alerts.find((a) => a.labels.alertname === name).id;
}

test('the data directory is enough for whoever may read it', async (t) => {
	const home = folder(t);
	const run = await opsroom(home, ['--data', data, 'status']);
	assert.equal(run.code, 0, run.err);
	assert.match(run.out, /opsroomd \d+\.\d+/);
	assert.equal((await opsroom(home, ['status'], { env: { OPSROOM_DATA: data } })).code, 0);
});

test('login, and after logout the token is worth nothing', async (t) => {
	const home = folder(t);
	const wrong = await opsroom(home, ['login', '--url', url, '--user', 'ann'], { input: 'not it at all\n' });
	assert.equal(wrong.code, 3, wrong.err);
	const good = await opsroom(home, ['login', '--url', url], { input: `ann@example.com\n${password}\n` });
	assert.match(good.out, / as ann\n$/);
	const { token } = JSON.parse(readFileSync(join(home, '.config/opsroom/cli.json'), 'utf8'));
	assert.match((await opsroom(home, ['token', 'list'])).out, /opsroom on /);
	assert.equal((await opsroom(home, ['logout'])).code, 0);
	assert.equal((await opsroom(home, ['status', '--url', url, '--token', token])).code, 3);
});

test('an alert is seen, acknowledged and resolved, and the audit log knows it', async (t) => {
	const [ann, ben] = [await person(t, 'ann'), await person(t, 'ben')];
	const id = await fire('DiskFull');
	assert.match((await ben.run('alerts')).out, new RegExp(`^${id} +firing +critical .*DiskFull`, 'm'));
	const ack = await ben.run('ack', id);
	assert.equal(ack.code, 0, ack.err);
	assert.match(ack.out, /^@ben acknowledged /);
	assert.equal((await ben.json('alert', id)).acked_by_name, 'ben');
	assert.match((await ben.run('alerts', '--state', 'acknowledged')).out, new RegExp(`^${id} .* ben +`, 'm'));
	assert.equal((await ben.run('resolve', id)).code, 0);
	assert.equal((await ben.json('alert', id)).state, 'resolved');
	assert.equal((await ben.run('ack', 'nosuch')).code, 5);
	assert.equal((await ben.run('alerts', '--state', 'wrong')).code, 2);
	assert.equal((await ben.run('audit', 'search')).code, 4);
	const { records } = await ann.json('audit', 'search', '--actor', 'ben', '--since', '1h');
	assert.ok(records.some((r) => r.via === 'cli' && JSON.stringify(r.detail).includes(id)), JSON.stringify(records));
	assert.match((await ann.run('audit', 'verify')).out, /as they were written/);
});

test('what one says, another hears, also when the server is killed meanwhile', async (t) => {
	const [ann, ben] = [await person(t, 'ann'), await person(t, 'ben')];
	const ear = ben.start('tail', '#general', '--count', '4');
	await ear.prints(/listening to 1 channel/, 'err');
	assert.equal((await ann.run('post', '#general', 'is', '<it>', '& up?')).code, 0);
	await ear.prints(/ann: is <it> & up\?\n/);
	const lines = await start(folder(t), ['--data', data, 'post', 'general', '-'], { input: 'one\ntwo \u001b[31m\n' }).done;
	assert.equal(lines.code, 0, lines.err);
	await ear.prints(/: one \| two \\x1b\[31m\n/);
	daemon.child.kill('SIGKILL');
	await daemon.ended;
	await startDaemon(new URL(url).port);
	assert.equal((await ann.run('post', 'general', 'back again')).code, 0);
	assert.equal((await ann.run('post', 'general', 'last')).code, 0);
	const heard = await ear.done;
	assert.equal(heard.code, 0, heard.err);
	assert.match(heard.out, /ann: back again\n.*ann: last\n$/);
	assert.equal(heard.out.trimEnd().split('\n').length, 4);
});

test('a person is reached by name', async (t) => {
	const [ann, ben] = [await person(t, 'ann'), await person(t, 'ben')];
	const posted = await ann.run('post', '@ben', 'for you alone');
	assert.equal(posted.code, 0, posted.err);
	assert.match((await ben.run('channels')).out, /^@ann +D/m);
	assert.equal((await ann.run('post', '#nowhere', 'x')).code, 5);
});

test('a token is made for a script, and revoked', async (t) => {
	const ann = await person(t, 'ann');
	const made = await ann.json('token', 'create', 'ci', '--scopes', 'read');
	const script = (...args) => opsroom(folder(t), ['--url', url, '--token', made.token, ...args]);
	assert.equal((await script('alerts')).code, 0);
	assert.equal((await script('token', 'create', 'more')).code, 4);
	assert.equal((await ann.run('token', 'revoke', made.id)).code, 0);
	assert.equal((await script('alerts')).code, 3);
});

test('run does what the chat does', async (t) => {
	const ben = await person(t, 'ben');
	const help = await ben.run('run', 'help');
	assert.equal(help.code, 0, help.err);
	assert.match(help.out, /ack/);
	assert.notEqual((await ben.run('run', 'no such command')).code, 0);
});

test('demo plays its story to the end', async (t) => {
	const home = folder(t);
	const run = await opsroom(home, ['--data', data, 'demo', '--fast']);
	assert.equal(run.code, 0, run.err);
	assert.match(run.out, /^3\. All three are well again: alert \S+ is resolved\.$/m);
	const again = await opsroom(home, ['--data', data, '--json', 'demo', '--fast']);
	assert.equal(again.code, 0, again.err);
	assert.equal(JSON.parse(again.out).state, 'resolved');
});
