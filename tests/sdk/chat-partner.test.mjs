// Two opsrooms share a channel: each side sees what is shared and nothing else, and nobody of one side is somebody of the other.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, cli, daemon, until } from './daemon.mjs';

const dir = mkdtempSync(join(tmpdir(), 'opsroom-partner-')), put = (name, text) => (writeFileSync(join(dir, name), text), join(dir, name));
let theirs, ours, shared;
const api = (d, method, body, token) => d.api(`/api/${method}`, { body, token });
const said = async (d, channel) => (await api(d, 'conversations.history', { channel, limit: 200 })).messages.reverse();

before(async () => {
	theirs = await daemon();
	const manifest = put('manifest.json', execFileSync(cli, ['slack', 'manifest', '--name', 'partner', '--command', '/partner'], { encoding: 'utf8' }));
	const app = JSON.parse(execFileSync(cli, ['app', 'create', 'partner', '--json', '--manifest', manifest], { encoding: 'utf8', env: { ...process.env, OPSROOM_URL: theirs.url, OPSROOM_TOKEN: theirs.adminToken() } }));
	shared = (await api(theirs, 'conversations.create', { name: 'shared-incidents' })).channel.id;
	await api(theirs, 'conversations.invite', { channel: shared, users: app.bot_user_id });
	put('token', app.bot_token);
	put('app-token', app.app_token);
	ours = await daemon(['--chats', put('chats.yaml', `chats: {partner: {system: slack, url: "${theirs.url}/api/", token_file: token, app_token_file: app-token, post_every: 10ms, channels: joined, by_email: false}}\n`)]);
});
after(async () => { await ours?.stop(); await theirs?.stop(); rmSync(dir, { recursive: true, force: true }); });

test('the shared channel is here, and no other of theirs', async () => {
	const here = await until(async () => (await api(ours, 'conversations.list')).channels.find((c) => c.name === 'shared-incidents'), 'the channel');
	await api(theirs, 'chat.postMessage', { channel: theirs.made.channels.ops.id, text: 'among us' });
	await api(theirs, 'chat.postMessage', { channel: shared, text: 'for both' });
	const m = await until(async () => (await said(ours, here.id)).find((o) => o.text === 'for both'), 'it is heard');
	assert.ok(!(await said(ours, ours.made.channels.ops.id)).some((o) => o.text === 'among us'));
	const who = (await api(ours, 'users.info', { user: m.user })).user;
	assert.notEqual(m.user, ours.made.users.ann.id, 'their ann is not our ann');
	assert.equal(who.name, 'ann-partner');
	await api(ours, 'conversations.join', { channel: here.id });
	assert.ok((await api(ours, 'chat.postMessage', { channel: here.id, text: 'and back', thread_ts: m.ts })).ok);
	const root = (await said(theirs, shared)).find((o) => o.text === 'for both');
	const reply = await until(async () => (await api(theirs, 'conversations.replies', { channel: shared, ts: root.ts })).messages.find((o) => o.text === 'and back'), 'it is told there, in the thread');
	assert.equal(reply.username, 'ann');
	await api(ours, 'chat.postMessage', { channel: ours.made.channels.ops.id, text: 'among us here' });
	assert.ok(!(await said(theirs, theirs.made.channels.ops.id)).some((o) => o.text === 'among us here'));
});

test('their people may look here and change nothing', async () => {
	const file = put('source.yaml', 'sources: [{name: disk, tool: generic, channel: shared-incidents}]\n');
	const { sources } = JSON.parse(execFileSync(bin, ['provision', '--data', ours.data, file], { encoding: 'utf8' }));
	const r = await fetch(sources.disk.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ title: 'DiskFull', status: 'firing' }) });
	assert.ok(r.ok, await r.text());
	await until(async () => (await said(theirs, shared)).some((m) => JSON.stringify(m).includes('DiskFull')), 'the alert is shown there');
	await api(theirs, 'chat.postMessage', { channel: shared, text: '!resolve DiskFull' });
	await until(async () => JSON.stringify(await ours.api('/v1/audit?action=resolve', { token: ours.adminToken() })).includes('ann-partner'), 'it was asked and written down');
	assert.equal((await ours.api('/v1/alerts')).alerts.find((a) => JSON.stringify(a).includes('DiskFull')).state, 'firing');
});
