// Debian's Prometheus and Alertmanager: a rule fires and the message appears; it resolves and the same message is updated.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missing } from './counterparts.mjs';
import { daemon, until } from './daemon.mjs';

const freePort = () => new Promise((resolve) => { const s = createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => resolve(port)); }); });
const skip = missing('prometheus-alertmanager', 'prometheus-alertmanager') || missing('prometheus', 'prometheus');
const children = [];
let d, dir, amPort;

function launch(program, args) {
	const child = spawn(program, args, { stdio: 'ignore' });
	children.push(child);
}
before(async () => {
	if (skip) return;
	d = await daemon();
	dir = mkdtempSync(join(tmpdir(), 'opsroom-am-'));
	amPort = await freePort();
	const promPort = await freePort();
	writeFileSync(join(dir, 'am.yml'), `route: {receiver: opsroom, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
receivers:
- name: opsroom
  webhook_configs: [{url: '${d.made.sources.prod.url}', send_resolved: true}]
  slack_configs: [{api_url: '${d.made.webhooks.ci.url}', channel: '#ops', send_resolved: true}]
`);
	writeFileSync(join(dir, 'rules.yml'), `groups: [{name: g, interval: 1s, rules: [{alert: Toggle, expr: 'hour() >= 0 and on() (absent(up{job="off"}))', labels: {severity: page}, annotations: {summary: 'the toggle is on'}}]}]\n`);
	writeFileSync(join(dir, 'prom.yml'), `global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [${join(dir, 'rules.yml')}]
alerting: {alertmanagers: [{static_configs: [{targets: ['127.0.0.1:${amPort}']}]}]}
`);
	launch('prometheus-alertmanager', [`--config.file=${join(dir, 'am.yml')}`, `--storage.path=${join(dir, 'am')}`, `--web.listen-address=127.0.0.1:${amPort}`, '--cluster.listen-address=']);
	await until(() => fetch(`http://127.0.0.1:${amPort}/-/ready`).then((r) => r.ok, () => false), 'Alertmanager is ready');
	launch('prometheus', [`--config.file=${join(dir, 'prom.yml')}`, `--storage.tsdb.path=${join(dir, 'tsdb')}`, `--web.listen-address=127.0.0.1:${promPort}`, '--web.enable-lifecycle']);
	d.reloadPrometheus = async () => assert.ok((await fetch(`http://127.0.0.1:${promPort}/-/reload`, { method: 'POST' })).ok);
});
after(async () => {
	if (skip) return;
	for (const c of children) c.kill('SIGTERM');
	await d.stop();
	rmSync(dir, { recursive: true, force: true });
});

const inChannel = async (name) => (await d.api(`/api/conversations.history?channel=%23${name}`)).messages.filter((m) => m.bot_id && /Toggle|toggle/.test(JSON.stringify(m)));

test('fires, is acknowledged, resolves: one message throughout', { skip, timeout: 150000 }, async () => {
	const [first] = await until(async () => { const m = await inChannel('sre-alerts'); return m.length && m; }, 'the alert is in #sre-alerts', 100000);
	assert.match(first.text, /^\[FIRING:1\]/);
	await until(async () => (await inChannel('ops')).length > 0, "Alertmanager's own slack_configs reached the webhook");
	const button = first.attachments[0].blocks.find((b) => b.type === 'actions').elements.find((e) => e.action_id === 'alert.ack');
	const channel = d.made.channels['sre-alerts'].id;
	assert.equal((await d.api('/api/blocks.actions', { body: { container: { type: 'message', channel_id: channel, message_ts: first.ts }, actions: [button] } })).ok, true);
	await until(async () => JSON.stringify((await inChannel('sre-alerts'))[0]).includes(`acknowledged by <@${d.made.users.ann.id}>`), 'the message shows who has it');
	writeFileSync(join(dir, 'rules.yml'), `groups: [{name: g, interval: 1s, rules: [{alert: Toggle, expr: 'vector(0) > 1', labels: {severity: page}}]}]\n`);
	await d.reloadPrometheus();
	const posts = await fetch(`http://127.0.0.1:${amPort}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' },
		body: JSON.stringify([{ labels: { alertname: 'Toggle', severity: 'page' }, endsAt: new Date().toISOString() }]) });
	assert.ok(posts.ok);
	await until(async () => (await inChannel('sre-alerts'))[0].text.startsWith('[RESOLVED]'), 'the same message says that it is resolved', 60000);
	const now = await inChannel('sre-alerts');
	assert.equal(now.length, 1);
	assert.equal(now[0].ts, first.ts);
	assert.equal(now[0].attachments[0].color, '2eb886');
});
