// A disk that is full or cannot be written: a clear answer, no loss, and it goes on by itself when the disk is well again.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, ftruncateSync, mkdtempSync, mkdirSync, openSync, rmSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, daemon, until } from './daemon.mjs';

const clock = ['--clock', '2026-03-02T02:00:00Z'];

// A small disk of the test's own; a sentence when the system does not let us have one.
function smallDisk(t, size) {
	const dir = mkdtempSync(join(tmpdir(), 'opsroom-disk-'));
	const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir], { encoding: 'utf8' });
	if (mounted.status !== 0) {
		rmSync(dir, { recursive: true });
		t.skip(`a small disk cannot be mounted here: ${(mounted.stderr || mounted.error.message).split('\n')[0]}`);
		return null;
	}
	t.after(() => {
		spawnSync('umount', ['-l', dir]);
		rmSync(dir, { recursive: true, force: true });
	});
	return dir;
}

// Takes what is left of a disk but for a few bytes; what it answers gives it back.
function fill(dir, leave = 0) {
	const file = join(dir, 'ballast'), fd = openSync(file, 'w'), block = Buffer.alloc(4096);
	let size = 0;
	try {
		for (let n; (n = writeSync(fd, block)) > 0;) size += n;
	} catch (e) {
		assert.equal(e.code, 'ENOSPC');
	}
	ftruncateSync(fd, Math.max(0, size - leave));
	closeSync(fd);
	return () => unlinkSync(file);
}

async function ask(d, path, body, headers = {}) {
	const r = await fetch(d.url + path, { method: 'POST', body: JSON.stringify(body), headers: { authorization: `Bearer ${d.token}`, 'content-type': 'application/json', ...headers } });
	const text = await r.text();
	return { status: r.status, retry: r.headers.get('retry-after'), text, json: text.startsWith('{') ? JSON.parse(text) : null };
}

const post = (d, text) => ask(d, '/api/chat.postMessage', { channel: '#ops', text });
const fire = (d, name) => ask(d, new URL(d.made.sources.prod.url).pathname, { version: '4', status: 'firing', groupKey: name,
	alerts: [{ status: 'firing', labels: { alertname: name }, annotations: {}, startsAt: '2026-03-02T01:59:00Z' }] });
const metric = async (d, name) => Number(new RegExp(`^opsroom_${name} (\\S+)$`, 'm').exec(await (await fetch(`${d.url}/metrics`)).text())[1]);

async function ready(d) {
	const r = await fetch(`${d.url}/readyz`);
	return { status: r.status, text: await r.text() };
}

async function texts(d, channel) {
	const found = [];
	for (let cursor = ''; ;) {
		const page = await d.api(`/api/conversations.history?channel=${d.made.channels[channel].id}&limit=500&cursor=${encodeURIComponent(cursor)}`);
		found.push(...page.messages.filter((m) => !m.subtype?.startsWith('channel_')).map((m) => m.text));
		cursor = page.response_metadata.next_cursor;
		if (!cursor) return found;
	}
}

// Messages and alerts until the disk takes no more; what was answered with yes.
async function loadUntilRefused(d) {
	const answered = { messages: [], alerts: [] };
	for (let i = 0; i < 3000; i++) {
		const text = `message ${i} ${'x'.repeat(3000)}`, name = `alert ${i}`;
		const said = await post(d, text);
		if (said.status === 200) answered.messages.push(text);
		const fired = i % 10 ? said : await fire(d, name);
		if (i % 10 === 0 && fired.status === 200) answered.alerts.push(name);
		if (said.status !== 200 && fired.status !== 200) return answered;
	}
	throw new Error('the disk never got full');
}

// What everybody must see while nothing can be written.
async function checkRefusals(d, why) {
	const problem = await ask(d, '/v1/commands', { line: 'whoami' });
	assert.equal(problem.status, 507, problem.text);
	assert.equal(problem.json.code, 'storage_full');
	assert.match(problem.json.detail, why);
	assert.ok(problem.retry);
	const hook = await fire(d, 'late');
	assert.equal(hook.status, 507, hook.text);
	assert.match(hook.json.detail, why);
	const slack = await post(d, 'refused');
	assert.deepEqual([slack.status, slack.json.ok, slack.json.error], [503, false, 'service_unavailable']);
	assert.ok(slack.retry);
	const { status, text } = await ready(d);
	assert.equal(status, 503);
	assert.match(text, why);
	assert.equal((await fetch(`${d.url}/healthz`)).status, 200);
	assert.equal(await metric(d, 'store_writable'), 0);
}

async function checkNothingLost(d, answered) {
	await d.api('/v1/advance', { body: { by: '1m' }, token: d.adminToken() }); // what was claimed and not done is tried again
	assert.equal((await d.api('/v1/status')).outbox.waiting, 0);
	const said = await texts(d, 'ops'), told = await texts(d, 'sre-alerts');
	for (const text of answered.messages) assert.ok(said.includes(text), `lost: ${text.slice(0, 20)}`);
	assert.equal(new Set(said).size, said.length, 'no message twice');
	assert.ok(!said.includes('refused'));
	for (const name of answered.alerts) assert.equal(told.filter((m) => m.startsWith(`[FIRING:1] ${name} (`)).length, 1, `${name} is told once`);
	assert.ok(!told.some((m) => m.includes('late')));
	const { alerts } = await d.api('/v1/alerts?limit=1000');
	assert.deepEqual(alerts.map((a) => a.title).sort(), [...answered.alerts].sort());
	assert.deepEqual((await d.api('/v1/audit/verify')).bad, []);
}

test('a full disk: refusals say what to do, reads go on, and with room again it goes on by itself', { timeout: 120000 }, async (t) => {
	const disk = smallDisk(t, '16m');
	if (!disk) return;
	const d = await daemon(clock, { data: join(disk, 'data') });
	t.after(() => d.stop());
	await fire(d, 'before');
	const makeRoom = fill(disk);
	const answered = await loadUntilRefused(d);
	answered.alerts.push('before');
	await checkRefusals(d, /disk is full: make room on it/);
	assert.ok((await texts(d, 'ops')).length >= answered.messages.length, 'reads go on');

	// Nobody asks for anything to be written; it is tried, but not all the time.
	const batches = await metric(d, 'work_batches_total'), began = Date.now();
	await until(async () => await metric(d, 'work_batches_total') >= batches + 3, 'it is tried by itself');
	assert.ok(await metric(d, 'work_batches_total') < batches + 10 + (Date.now() - began) / 100, 'it does not spin');
	assert.equal((await ready(d)).status, 503);

	makeRoom();
	await until(async () => (await ready(d)).status === 200, 'it is ready by itself');
	assert.match(d.log, / error store\.failed error="the database cannot be written, its disk is full: make room on it"\n[^]* info store\.well /);
	const after = await post(d, 'room again');
	assert.equal(after.json?.ok, true, after.text);
	answered.messages.push('room again');
	await checkNothingLost(d, answered);
	await d.kill();
	await d.restart();
	await checkNothingLost(d, answered);
});

test('files that cannot be written: the same, and no signal ends the daemon', { timeout: 120000 }, async (t) => {
	if (spawnSync('prlimit', ['--version']).error) {
		t.skip('prlimit is not installed: apt-get install util-linux');
		return;
	}
	const d = await daemon(clock);
	t.after(() => d.stop());
	const answered = { messages: ['one'], alerts: ['first'] };
	assert.equal((await post(d, 'one')).json.ok, true);
	assert.equal((await fire(d, 'first')).status, 200);
	const limit = (bytes) => assert.equal(spawnSync('prlimit', [`--pid=${d.pid}`, `--fsize=${bytes}:`]).status, 0);
	limit(0);
	assert.equal((await post(d, 'refused')).status, 503);
	await checkRefusals(d, /disk I\/O error\): look after its disk/);
	assert.deepEqual(await texts(d, 'ops'), ['one']);
	limit('unlimited');
	await until(async () => (await ready(d)).status === 200, 'it is ready by itself');
	assert.equal((await post(d, 'two')).json?.ok, true);
	answered.messages.push('two');
	await checkNothingLost(d, answered);
	await d.kill();
	await d.restart();
	await checkNothingLost(d, answered);
});

const tryToStart = (data) => spawnSync(bin, ['--data', data, '--listen', '127.0.0.1:0'], { encoding: 'utf8', timeout: 10000 });

test('a first start on a full disk says so, and the next one with room is a first start', async (t) => {
	const disk = smallDisk(t, '3m');
	if (!disk) return;
	const data = join(disk, 'data');
	mkdirSync(data, { mode: 0o700 });
	for (const pages of [0, 1, 2, 3, 4, 8, 12, 16, 20, 24, 32, 40, 48]) { // wherever it gets stuck
		const makeRoom = fill(disk, pages * 4096);
		const filled = tryToStart(data);
		makeRoom();
		assert.equal(filled.status, 7, `with ${pages} pages: ${filled.stderr}`);
		assert.match(filled.stderr, /^opsroomd: .*(No space left on device|disk is full: make room on it)/m);
	}
	const d = await daemon(clock, { data: join(disk, 'data') });
	t.after(() => d.stop());
	assert.match(d.adminToken(), /^xoxp-/);
	assert.equal((await d.api('/v1/me', { token: d.adminToken() })).name, 'local-admin');
	assert.equal((await post(d, 'well')).json.ok, true);
});

test('a start on a disk that can only be read says so', async (t) => {
	const disk = smallDisk(t, '4m');
	if (!disk) return;
	const d = await daemon(clock, { data: join(disk, 'data') });
	await post(d, 'kept');
	await d.kill();
	t.after(() => d.stop());
	assert.equal(spawnSync('mount', ['-o', 'remount,ro', disk]).status, 0);
	const refused = tryToStart(join(disk, 'data'));
	assert.equal(refused.status, 7, refused.stderr);
	assert.match(refused.stderr, /^opsroomd: \S+\/data.*: Read-only file system/m);
	assert.equal(spawnSync('mount', ['-o', 'remount,rw', disk]).status, 0);
	await d.restart();
	assert.deepEqual(await texts(d, 'ops'), ['kept']);
});

test('a data directory of somebody else is refused with its name', (t) => {
	const dir = mkdtempSync(join(tmpdir(), 'opsroom-test-'));
	t.after(() => rmSync(dir, { recursive: true, force: true }));
	if (process.getuid() === 0) {
		t.skip('root may write everywhere');
		return;
	}
	chmodSync(dir, 0o500);
	const refused = tryToStart(dir);
	chmodSync(dir, 0o700);
	assert.equal(refused.status, 7, refused.stderr);
	assert.match(refused.stderr, /^opsroomd: \S+: Permission denied/m);
});

// What a sender hears to its last line: the replies' codes.
const mail = (port, key, subject) => new Promise((done, failed) => {
	const socket = connect(port, '127.0.0.1').setEncoding('utf8');
	let heard = '';
	socket.on('data', (s) => { heard += s; }).on('error', failed).on('end', () => done([...heard.matchAll(/^(\d{3}) /gm)].map(([, code]) => code).join(' ')));
	socket.write(`HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<${key}@x>\r\nDATA\r\nSubject: ${subject}\r\n\r\n.\r\nQUIT\r\n`);
});

test('a full disk: who sends mail is told to try again, and the key is still known', { timeout: 120000 }, async (t) => {
	const disk = smallDisk(t, '16m');
	if (!disk) return;
	const d = await daemon([...clock, '--smtp-listen', '127.0.0.1:0'], { data: join(disk, 'data') });
	t.after(() => d.stop());
	const file = join(disk, 'mail.yaml');
	writeFileSync(file, 'sources: [{name: mails, tool: email, channel: sre-alerts}]\n');
	const { key } = JSON.parse(execFileSync(bin, ['provision', '--data', d.data, file], { encoding: 'utf8' })).sources.mails;
	assert.equal(await mail(d.smtpPort(), key, 'DOWN: before'), '220 250 250 250 354 250 221');
	const free = fill(disk);
	await until(async () => (await mail(d.smtpPort(), key, `DOWN: late ${'x'.repeat(900)}`)) === '220 250 250 250 354 451 221', 'mail is told to come again');
	free();
	await until(async () => (await mail(d.smtpPort(), key, 'DOWN: again')) === '220 250 250 250 354 250 221', 'mail is taken again');
	assert.ok((await d.api('/v1/alerts')).alerts.some((g) => g.title === 'DOWN: again'));
});
