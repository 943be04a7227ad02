// The official SDKs, unchanged, against our server.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { daemon } from './daemon.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const { WebClient, LogLevel } = require('@slack/web-api');
const { IncomingWebhook } = require('@slack/webhook');
let d, web;
before(async () => {
	d = await daemon();
	web = new WebClient(d.token, { slackApiUrl: `${d.url}/api/`, retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR });
});
after(() => d.stop());

const refused = (error) => (e) => e.data?.error === error || assert.fail(`expected ${error}, got ${e.data?.error ?? e.message}`);

test('auth.test says who asks', async () => {
	const r = await web.auth.test();
	assert.equal(r.user, 'ann');
	assert.match(r.url, /\/$/);
	await assert.rejects(new WebClient('xoxb-wrong', { slackApiUrl: `${d.url}/api/`, logLevel: LogLevel.ERROR }).auth.test(), refused('invalid_auth'));
	await assert.rejects(new WebClient(undefined, { slackApiUrl: `${d.url}/api/`, logLevel: LogLevel.ERROR }).auth.test(), refused('not_authed'));
});

test('auth.revoke ends the token that asks, and no other', async () => {
	const { token } = await d.api('/v1/tokens', { body: { name: 'short', scopes: ['read'] } });
	const short = new WebClient(token, { slackApiUrl: `${d.url}/api/`, logLevel: LogLevel.ERROR });
	assert.equal((await short.auth.revoke({ test: true })).revoked, false);
	assert.equal((await short.auth.revoke({})).revoked, true);
	await assert.rejects(short.auth.test(), refused('token_revoked'));
	assert.equal((await web.auth.test()).user, 'ann');
});

test('a message is posted, changed, answered, reacted to and deleted', async () => {
	const posted = await web.chat.postMessage({ channel: '#ops', text: 'a < b & <@U1>', blocks: [{ type: 'section', text: { type: 'mrkdwn', text: '*hi*' } }] });
	const { channel, ts } = posted;
	assert.match(channel, /^C/);
	assert.match(ts, /^\d{10}\.\d{6}$/);
	assert.equal(posted.message.text, 'a &lt; b &amp; <@U1>');
	const reply = await web.chat.postMessage({ channel, thread_ts: ts, text: 'reply' });
	const replies = await web.conversations.replies({ channel, ts });
	assert.deepEqual(replies.messages.map((m) => m.ts), [ts, reply.ts]);
	assert.equal(replies.messages[0].reply_count, 1);
	await web.reactions.add({ channel, timestamp: ts, name: 'eyes' });
	await assert.rejects(web.reactions.add({ channel, timestamp: ts, name: 'eyes' }), refused('already_reacted'));
	assert.deepEqual((await web.reactions.get({ channel, timestamp: ts })).message.reactions.map((r) => [r.name, r.count]), [['eyes', 1]]);
	await web.reactions.remove({ channel, timestamp: ts, name: 'eyes' });
	await assert.rejects(web.reactions.remove({ channel, timestamp: ts, name: 'eyes' }), refused('no_reaction'));
	await web.chat.update({ channel, ts, text: 'changed' });
	const history = await web.conversations.history({ channel });
	assert.equal(history.messages[0].text, 'changed');
	assert.equal(history.messages[0].edited.user, posted.message.user);
	await web.chat.delete({ channel, ts: reply.ts });
	assert.equal((await web.conversations.replies({ channel, ts })).messages.length, 1);
	await assert.rejects(web.chat.update({ channel, ts: '1.000001', text: 'x' }), refused('message_not_found'));
});

test('errors are named as Slack names them', async () => {
	await assert.rejects(web.chat.postMessage({ channel: 'nowhere', text: 'x' }), refused('channel_not_found'));
	await assert.rejects(web.chat.postMessage({ channel: '#ops' }), refused('no_text'));
	await assert.rejects(web.apiCall('auth.findUser'), refused('unknown_method'));
	await assert.rejects(web.chat.postMessage({ channel: '#ops', blocks: [{ type: 'x' }], text: 'x' }), (e) => e.data.error === 'invalid_blocks' && /unsupported type: x/.test(e.data.errors[0]));
	const r = await fetch(`${d.url}/api/chat.postMessage`, { method: 'POST', headers: { authorization: `Bearer ${d.token}` } });
	assert.deepEqual((await r.json()).response_metadata.messages, ['[ERROR] missing required field: channel']);
});

test('what cannot be is refused in the words of each method', async () => {
	const { channel: { id: channel } } = await web.conversations.create({ name: 'narrow' });
	const { ts } = await web.chat.postMessage({ channel, text: 'here' });
	await assert.rejects(web.chat.update({ channel, ts }), refused('no_text'));
	await assert.rejects(web.chat.update({ channel, ts, text: '' }), refused('no_text'));
	await assert.rejects(web.chat.postMessage({ channel, markdown_text: 'x'.repeat(12001) }), refused('msg_too_long'));
	await assert.rejects(web.reactions.add({ channel, timestamp: 'yesterday', name: 'eyes' }), refused('bad_timestamp'));
	for (const [method, name] of [['setTopic', 'topic'], ['setPurpose', 'purpose']]) {
		await assert.rejects(web.conversations[method]({ channel, [name]: 'x'.repeat(251) }), refused('too_long'));
		assert.equal((await web.conversations[method]({ channel, [name]: 'ä'.repeat(250) })).channel[name].value, 'ä'.repeat(250));
	}
	await web.conversations.archive({ channel });
	await assert.rejects(web.conversations.join({ channel }), refused('is_archived'));
	const hook = await fetch(d.made.webhooks.ci.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text: 'x', channel: '@nobody' }) });
	assert.deepEqual([hook.status, await hook.text()], [400, 'user_not_found']);
});

test('channels are made, joined, listed, described', async () => {
	const { channel } = await web.conversations.create({ name: 'fire' });
	await assert.rejects(web.conversations.create({ name: 'fire' }), refused('name_taken'));
	await assert.rejects(web.conversations.create({ name: 'Not Allowed' }), refused('invalid_name_specials'));
	await web.conversations.setTopic({ channel: channel.id, topic: 'hot' });
	assert.equal((await web.conversations.info({ channel: channel.id })).channel.topic.value, 'hot');
	const joined = await web.conversations.join({ channel: channel.id });
	assert.equal(joined.warning, 'already_in_channel');
	await web.conversations.invite({ channel: channel.id, users: d.made.users.vic.id });
	await assert.rejects(web.conversations.invite({ channel: channel.id, users: d.made.users.vic.id }), refused('already_in_channel'));
	assert.ok((await web.conversations.members({ channel: channel.id })).members.includes(d.made.users.vic.id));
	const names = [];
	for await (const page of web.paginate('conversations.list', { limit: 2 })) names.push(...page.channels.map((c) => c.name));
	assert.ok(['general', 'sre-alerts', 'ops', 'fire'].every((n) => names.includes(n)), names.join());
});

test('people are listed; one by id', async () => {
	const { members } = await web.users.list({});
	assert.ok(members.some((m) => m.name === 'srebot' && m.is_bot));
	assert.equal((await web.users.info({ user: d.made.users.ann.id })).user.name, 'ann');
	await assert.rejects(web.users.info({ user: 'U1' }), refused('user_not_found'));
});

test('a private channel is not there for who is not in it', async () => {
	const { channel } = await web.conversations.create({ name: 'secret', is_private: true });
	const vic = new WebClient(d.made.tokens.look.token, { slackApiUrl: `${d.url}/api/`, logLevel: LogLevel.ERROR });
	await assert.rejects(vic.conversations.history({ channel: channel.id }), refused('channel_not_found'));
	await assert.rejects(vic.conversations.join({ channel: channel.id }), refused('channel_not_found'));
});

test('incoming webhooks answer ok, two bytes, and refuse as Slack does', async () => {
	const url = d.made.webhooks.ci.url;
	assert.equal((await new IncomingWebhook(url).send({ text: 'build 7 failed' })).text, 'ok');
	const r = await fetch(url, { method: 'POST', body: '{"text":"x"}', headers: { 'content-type': 'application/json' } });
	assert.match(r.headers.get('content-type'), /^text\/html/);
	assert.equal(await r.text(), 'ok');
	const bad = await fetch(url, { method: 'POST', body: '{' });
	assert.deepEqual([bad.status, await bad.text()], [400, 'invalid_payload']);
	const wrong = await fetch(`${url}x`, { method: 'POST', body: '{"text":"x"}' });
	assert.deepEqual([wrong.status, await wrong.text()], [403, 'invalid_token']);
});

test('a button and a slash command act as the person; who may not is told what is missing', async () => {
	await fetch(`${d.url}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify([{ labels: { alertname: 'DiskFull', severity: 'page' } }]) });
	const status = await web.apiCall('chat.command', { channel: '#ops', command: '/srebot', text: 'alerts' });
	assert.match(status.response.text, /DiskFull/);
	const vic = new WebClient(d.made.tokens.look.token, { slackApiUrl: `${d.url}/api/`, logLevel: LogLevel.ERROR });
	const no = await vic.apiCall('chat.command', { channel: '#ops', command: '/srebot', text: 'ack DiskFull' });
	assert.match(no.response.text, /needs the role responder; yours is viewer/);
	const typo = await web.apiCall('chat.command', { channel: '#ops', command: '/srebot', text: 'stauts' });
	assert.match(typo.response.text, /Did you mean `status`/);
	const audit = await d.api('/v1/audit');
	assert.ok(audit.records.some((r) => r.action === 'ack' && r.result === 'forbidden' && r.actor_name === 'vic'));
	assert.equal((await d.api('/v1/audit/verify')).ok, true);
});

test('provisioning twice changes nothing and shows no secret again', () => {
	const again = d.provisionAgain();
	assert.equal(again.users.ann.id, d.made.users.ann.id);
	assert.equal(again.sources.prod.url, d.made.sources.prod.url);
	assert.equal(again.tokens.kit.token, undefined);
});
