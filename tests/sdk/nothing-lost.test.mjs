// SIGKILL under load: what was answered is there, what waits leaves, nothing is doubled, a stream resumes without a gap.
import { test, after, before } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { daemon, until } from './daemon.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const WebSocket = require('ws');
const rounds = Number(process.env.OPSROOM_KILLS || 100);
let d;
before(async () => { d = await daemon(['--clock', '2026-03-02T02:00:00Z']); });
after(() => d.stop());

async function load(round, answered) {
	const channel = d.made.channels.ops.id;
	const one = async (path, body, key) => {
		const r = await fetch(d.url + path, { method: 'POST', body: JSON.stringify(body), headers: { authorization: `Bearer ${d.token}`, 'content-type': 'application/json' } });
		const text = await r.text();
		if (r.ok && (!text.startsWith('{') || JSON.parse(text).ok !== false)) answered.push(key);
	};
	for (let i = 0; ; i++) {
		const name = `r${round}x${i}`;
		await Promise.all([
			one('/api/chat.postMessage', { channel, text: `message ${name}`, client_msg_id: name }, `message ${name}`),
			one(d.made.sources.prod.url.slice(d.url.length), { version: '4', status: 'firing', groupKey: name, alerts: [{ status: 'firing', labels: { alertname: name }, annotations: {}, startsAt: new Date().toISOString() }] }, `alert ${name}`),
			one('/v1/commands', { line: `whoami ` }, `command ${name}`),
		]);
	}
}

test(`${rounds} kills under load`, { timeout: 600000 }, async () => {
	const answered = [];
	for (let round = 0; round < rounds; round++) {
		const run = load(round, answered).catch(() => {});
		await new Promise((r) => setTimeout(r, 5 + Math.random() * 60));
		await d.kill();
		await run;
		await d.restart();
	}
	const messages = [];
	for (let cursor = ''; ;) {
		const page = await d.api(`/api/conversations.history?channel=${d.made.channels.ops.id}&limit=500&cursor=${encodeURIComponent(cursor)}`);
		messages.push(...page.messages.map((m) => m.text));
		cursor = page.response_metadata.next_cursor;
		if (!cursor) break;
	}
	await d.api('/v1/advance', { body: { by: '1m' }, token: d.adminToken() }); // answers when all that is due has happened
	assert.equal((await d.api('/v1/status')).outbox.waiting, 0);
	const { alerts } = await d.api('/v1/alerts?limit=1000');
	const titles = new Set(alerts.map((a) => a.title)), texts = new Set(messages);
	assert.ok(answered.filter((k) => k.startsWith('message')).length > rounds, 'the load was real');
	for (const key of answered.filter((k) => k.startsWith('message'))) assert.ok(texts.has(key), `lost: ${key}`);
	if (alerts.length < 1000) for (const key of answered.filter((k) => k.startsWith('alert'))) assert.ok(titles.has(key.slice(6)), `lost: ${key}`);
	assert.equal(texts.size, messages.length, 'no message twice');
	assert.ok(alerts.every((a) => a.ts), 'every alert was told');
	const told = new Set();
	for (let cursor = ''; ;) {
		const page = await d.api(`/api/conversations.history?channel=${d.made.channels['sre-alerts'].id}&limit=500&cursor=${encodeURIComponent(cursor)}`);
		for (const m of page.messages.filter((x) => x.text.startsWith('['))) {
			assert.ok(!told.has(m.text), `told twice: ${m.text}`);
			told.add(m.text);
		}
		cursor = page.response_metadata.next_cursor;
		if (!cursor) break;
	}
	const audit = await d.api('/v1/audit/verify');
	assert.deepEqual(audit.bad, []);
	assert.ok(audit.records >= answered.filter((k) => k.startsWith('command')).length);
});

test('a stream resumes without a gap and without a double after a kill', async () => {
	const channel = d.made.channels.ops.id;
	const listen = (cursors, enough) => new Promise((resolve, reject) => {
		const seen = [];
		const ws = new WebSocket(`${d.url.replace('http', 'ws')}/stream?token=${d.token}`);
		ws.on('error', reject);
		ws.on('open', () => ws.send(JSON.stringify({ type: 'resume', channels: cursors })));
		ws.on('message', (raw) => {
			const m = JSON.parse(raw);
			if (m.type === 'hello') seen.hello = m;
			if (m.type === 'event' && m.channel === channel) seen.push(m.seq);
			if (seen.hello && enough(seen)) { ws.terminate(); resolve(seen); }
		});
	});
	const { hello } = await listen({}, () => true);
	const from = hello.channels[channel];
	await d.api('/api/chat.postMessage', { body: { channel, text: 'one' } });
	await d.kill();
	await d.restart();
	await d.api('/api/chat.postMessage', { body: { channel, text: 'two' } });
	const live = listen({ [channel]: from }, (s) => s.length === 3);
	await d.api('/api/chat.postMessage', { body: { channel, text: 'three' } });
	assert.deepEqual([...(await live)], [from + 1, from + 2, from + 3]);
});

test('who comes while much is said hears all of it from hello on, once and in order', async () => {
	const channels = ['ops', 'sre-alerts'].map((name) => d.made.channels[name].id);
	const streams = [];
	let left = 1500;
	const open = () => {
		const ws = new WebSocket(`${d.url.replace('http', 'ws')}/stream?token=${d.token}`), stream = { ws, next: {}, wrong: [] };
		streams.push(stream);
		ws.on('open', () => ws.send('{"type":"resume"}'));
		ws.on('message', (raw) => {
			const m = JSON.parse(raw);
			if (m.type === 'hello')
				stream.next = Object.fromEntries(channels.map((c) => [c, m.channels[c] + 1]));
			if (m.type === 'event' && m.seq !== stream.next[m.channel]++)
				stream.wrong.push(m.seq);
		});
	};
	const post = async () => {
		while (left-- > 0) {
			if (left % 50 === 0)
				open();
			assert.ok((await d.api('/api/chat.postMessage', { body: { channel: channels[left % 2], text: `much ${left}` } })).ok);
		}
	};
	await Promise.all(Array.from({ length: 32 }, post));
	const { channels: boot } = await d.api('/v1/boot');
	const last = Object.fromEntries(boot.map((c) => [c.id, c.last_seq]));
	await until(() => streams.every(({ next }) => channels.every((c) => next[c] === last[c] + 1)), 'all have heard all of it');
	assert.deepEqual(streams.flatMap(({ wrong }) => wrong), []);
	for (const { ws } of streams)
		ws.terminate();
});
