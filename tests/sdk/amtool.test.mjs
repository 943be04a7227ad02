// Debian's amtool against our Alertmanager API: what it adds fires, what it asks for it understands.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { missing, run } from './counterparts.mjs';
import { daemon } from './daemon.mjs';

const skip = missing('amtool', 'prometheus-alertmanager');
let d;
before(async () => { d = skip ? null : await daemon(['--clock', '2026-03-02T02:00:00Z']); });
after(() => d?.stop());

const amtool = (...args) => run('amtool', [`--alertmanager.url=${d.url}`, ...args]);
async function good(...args) {
	const { code, out, err } = await amtool(...args);
	assert.equal(code, 0, `amtool ${args.join(' ')}: ${err}${out}`);
	return out;
}

test('amtool alert add makes an alert, and alert query shows it', { skip }, async () => {
	await good('alert', 'add', 'DiskFull', 'severity=page', 'instance=db-1', '--annotation=summary=/var of db-1 is full');
	await good('alert', 'add', 'alertname=QueueGrows', 'instance=mq-1', '--end=2026-03-02T02:10:00Z', '--generator-url=http://prom.example.com/g');
	const listed = JSON.parse(await good('alert', 'query', '-o', 'json'));
	assert.deepEqual(listed.map((a) => a.labels.alertname).sort(), ['DiskFull', 'QueueGrows']);
	const disk = listed.find((a) => a.labels.alertname === 'DiskFull'), queue = listed.find((a) => a !== disk);
	assert.deepEqual(disk.labels, { alertname: 'DiskFull', instance: 'db-1', severity: 'page' });
	assert.equal(disk.annotations.summary, '/var of db-1 is full');
	assert.equal(disk.status.state, 'active');
	assert.match(disk.fingerprint, /^[0-9a-f]{16}$/);
	assert.equal(Date.parse(disk.startsAt), Date.parse('2026-03-02T02:00:00Z'), 'amtool sends no start: it is now');
	assert.equal(Date.parse(queue.endsAt), Date.parse('2026-03-02T02:10:00Z'));
	assert.equal(queue.generatorURL, 'http://prom.example.com/g');
	assert.match(await good('alert', 'query'), /^DiskFull .*\/var of db-1 is full/m);
	assert.match(await good('alert', 'query', '-o', 'extended'), /instance="mq-1"/);
});

test('added again it is the same alert; ended, it is gone', { skip }, async () => {
	await d.api('/v1/advance', { body: { by: '1m' }, token: d.adminToken() });
	await good('alert', 'add', 'DiskFull', 'severity=page', 'instance=db-1', '--annotation=summary=/var of db-1 is full');
	assert.equal(JSON.parse(await good('alert', 'query', '-o', 'json')).length, 2);
	await good('alert', 'add', 'DiskFull', 'severity=page', 'instance=db-1', '--start=2026-03-02T02:00:00Z', '--end=2026-03-02T02:00:30Z');
	assert.deepEqual(JSON.parse(await good('alert', 'query', '-o', 'json')).map((a) => a.labels.alertname), ['QueueGrows']);
	await d.api('/v1/advance', { body: { by: '15m' }, token: d.adminToken() });
	assert.deepEqual(JSON.parse(await good('alert', 'query', '-o', 'json')), []);
	const { messages } = await d.api('/api/conversations.history?channel=%23sre-alerts');
	assert.deepEqual(messages.filter((m) => m.bot_id).map((m) => m.text.split(']')[0]), ['[RESOLVED', '[RESOLVED']);
});

test("amtool understands a refusal, and a source's key as password", { skip }, async () => {
	const wrong = await amtool('alert', 'add', 'x=y', 'x-y=z');
	assert.equal(wrong.code, 1);
	const { key } = d.made.sources.prod;
	const url = d.url.replace('http://', `http://opsroom:${key}@`);
	const { code, err } = await run('amtool', [`--alertmanager.url=${url}`, 'alert', 'add', 'ByPassword']);
	assert.equal(code, 0, err);
	const refused = await run('amtool', [`--alertmanager.url=${d.url.replace('http://', 'http://opsroom:wrong@')}`, 'alert', 'add', 'Wrong']);
	assert.equal(refused.code, 1);
	assert.match(refused.err, /401/);
	const { alerts } = await d.api('/v1/alerts');
	assert.deepEqual(alerts.map((a) => [a.title, a.source]), [['ByPassword', 'prod']]);
});

test('amtool alert query filters, by labels and by receiver', { skip }, async () => {
	await good('alert', 'add', 'Slow', 'severity=critical', 'instance=web-1', 'team=web');
	await good('alert', 'add', 'Slow', 'severity=warning', 'instance=web-2');
	const query = async (...args) => JSON.parse(await good('alert', 'query', '-o', 'json', ...args)).map((a) => a.labels.instance).sort();
	assert.deepEqual(await query('severity=critical'), ['web-1']);
	assert.deepEqual(await query('alertname=~Sl.*', 'severity!=critical'), ['web-2']);
	assert.deepEqual(await query('alertname=Slow', 'team='), ['web-2']);
	assert.deepEqual(await query('--receiver=sre-.*', 'alertname=Slow'), ['web-1', 'web-2']);
	assert.deepEqual(await query('--receiver=nobody'), []);
	assert.deepEqual(await query('--silenced'), [], 'only what is silenced: nothing');
	assert.match(await good('alert', 'query', 'Slow', 'severity=critical'), /^Slow .* active/m);
	const wrong = await amtool('alert', 'query', 'alertname=Slow', 'team=~(');
	assert.equal(wrong.code, 1);
	assert.match(wrong.err, /missing closing \)/);
});

test('amtool shows where alerts go, and that there are no silences yet', { skip }, async () => {
	assert.match(await good('config', 'show'), /receiver: "?sre-alerts/);
	assert.match(await good('config', 'routes', 'show'), /default-route {2}receiver: sre-alerts/);
	assert.equal((await good('config', 'routes', 'test', 'severity=critical')).trim(), 'sre-alerts');
	assert.match(await good('cluster', 'show'), /disabled/);
	assert.equal((await good('silence', 'query', '-q')).trim(), '');
	const refused = await amtool('silence', 'add', 'alertname=Slow', '--comment=later', '--author=ann');
	assert.equal(refused.code, 1);
	assert.match(refused.err, /opsroom keeps no silences yet/);
});
