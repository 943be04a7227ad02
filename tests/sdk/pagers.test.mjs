// What pages a paging service pages us by another address: Debian's Alertmanager, and the services' own npm packages.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { Agent } from 'node:https';
import { connect, createServer } from 'node:net';
import tls from 'node:tls';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acknowledge, change, event, resolve, trigger } from '@pagerduty/pdjs';
import opsgenie from 'opsgenie-sdk';
import { missing } from './counterparts.mjs';
import { bin, daemon, until } from './daemon.mjs';

const freePort = () => new Promise((resolve) => { const s = createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => resolve(port)); }); });
const skip = missing('prometheus-alertmanager', 'prometheus-alertmanager');
const tools = { pd: 'pagerduty_events', og: 'opsgenie_api', vo: 'victorops' };
let d, dir, sources;

before(async () => {
	d = await daemon();
	dir = mkdtempSync(join(tmpdir(), 'opsroom-pagers-'));
	const file = join(dir, 'pagers.yaml');
	writeFileSync(file, `sources: [${Object.entries(tools).map(([name, tool]) => `{name: ${name}, tool: ${tool}, channel: sre-alerts}`)}]\n`);
	({ sources } = JSON.parse(execFileSync(bin, ['provision', '--data', d.data, file], { encoding: 'utf8' })));
});
after(async () => {
	await d.stop();
	rmSync(dir, { recursive: true, force: true });
});

const groups = async (name, state = 'all') => (await d.api(`/v1/alerts?state=${state}`)).alerts.filter((g) => g.title.includes(name));

test('Alertmanager: what fires and resolves reaches us by every receiver', { skip, timeout: 60000 }, async () => {
	const port = await freePort();
	writeFileSync(join(dir, 'am.yml'), `route: {receiver: all, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
receivers:
- name: all
  pagerduty_configs: [{url: '${sources.pd.enqueue_url}', routing_key: '${sources.pd.key}', severity: error}]
  opsgenie_configs: [{api_url: '${sources.og.opsgenie_url}', api_key: '${sources.og.key}', priority: P2}]
  victorops_configs: [{api_url: '${d.url}/integrations/generic/20131114/alert/', api_key: '${sources.vo.key}', routing_key: any}]
`);
	const am = spawn('prometheus-alertmanager', [`--config.file=${join(dir, 'am.yml')}`, `--storage.path=${join(dir, 'am')}`, `--web.listen-address=127.0.0.1:${port}`, '--cluster.listen-address='], { stdio: 'ignore' });
	const say = (ends) => fetch(`http://127.0.0.1:${port}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' },
		body: JSON.stringify([{ labels: { alertname: 'Toggle', instance: 'db-1' }, ...(ends && { endsAt: new Date().toISOString() }) }]) }).then((r) => assert.ok(r.ok));
	const count = Object.keys(tools).length;
	try {
		await until(() => fetch(`http://127.0.0.1:${port}/-/ready`).then((r) => r.ok, () => false), 'Alertmanager is ready');
		await say();
		await until(async () => (await groups('Toggle', 'firing')).length === count, 'each receiver has opened a group');
		await say(true);
		await until(async () => (await groups('Toggle', 'resolved')).length === count, 'each receiver has resolved its group', 30000);
		assert.equal((await groups('Toggle')).length, count);
		assert.doesNotMatch(d.log, /refused/);
	} finally {
		am.kill('SIGTERM');
	}
});

// pdjs knows only https: in front of the daemon stands what ends TLS.
test('@pagerduty/pdjs: trigger, acknowledge, resolve, change and a refusal', { skip: missing('openssl', 'openssl') }, async () => {
	const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(dir, name));
	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
		'-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' });
	const front = tls.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (from) => {
		const to = connect(new URL(d.url).port, '127.0.0.1');
		from.pipe(to).pipe(from);
		for (const [one, other] of [[from, to], [to, from]]) one.on('error', () => other.destroy());
	});
	await new Promise((done) => front.listen(0, '127.0.0.1', done));
	const agent = new Agent({ ca: readFileSync(cert), lookup: (host, options, done) => (options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)) });
	const call = (send, data) => send({ server: `localhost:${front.address().port}`, agent, data: { routing_key: sources.pd.key, ...data } });
	try {
		const first = await call(trigger, { payload: { summary: 'Paged by pdjs', source: 'test', severity: 'critical' } });
		assert.equal(first.response.status, 202);
		assert.equal(first.data.status, 'success');
		const { dedup_key } = first.data;
		assert.equal((await groups('Paged by pdjs', 'firing')).length, 1);
		assert.equal((await call(acknowledge, { dedup_key })).response.status, 202);
		assert.equal((await groups('Paged by pdjs', 'acknowledged')).length, 1);
		assert.equal((await call(resolve, { dedup_key })).data.dedup_key, dedup_key);
		assert.equal((await groups('Paged by pdjs', 'resolved')).length, 1);
		assert.equal((await call(change, { payload: { summary: 'Deployed by pdjs' } })).response.status, 202);
		const refused = await call(event, { event_action: 'shout' });
		assert.equal(refused.response.status, 400);
		assert.deepEqual(refused.data.errors, ['event_action must be trigger, acknowledge or resolve']);
	} finally {
		agent.destroy();
		front.close();
	}
});

test('opsgenie-sdk: create, acknowledge, close, the status of a request and a refusal', async () => {
	opsgenie.configure({ host: d.url, api_key: sources.og.key });
	const call = (name, ...args) => new Promise((done) => opsgenie.alertV2[name](...args, (error, result) => done(error ?? result)));
	const whole = { message: 'Paged by the SDK', alias: 'sdk/1', priority: 'P1', tags: ['one', 'two'], details: { host: 'db-1' } };
	const { requestId } = await call('create', whole);
	const { data } = await call('getRequestStatus', requestId);
	assert.deepEqual([data.isSuccess, data.action, data.alias], [true, 'Create', 'sdk/1']);
	const [group] = await groups('Paged by the SDK', 'firing');
	assert.deepEqual([group.severity, group.labels.host, group.long_id], ['critical', 'db-1', data.alertId]);
	assert.equal((await call('acknowledge', { identifier: data.alertId, identifierType: 'id' }, { user: 'ben' })).result, 'Request will be processed');
	assert.equal((await groups('Paged by the SDK', 'acknowledged')).length, 1);
	assert.ok((await call('close', { identifier: group.id, identifierType: 'tiny' }, {})).requestId);
	assert.equal((await groups('Paged by the SDK', 'resolved')).length, 1);
	const refused = await call('create', { alias: 'sdk/2' });
	assert.deepEqual([refused.httpStatusCode, refused.message], [422, 'message is needed']);
});
