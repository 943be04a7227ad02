// tools/screenshot.mjs [FILE] -- docs/console.png: the console in the middle of a small story, from a real daemon.
//
// Needs build/opsroomd, chromium and the packages of web/; the folder of the programs is OPSROOM_BUILD (default: build).

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { go_to, message, room_start, see } from '../tests/web/harness.mjs';

const file = resolve(process.argv[2] ?? new URL('../docs/console.png', import.meta.url).pathname);

// Whose the alerts are.
const alerting = `
services:
  - name: checkout
    matchers: ['service="checkout"']
    team: Shop
    links: [{title: Dashboard, url: "https://grafana.example.com/d/checkout"}]
`;

function alert(name, severity, summary, description, labels) {
	return {
		labels: { alertname: name, severity, ...labels }, annotations: { summary, description, runbook_url: `https://wiki.example.com/runbooks/${name}` },
		generatorURL: 'https://prometheus.example.com/graph',
	};
}

async function read_all(room) {
	const { channels } = await room.ann.call('GET', '/v1/boot');

	for (const { id, latest } of channels.filter((channel) => channel.is_member && channel.latest))
		await room.ann.slack('conversations.mark', { channel: id, ts: latest });
}

// What happened before the picture is taken.
async function story(room) {
	await room.person('chloe');
	const deploys = await room.channel('deploys', 'ben', 'chloe');
	const { channels } = await room.ann.slack('conversations.list', { limit: 200 });
	const alerts = channels.find((channel) => channel.name === 'sre-alerts').id;

	for (const person of ['ben', 'chloe'])
		await room[person].slack('conversations.join', { channel: alerts });
	await read_all(room);
	const made = await room.ann.call('POST', '/v1/provision', 'sources: [{name: argocd, tool: generic, channel: deploys}]\n', 'application/yaml');

	await room.ann.call('POST', new URL(made.sources.argocd.url).pathname, { title: 'checkout 4.12 is out to 25 %', status: 'info', url: 'https://argocd.example.com/checkout', starts_at: new Date(Date.now() - 12 * 60000).toISOString(), labels: { service: 'checkout' } });
	await room.ann.call('POST', '/api/v2/alerts', [alert('DiskFillsIn4Hours', 'warning', 'db-3: the disk is full in 4 hours', '', { instance: 'db-3', service: 'orders' })]);
	await room.ann.call('POST', '/api/v2/alerts', [
		alert('DbPoolExhausted', 'critical', 'checkout: no database connection is free', '200 of 200 connections in use for 5 minutes. Orders fail.', { service: 'checkout', cluster: 'eu-1' })]);
	return { alerts, deploys };
}

async function talk(room, page, alerts) {
	await see(message(page, 'no database connection is free'));
	const ts = await message(page, 'no database connection is free').first().getAttribute('data-ts');
	const say = (person, text) => room[person].slack('chat.postMessage', { channel: alerts, thread_ts: ts, text });

	await say('ben', 'It began with *checkout 4.12*: one connection per request.');
	await say('chloe', 'Rolling back:\n```\n$ kubectl -n checkout rollout undo deploy/checkout\ndeployment.apps/checkout rolled back\n```');
	await say('ben', 'Pool is at 140 of 200 and falling :+1:');
	await room.chloe.slack('reactions.add', { channel: alerts, timestamp: ts, name: 'eyes' });
	await message(page, 'no database connection is free').getByRole('button', { name: 'Acknowledge' }).click();
	await see(message(page, 'no database connection is free').filter({ hasText: /acknowledged by/i }));
	await message(page, 'no database connection is free').locator('.thread-summary').click();
	await see(page.locator('.thread .message', { hasText: 'falling' }));
}

const folder = await mkdtemp(join(tmpdir(), 'opsroom-screenshot-'));

await writeFile(join(folder, 'alerting.yaml'), alerting);
const room = await room_start({ options: ['--alerting', join(folder, 'alerting.yaml')] });

try {
	const { alerts, deploys } = await story(room);
	const page = await room.enter('ann', { viewport: { width: 1360, height: 820 }, colorScheme: 'light' });

	await go_to(page, 'sre-alerts');
	await talk(room, page, alerts);
	await room.chloe.slack('chat.postMessage', { channel: deploys, text: '<!here> deploys are stopped until checkout is well' });
	await see(page.locator(`[data-channel="${deploys}"] .badge`));
	await page.mouse.move(0, 0);
	await mkdir(dirname(file), { recursive: true });
	await page.screenshot({ path: file });
	console.log(file);
} finally {
	await room.end();
	await rm(folder, { recursive: true });
}
