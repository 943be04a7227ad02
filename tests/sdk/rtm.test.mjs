// RTM with the official client, unchanged from npm.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { daemon, until } from './daemon.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const { WebClient, LogLevel } = require('@slack/web-api');
const { RTMClient } = require('@slack/rtm-api');
const WebSocket = require('ws');
let d, ann;
const slackApiUrl = () => `${d.url}/api/`;
const client = (token) => new WebClient(token, { slackApiUrl: slackApiUrl(), retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR });
const quiet = { debug() {}, info() {}, warn() {}, error() {}, setLevel() {}, getLevel: () => 'error', setName() {} };
const refused = (error) => (e) => e.data?.error === error || assert.fail(`expected ${error}, got ${e.data?.error ?? e.message}`);
const ops = () => d.made.channels.ops.id;
const make = (name, bot) => d.api('/v1/apps', { body: { name, manifest: { oauth_config: { scopes: { bot } } } } });

before(async () => { d = await daemon(); ann = client(d.token); });
after(() => d.stop());

test('events come bare, what the bot says is answered with its id, pings with pongs', async () => {
	const app = await make('old', ['rtm:stream', 'chat:write', 'channels:join']);
	await client(app.bot_token).conversations.join({ channel: ops() });
	const rtm = new RTMClient(app.bot_token, { slackApiUrl: slackApiUrl(), logger: quiet, replyAckOnReconnectTimeout: 50, clientPingTimeout: 200, serverPongTimeout: 150 }), seen = [];
	let again = 0;
	rtm.on('slack_event', (type, event) => seen.push({ ...event, type }));
	rtm.on('reconnecting', () => again++);
	const start = await rtm.start();
	assert.deepEqual([start.self.id, start.self.name, start.team.id], [app.bot_user_id, 'old', (await ann.auth.test()).team_id]);
	await until(() => seen.some((e) => e.type === 'hello'), 'hello');
	const { ts } = await ann.chat.postMessage({ channel: ops(), text: `<@${app.bot_user_id}> hello` });
	const message = await until(() => seen.find((e) => e.type === 'message' && e.ts === ts), 'a message');
	assert.deepEqual([message.channel, message.user, message.text, message.seq], [ops(), d.made.users.ann.id, `<@${app.bot_user_id}> hello`, undefined]);
	await ann.reactions.add({ channel: ops(), timestamp: ts, name: 'eyes' });
	const reaction = await until(() => seen.find((e) => e.type === 'reaction_added'), 'a reaction');
	assert.deepEqual([reaction.reaction, reaction.user, reaction.item], ['eyes', d.made.users.ann.id, { type: 'message', channel: ops(), ts }]);

	const said = await rtm.sendMessage('I am here', ops());
	const { messages } = await ann.conversations.history({ channel: ops(), limit: 1 });
	assert.deepEqual([messages[0].ts, messages[0].text, messages[0].user, messages[0].bot_profile.name], [said.ts, 'I am here', app.bot_user_id, 'old']);
	await assert.rejects(rtm.sendMessage('nowhere', 'C0NOWHERE'), (e) => e.data.error.msg === 'channel_not_found');
	await assert.rejects(rtm.sendMessage('', ops()), (e) => e.data.error.msg === 'no_text');
	const dm = (await client(d.token).conversations.open({ users: app.bot_user_id })).channel.id;
	await ann.chat.postMessage({ channel: dm, text: 'alone' });
	await until(() => seen.some((e) => e.type === 'message' && e.channel === dm && e.text === 'alone'), 'a channel that it came into meanwhile');
	await until(() => seen.filter((e) => e.type === 'pong').length > 2, 'pongs');
	assert.equal(again, 0, 'the connection was kept');
	await client(app.bot_token).auth.revoke();
	await assert.rejects(rtm.sendMessage('as nobody', ops()), (e) => e.data.error.msg === 'missing_scope');
	rtm.awaitingReplyList.length = 0; // 7.0.4 stumbles over the holes of its own list
	await rtm.disconnect();
});

test('who may, and how often an address is good', async () => {
	const look = await make('looks', ['rtm:stream']), none = await make('none', ['chat:write']);
	await assert.rejects(client(none.bot_token).rtm.connect({}), (e) => e.data.error === 'missing_scope' && e.data.needed === 'rtm:stream');
	await assert.rejects(client(look.app_token).rtm.connect({}), refused('not_allowed_token_type'));
	const { url } = await client(look.bot_token).rtm.connect({});
	const open = () => new Promise((done) => { const ws = new WebSocket(url); ws.once('message', (m) => done([JSON.parse(m).type, ws])).once('error', (e) => done([e.message])); });
	const [first, ws] = await open();
	assert.equal(first, 'hello');
	assert.match((await open())[0], /403/);
	const answer = new Promise((done) => ws.once('message', (m) => done(JSON.parse(m))));
	ws.send(JSON.stringify({ id: 7, type: 'message', channel: ops(), text: 'x' }));
	assert.deepEqual(await answer, { ok: false, reply_to: 7, error: { code: 2, msg: 'missing_scope' } });
	const closed = new Promise((done) => ws.once('close', (code) => done(code)));
	ws.send('[1');
	assert.equal(await closed, 1007);
});
