// Debian's amtool against our Alertmanager API: what it adds fires, what it asks for it understands.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

test('amtool shows where alerts go', { skip }, async () => {
	assert.match(await good('config', 'show'), /receiver: "?sre-alerts/);
	assert.match(await good('config', 'routes', 'show'), /default-route {2}receiver: sre-alerts/);
	assert.equal((await good('config', 'routes', 'test', 'severity=critical')).trim(), 'sre-alerts');
	assert.match(await good('cluster', 'show'), /disabled/);
});

test('amtool silence add, query, update, expire, import', { skip }, async () => {
	const now = await daemon(); // amtool looks at its own clock
	try {
		await silences(now);
	} finally {
		await now.stop();
	}
});
async function silences(now) {
	const amtool = (...args) => run('amtool', [`--alertmanager.url=${now.url}`, ...args]);
	const good = async (...args) => {
		const { code, out, err } = await amtool(...args);
		assert.equal(code, 0, `amtool ${args.join(' ')}: ${err}${out}`);
		return out;
	};
	await good('alert', 'add', 'Slow', 'severity=critical', 'instance=web-1');
	await good('alert', 'add', 'Slow', 'severity=warning', 'instance=web-2');
	const id = (await good('silence', 'add', 'alertname=Slow', 'severity=~crit.*', '--comment=moving disks', '--author=ann', '--duration=2h')).trim();
	assert.match(id, /^[0-9a-f-]{36}$/);
	const query = async (...args) => JSON.parse(await good('silence', 'query', '-o', 'json', ...args));
	const [made] = await query();
	assert.equal(made.id, id);
	assert.deepEqual([made.comment, made.createdBy, made.status.state], ['moving disks', 'ann', 'active']);
	assert.deepEqual(made.matchers.map((m) => [m.name, m.value, m.isRegex, m.isEqual]), [['alertname', 'Slow', false, true], ['severity', 'crit.*', true, true]]);
	const minutes = (s) => Math.round((Date.parse(s.endsAt) - Date.parse(s.startsAt)) / 60000); // it begins when it came
	assert.equal(minutes(made), 120);
	assert.match(await good('silence', 'query'), new RegExp(`^${id} .*moving disks`, 'm'));
	assert.equal((await good('silence', 'query', '-q', 'alertname=Slow')).trim(), id);
	assert.equal((await good('silence', 'query', '-q', 'alertname=Fast')).trim(), '');
	assert.equal((await good('silence', 'query', '-q', '--created-by=ann')).trim(), id);

	assert.deepEqual(JSON.parse(await good('alert', 'query', '--silenced', '-o', 'json')).map((a) => [a.labels.instance, a.status.silencedBy]), [['web-1', [id]]]);
	assert.deepEqual(JSON.parse(await good('alert', 'query', 'alertname=Slow', '-o', 'json')).map((a) => a.labels.instance), ['web-2'], 'without --silenced it is not listed');

	assert.match(await good('silence', 'update', id, '--comment=it takes longer', '--duration=4h'), new RegExp(`^${id} .*it takes longer`, 'm')); // an active one keeps its id
	const [updated] = await query();
	assert.deepEqual([updated.comment, minutes(updated)], ['it takes longer', 240]);

	const exported = await good('silence', 'query', '-o', 'json');
	await good('silence', 'expire', id);
	assert.equal((await good('silence', 'query', '-q')).trim(), '');
	assert.deepEqual((await query('--expired')).map((s) => [s.id, s.status.state]), [[id, 'expired']]);
	await good('silence', 'expire', id);
	assert.deepEqual(JSON.parse(await good('alert', 'query', '--silenced', '-o', 'json')), []);

	const { code, out, err } = await run('amtool', [`--alertmanager.url=${now.url}`, 'silence', 'import', '--force'], exported);
	assert.equal(code, 0, err);
	const [again] = await query();
	assert.deepEqual([again.comment, again.id === id], ['it takes longer', false], out);
	await good('silence', 'expire', again.id);

	const none = await amtool('silence', 'expire', '00000000-0000-0000-0000-000000000001');
	assert.equal(none.code, 1);
	assert.match((await amtool('silence', 'add', 'x=y', 'alertname=~(', '--comment=x', '--author=ann')).err, /missing closing \)/);
	assert.match((await amtool('silence', 'add', 'alertname=Slow', '--author=ann')).err, /comment required/);
}

test('with an alerting file amtool shows its routes, and tests them', { skip }, async () => {
	const dir = mkdtempSync(join(tmpdir(), 'opsroom-amtool-')), file = join(dir, 'alerting.yaml');
	writeFileSync(file, `route:
  receiver: everybody
  routes:
  - {matchers: ['severity="page"'], receiver: everybody, group_by: [cluster, alertname], continue: true}
  - matchers: ['team=~"pay.*"', 'note!="it''s \\"so\\" \\\\"']
    receiver: payments
    group_wait: 90s
    active_time_intervals: [office]
    routes: [{matchers: ['severity="info"'], receiver: source, group_by: ['...']}]
  - {matchers: ['__source__="prod"'], receiver: service, repeat_interval: 1d}
receivers: [{name: everybody, channel: sre-alerts}, {name: payments, channel: ops}]
inhibit_rules: [{source_matchers: ['alertname="HostDown"'], target_match: {severity: warning}, equal: [host]}]
time_intervals: [{name: office, time_intervals: [{times: [{start_time: '09:00', end_time: '17:00'}], weekdays: ['monday:friday'], days_of_month: ['1:5', '-3:-1'], months: ['january:march'], years: ['2026:2028'], location: Europe/Berlin}]}]
services: [{name: pay, matchers: ['team="payments"'], team: pay}]
storm: {groups: 5, within: 1m}
`);
	const routed = await daemon(['--alerting', file]);
	const ask = (...args) => run('amtool', [`--alertmanager.url=${routed.url}`, 'config', ...args]);
	try {
		const shown = await ask('show');
		assert.equal(shown.code, 0, shown.err);
		writeFileSync(join(dir, 'shown.yml'), shown.out);
		const checked = await run('amtool', ['check-config', join(dir, 'shown.yml')]);
		assert.equal(checked.code, 0, checked.out + checked.err);
		assert.match(checked.out, /1 inhibit rules[\s\S]*4 receivers/);
		const tree = await ask('routes', 'show');
		assert.match(tree.out, /receiver: everybody[\s\S]*receiver: payments[\s\S]*receiver: source[\s\S]*receiver: service/);
		for (const [labels, receivers] of [
			[['severity=page'], 'everybody'], [['severity=page', 'team=payments'], 'everybody,payments'], [['team=pay', 'severity=info'], 'source'],
			[['team=pay', 'note="it\'s \\"so\\" \\\\"'], 'everybody'], [['__source__=prod'], 'service'], [['x=y'], 'everybody'],
		]) {
			const tested = await ask('routes', 'test', `--verify.receivers=${receivers}`, ...labels);
			assert.deepEqual([tested.code, tested.out.trim()], [0, receivers], `${labels} ${tested.err}`);
		}
		assert.equal((await ask('routes', 'test', '--verify.receivers=nobody', 'x=y')).code, 1);
	} finally {
		await routed.stop();
		rmSync(dir, { recursive: true });
	}
});
