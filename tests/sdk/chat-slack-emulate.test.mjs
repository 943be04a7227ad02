// The adapter against a Slack that others wrote: the Web API of `emulate`, which asks for each method's scope. It sends no events, so what it would send is signed here.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:net';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cli, daemon, until } from './daemon.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const { WebClient, LogLevel } = require('@slack/web-api');
const skip = Number(process.versions.node.split('.')[0]) < 20 ? 'emulate wants node 20' : false;
const dir = mkdtempSync(join(tmpdir(), 'opsroom-slack-')), secret = 'signed by the test';
let slack, ours, there, here, general;
const put = (name, text) => (writeFileSync(join(dir, name), text), join(dir, name));
const history = async () => (await there.conversations.history({ channel: general, include_all_metadata: true })).messages;
const said = (what, test) => until(async () => (await history()).find(test), what);
const idHere = () => ours.made.channels.ops.id;
const event = (body) => {
	const text = JSON.stringify({ type: 'event_callback', event_id: `Ev${Math.random()}`, event: body }), stamp = Math.floor(Date.now() / 1000);
	return fetch(`${ours.url}/chats/slack/events`, { method: 'POST', body: text, headers: { 'content-type': 'application/json', 'x-slack-request-timestamp': `${stamp}`,
		'x-slack-signature': `v0=${createHmac('sha256', secret).update(`v0:${stamp}:${text}`).digest('hex')}` } });
};

before(async () => {
	if (skip) return;
	const { createEmulator } = await import('emulate');
	const manifest = JSON.parse(execFileSync(cli, ['slack', 'manifest'], { encoding: 'utf8' })), scopes = manifest.oauth_config.scopes.bot;
	const app = { client_id: '1.2', client_secret: 'x', app_id: 'A000000001', name: 'srebot', redirect_uris: [], scopes, bot_id: 'B00000BOT1', bot_user_id: 'U00000BOT1', bot_name: 'srebot' };
	const taken = createServer(), port = await new Promise((done) => taken.listen(0, '127.0.0.1', () => done(taken.address().port))); // it cannot take any
	await new Promise((done) => taken.close(done));
	slack = await createEmulator({ service: 'slack', port, seed: { slack: { team: { name: 'Ops', domain: 'ops' }, users: [{ name: 'ann', email: 'ann@example.com', is_admin: true }], channels: [{ name: 'general' }],
		oauth_apps: [app], strict_scopes: true, tokens: [
			{ token: 'xoxb-of-the-bot', type: 'bot', scopes, bot_id: app.bot_id, bot_user_id: app.bot_user_id, app_id: app.app_id, user: app.bot_user_id },
			{ token: 'xoxp-of-ann', type: 'user', user: 'ann', scopes: [...scopes, 'channels:write', 'search:read'] }] } } });
	put('token', 'xoxb-of-the-bot');
	put('secret', secret);
	there = new WebClient('xoxp-of-ann', { slackApiUrl: `${slack.url}/api/`, retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR });
	general = (await there.conversations.list()).channels.find((c) => c.name === 'general').id;
	ours = await daemon(['--chats', put('chats.yaml', `chats:\n  slack: {system: slack, url: "${slack.url}/api/", token_file: token, signing_secret_file: secret, post_every: 50ms, role: responder, channels: [{here: ops, there: general}]}\n`)]);
	here = new WebClient(ours.token, { slackApiUrl: `${ours.url}/api/`, retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR });
	await until(() => /chat\.up/.test(ours.log), 'it is there');
});
after(async () => { await ours?.stop(); await slack?.close(); rmSync(dir, { recursive: true, force: true }); });

// It has no users.conversations.
test('check finds nothing that is missing', { skip }, async () => {
	const out = await new Promise((done) => execFile(cli, ['slack', 'check', '--json', '--token-file', join(dir, 'token'), '--url', `${slack.url}/api/`], (_, text) => done(text)));
	assert.deepEqual(JSON.parse(out).steps.filter((s) => (s.result === 'failed' || s.result === 'missing') && s.step !== 'channels'), []);
});

test('messages, threads, changes, marks, topics and files are taken by another Slack', { skip }, async () => {
	const { ts } = await here.chat.postMessage({ channel: idHere(), text: 'hello &amp; <https://example.com|a link>', blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'hello' } }] });
	const root = await said('the message', (m) => m.metadata?.event_payload?.key?.startsWith('opsroom:'));
	assert.match(root.text, /hello/);
	await here.chat.postMessage({ channel: idHere(), text: 'below it', thread_ts: ts });
	await until(async () => (await there.conversations.replies({ channel: general, ts: root.ts })).messages.some((m) => m.text === 'below it'), 'the reply');
	await here.reactions.add({ channel: idHere(), timestamp: ts, name: 'eyes' });
	await until(async () => (await history()).find((m) => m.ts === root.ts).reactions?.[0]?.name === 'eyes', 'the reaction');
	await here.pins.add({ channel: idHere(), timestamp: ts });
	await until(async () => (await there.pins.list({ channel: general })).items.length === 1, 'the pin');
	await here.chat.update({ channel: idHere(), ts, text: 'changed', blocks: [] });
	await said('the change', (m) => m.ts === root.ts && m.text === 'changed');
	await here.conversations.setTopic({ channel: idHere(), topic: 'all is well' });
	await until(async () => (await there.conversations.info({ channel: general })).channel.topic.value === 'all is well', 'the topic');
	await here.filesUploadV2({ channel_id: idHere(), filename: 'plan.txt', file: Buffer.from('one two three'), initial_comment: 'the plan' });
	const file = await said('the file', (m) => m.files?.[0]?.name === 'plan.txt');
	assert.equal(file.files[0].size, 13);
	await here.chat.delete({ channel: idHere(), ts });
	await until(async () => !(await history()).some((m) => m.ts === root.ts && m.text === 'changed'), 'its end');
	assert.ok(!/outbox\.refused|chat\.down/.test(ours.log), ours.log);
});

test('who says something there is found in its directory', { skip }, async () => {
	const ann = (await there.users.list()).members.find((u) => u.name === 'ann').id;
	assert.equal((await event({ type: 'message', user: ann, text: 'from the other Slack', ts: '1700000000.000100', channel: general, channel_type: 'channel' })).status, 200);
	const m = await until(async () => (await here.conversations.history({ channel: idHere() })).messages.find((x) => x.text === 'from the other Slack'), 'the message here');
	assert.equal((await here.users.info({ user: m.user })).user.name, 'ann');
});
