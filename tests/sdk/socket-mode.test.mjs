// Socket Mode with the official client, with Bolt, and with a real Hubot: unchanged from npm.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { daemon, until } from './daemon.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const { WebClient, LogLevel } = require('@slack/web-api');
const { SocketModeClient } = require('@slack/socket-mode');
const WebSocket = require('ws');
const events = ['pin_added', 'message.channels', 'message.im', 'app_mention', 'reaction_added', 'reaction_removed', 'member_joined_channel', 'channel_created', 'team_join'];
const quiet = { debug() {}, info() {}, warn() {}, error() {}, setLevel() {}, getLevel: () => 'error', setName() {} };
let d, ann;
const slackApiUrl = () => `${d.url}/api/`;
const client = (token) => new WebClient(token, { slackApiUrl: slackApiUrl(), retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR });
const make = (name, manifest = {}) => d.api('/v1/apps', { body: { name, manifest: { settings: { socket_mode_enabled: true, event_subscriptions: { bot_events: events } }, ...manifest } } });
const socket = (app) => new SocketModeClient({ appToken: app.app_token, logger: quiet, clientOptions: { slackApiUrl: slackApiUrl() } });
const ops = () => d.made.channels.ops.id;

before(async () => { d = await daemon(); ann = client(d.token); });
after(() => d.stop());

test('events come in their order, each to one connection, in channels where the bot is', async () => {
	const app = await make('listener'), bot = client(app.bot_token), seen = [];
	const links = [socket(app), socket(app)];
	for (const [i, link] of links.entries()) {
		link.on('slack_event', async ({ ack, body, retry_num }) => { await ack(); seen.push({ i, retry_num, id: body.event_id, ...body.event, app: body.api_app_id, auth: body.authorizations?.[0] }); });
		await link.start();
	}
	await ann.chat.postMessage({ channel: ops(), text: 'before it is here' });
	await bot.conversations.join({ channel: ops() });
	for (let i = 0; i < 20; i++) await ann.chat.postMessage({ channel: ops(), text: `n ${i}` });
	const { ts } = await ann.chat.postMessage({ channel: ops(), text: `<@${app.bot_user_id}> hello` });
	await ann.reactions.add({ channel: ops(), timestamp: ts, name: 'eyes' });
	await ann.reactions.remove({ channel: ops(), timestamp: ts, name: 'eyes' });
	await ann.pins.add({ channel: ops(), timestamp: ts });
	await ann.chat.update({ channel: ops(), ts, text: 'other' });
	await ann.chat.delete({ channel: ops(), ts });
	const { channel } = await ann.conversations.create({ name: 'elsewhere' });
	await until(() => seen.some((e) => e.type === 'channel_created'), 'the last event');
	assert.ok(!seen.some((e) => e.text === 'before it is here'));
	const said = seen.filter((e) => /^n \d/.test(e.text ?? ''));
	for (const i of [0, 1]) {
		const mine = said.filter((e) => e.i === i).map((e) => Number(e.text.slice(2)));
		assert.ok(mine.length, `connection ${i} heard something`);
		assert.deepEqual(mine, [...mine].sort((a, b) => a - b));
	}
	assert.equal(said.length, 20);
	assert.equal(new Set(seen.map((e) => e.id)).size, seen.length, 'each has an id of its own');
	const message = said[0];
	assert.deepEqual([message.type, message.channel, message.channel_type, message.user, message.app, message.auth.user_id], ['message', ops(), 'channel', d.made.users.ann.id, app.app_id, app.bot_user_id]);
	const joined = seen.find((e) => e.type === 'member_joined_channel');
	assert.deepEqual([joined.user, joined.channel, joined.channel_type], [app.bot_user_id, ops(), 'C']);
	const mention = seen.find((e) => e.type === 'app_mention');
	assert.deepEqual([mention.ts, mention.user, mention.channel], [ts, d.made.users.ann.id, ops()]);
	const added = seen.find((e) => e.type === 'reaction_added');
	assert.deepEqual([added.reaction, added.item_user, added.item], ['eyes', d.made.users.ann.id, { type: 'message', channel: ops(), ts }]);
	assert.ok(seen.some((e) => e.type === 'reaction_removed'));
	assert.equal(seen.find((e) => e.type === 'pin_added').item.message.ts, ts);
	const changed = seen.find((e) => e.subtype === 'message_changed');
	assert.deepEqual([changed.message.text, changed.previous_message.text, changed.hidden], ['other', `<@${app.bot_user_id}> hello`, true]);
	assert.equal(seen.find((e) => e.subtype === 'message_deleted').deleted_ts, ts);
	assert.equal(seen.find((e) => e.type === 'channel_created').channel.id, channel.id);
	for (const link of links) await link.disconnect();
});

// A connection by hand, which acknowledges only when it is told to.
async function raw(app) {
	const { url } = await (await fetch(`${slackApiUrl()}apps.connections.open`, { method: 'POST', headers: { authorization: `Bearer ${app.app_token}` } })).json();
	const ws = new WebSocket(url), got = [];
	ws.on('message', (m) => got.push(JSON.parse(m)));
	await new Promise((done, failed) => ws.once('open', done).once('error', failed));
	await until(() => got.length, 'hello');
	return { url, ws, got, ack: (m, payload) => ws.send(JSON.stringify({ envelope_id: m.envelope_id, payload })), end: () => new Promise((done) => ws.once('close', done).close()) };
}

test('what is not acknowledged comes again; what happens without a connection waits, over a crash too', async () => {
	const app = await make('slow'), bot = client(app.bot_token);
	await bot.conversations.join({ channel: ops() });
	await ann.chat.postMessage({ channel: ops(), text: 'while it was away' });
	await d.kill();
	await d.restart();
	let link = await raw(app);
	assert.deepEqual([link.got[0].type, link.got[0].num_connections, link.got[0].connection_info.app_id], ['hello', 1, app.app_id]);
	const find = (text, retry) => link.got.find((m) => m.payload?.event?.text === text && m.retry_attempt === retry);
	const first = await until(() => find('while it was away', 0), 'what was said while it was away');
	const again = await until(() => find('while it was away', 1), 'the same once more');
	assert.equal(again.payload.event_id, first.payload.event_id);
	assert.equal(again.retry_reason, 'timeout');
	assert.notEqual(again.envelope_id, first.envelope_id);
	for (const m of link.got.filter((m) => m.envelope_id)) link.ack(m, {});
	await ann.chat.postMessage({ channel: ops(), text: 'cut off' });
	const lost = await until(() => find('cut off', 0), 'the next');
	link.ws.terminate();
	link = await raw(app);
	const back = await until(() => find('cut off', 0), 'the same on the next connection');
	assert.equal(back.payload.event_id, lost.payload.event_id);
	link.ack(back);
	await link.end();
});

test('a ticket is good once; ten connections and no more; an app that ends is told', async () => {
	const app = await make('many'), links = [];
	for (let i = 0; i < 11; i++) links.push(await raw(app));
	assert.equal(links[9].got[0].num_connections, 10);
	assert.deepEqual([links[10].got[0].type, links[10].got[0].reason], ['disconnect', 'too_many_websockets']);
	const used = new WebSocket(links[0].url);
	assert.equal(await new Promise((done) => used.once('unexpected-response', (_, r) => done(r.statusCode)).once('open', () => done('open')).once('error', () => {})), 403);
	used.terminate();
	links[0].ws.send('{ no json');
	links[0].ws.send(JSON.stringify({ envelope_id: 'nobody knows it' }));
	await d.api('/v1/apps/many', { method: 'DELETE' });
	await until(() => links[0].got.some((m) => m.type === 'disconnect' && m.reason === 'link_disabled'), 'link_disabled');
	for (const link of links) await link.end();
	const refused = async (token) => (await (await fetch(`${slackApiUrl()}apps.connections.open`, { method: 'POST', headers: token ? { authorization: `Bearer ${token}` } : {} })).json()).error;
	assert.deepEqual([await refused(), await refused('xapp-wrong'), await refused(app.app_token), await refused(d.token)], ['not_authed', 'invalid_auth', 'token_revoked', 'not_allowed_token_type']);
});

test('after four hours a connection is asked to come again', async () => {
	const v = await daemon(['--clock', '2026-03-02T02:00:00Z']);
	try {
		const app = await v.api('/v1/apps', { body: { name: 'long', manifest: { settings: { socket_mode_enabled: true } } } });
		const { url } = await (await fetch(`${v.url}/api/apps.connections.open`, { method: 'POST', headers: { authorization: `Bearer ${app.app_token}` } })).json();
		const ws = new WebSocket(url), got = [];
		ws.on('message', (m) => got.push(JSON.parse(m)));
		await until(() => got.length, 'hello');
		await v.api('/v1/advance', { body: { by: '4h' }, token: v.adminToken() });
		await until(() => got.some((m) => m.type === 'disconnect' && m.reason === 'refresh_requested'), 'refresh_requested');
		ws.terminate();
	} finally {
		await v.stop();
	}
});

test('for an app that is away 5,000 events wait, and the last of them says that there were more', async () => {
	const app = await make('away'), bot = client(app.bot_token), { channel } = await ann.conversations.create({ name: 'flood' });
	await bot.conversations.join({ channel: channel.id }); // its own joining is the first that it hears of there
	let n = 0;
	await Promise.all(Array.from({ length: 32 }, async () => {
		while (n++ < 5050)
			assert.ok((await d.api('/api/chat.postMessage', { body: { channel: channel.id, text: `flood ${n}` } })).ok);
	}));
	const link = await raw(app), events = () => link.got.filter((m) => m.type === 'events_api'), acked = new Set();
	await until(() => {
		for (const m of events().filter(({ envelope_id }) => !acked.has(envelope_id))) {
			acked.add(m.envelope_id);
			link.ack(m);
		}
		return events().some((m) => m.payload.type === 'app_rate_limited');
	}, 'the last', 30000);
	const { minute_rate_limited, ...limited } = events().find((m) => m.payload.type === 'app_rate_limited').payload;
	assert.deepEqual(limited, { token: limited.token, team_id: limited.team_id, type: 'app_rate_limited', api_app_id: app.app_id });
	assert.equal(minute_rate_limited % 60, 0);
	assert.equal(new Set(events().map((m) => m.payload.event_id ?? 'limited')).size, 5000);
	await link.end();
	await d.api('/v1/apps/away', { method: 'DELETE' });
});

test('a real Hubot answers `hubot ping`, in a channel and in a direct message', async () => {
	process.env.HUBOT_LOG_LEVEL = 'error';
	const { loadBot } = await import('hubot');
	const { SlackBot } = await import('../node_modules/@hubot-friends/hubot-slack/src/Bot.mjs');
	const app = await make('hubot'), web = client(app.bot_token);
	await web.conversations.join({ channel: ops() });
	const options = { appToken: app.app_token, botToken: app.bot_token, web, socketModeOptions: { clientOptions: { slackApiUrl: slackApiUrl() } } };
	const robot = loadBot({ use: (r) => new SlackBot(r, options) }, false, 'hubot');
	const connected = new Promise((done) => robot.on('connected', done));
	await robot.loadAdapter();
	robot.respond(/ping$/i, (res) => res.reply('PONG'));
	await robot.run();
	await connected;
	await until(() => robot.adapter.self, 'hubot knows its own name');
	const answer = async (channel) => (await ann.conversations.history({ channel })).messages.find((m) => /PONG/.test(m.text));
	await ann.chat.postMessage({ channel: ops(), text: 'hubot ping' });
	const pong = await until(() => answer(ops()), 'PONG');
	assert.equal(pong.text, `<@${d.made.users.ann.id}>: PONG`);
	assert.equal(pong.bot_profile.name, 'hubot');
	const { channel } = await ann.conversations.open({ users: app.bot_user_id });
	await ann.chat.postMessage({ channel: channel.id, text: 'ping' });
	assert.equal((await until(() => answer(channel.id), 'PONG')).text, 'PONG');
	await robot.adapter.close?.();
	robot.shutdown();
});

test('Bolt by Socket Mode hears and answers', async () => {
	const { App } = require('@slack/bolt');
	const app = await make('bolt-socket'), bolt = new App({ token: app.bot_token, appToken: app.app_token, socketMode: true, logLevel: 'error', clientOptions: { slackApiUrl: slackApiUrl() } });
	bolt.message('knock', async ({ message, say }) => { await say(`who is there, <@${message.user}>?`); });
	bolt.event('app_mention', async ({ event, client: c }) => { await c.reactions.add({ channel: event.channel, timestamp: event.ts, name: 'wave' }); });
	await bolt.start();
	await client(app.bot_token).conversations.join({ channel: ops() });
	const { ts } = await ann.chat.postMessage({ channel: ops(), text: `knock <@${app.bot_user_id}>` });
	await until(async () => (await ann.conversations.history({ channel: ops() })).messages.some((m) => /who is there/.test(m.text)), 'an answer');
	await until(async () => (await ann.reactions.get({ channel: ops(), timestamp: ts })).message.reactions?.some((r) => r.name === 'wave'), 'a reaction');
	await bolt.stop();
});
