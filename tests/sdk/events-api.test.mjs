// The Events API over HTTP: the address is asked first, everything is signed, what fails comes again; Bolt's HTTP receiver.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { daemon, until } from './daemon.mjs';
import { free_port } from './counterparts.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const { WebClient, LogLevel } = require('@slack/web-api');
let d, ann;
const slackApiUrl = () => `${d.url}/api/`;
const client = (token) => new WebClient(token, { slackApiUrl: slackApiUrl(), retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR });
const ops = () => d.made.channels.ops.id;
const make = async (name, url, events = ['message.channels']) => {
	const app = await d.api('/v1/apps', { body: { name, manifest: { settings: { event_subscriptions: { request_url: url, bot_events: events } } } } });
	await client(app.bot_token).conversations.join({ channel: ops() });
	return app;
};
const say = (text) => ann.chat.postMessage({ channel: ops(), text });

before(async () => { d = await daemon(); ann = client(d.token); });
after(() => d.stop());

// An app by hand: keeps what came, and answers as `answer` says.
function listen(answer) {
	const got = [];
	const server = createServer((q, r) => {
		let body = '';
		q.setEncoding('utf8').on('data', (t) => { body += t; }).on('end', () => {
			const m = { headers: q.headers, body, json: JSON.parse(body) };
			got.push(m);
			answer(m, r, got);
		});
	});
	return new Promise((done) => server.listen(0, '127.0.0.1', () => done({ got, url: `http://127.0.0.1:${server.address().port}/events`, end: () => server.closeAllConnections(server.close()) })));
}
const verify = (m, r) => m.json.type === 'url_verification' && (r.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ challenge: m.json.challenge })), true);

test('the address is asked before the first event; each is signed; they come in their order', async () => {
	const at = await listen((m, r) => verify(m, r) || r.end());
	const app = await make('signed', at.url);
	for (let i = 0; i < 10; i++) await say(`s ${i}`);
	await until(() => at.got.some((m) => m.json.event?.text === 's 9'), 'the last one');
	assert.equal(at.got[0].json.type, 'url_verification');
	assert.equal(at.got[0].json.token, app.verification_token);
	assert.equal(at.got.filter((m) => m.json.type === 'url_verification').length, 1);
	assert.deepEqual(at.got.filter((m) => /^s /.test(m.json.event?.text)).map((m) => m.json.event.text), [...Array(10).keys()].map((i) => `s ${i}`));
	for (const { headers, body } of at.got) {
		const stamp = headers['x-slack-request-timestamp'];
		assert.equal(headers['x-slack-signature'], `v0=${createHmac('sha256', app.signing_secret).update(`v0:${stamp}:${body}`).digest('hex')}`);
		assert.ok(Math.abs(Date.now() / 1000 - Number(stamp)) < 60);
		assert.equal(headers['content-type'], 'application/json');
		assert.equal(headers['x-slack-retry-num'], undefined);
	}
	assert.deepEqual([at.got[1].json.api_app_id, at.got[1].json.type], [app.app_id, 'event_callback']);
	await d.api('/v1/apps/signed', { method: 'DELETE' });
	at.end();
});

test('what failed comes again at once with its number and reason, and later once more', async () => {
	const at = await listen((m, r) => verify(m, r) || r.writeHead(m.json.event.text === 'bad' ? 500 : 200).end());
	await make('fails', at.url);
	await say('bad');
	await say('good');
	const tries = () => at.got.filter((m) => m.json.event?.text === 'bad');
	await until(() => tries().length === 2 && at.got.some((m) => m.json.event?.text === 'good'), 'a second try, and the next event though the first fails');
	assert.deepEqual([tries()[1].headers['x-slack-retry-num'], tries()[1].headers['x-slack-retry-reason']], ['1', 'http_error']);
	assert.equal(tries()[0].json.event_id, tries()[1].json.event_id);
	await d.kill(); // what waits for its next try survives, and keeps its number
	await d.restart();
	await until(() => tries().length >= 3, 'the third');
	assert.equal(tries()[2].headers['x-slack-retry-num'], '2');
	await d.api('/v1/apps/fails', { method: 'DELETE' });
	at.end();
});

test('an app that takes nothing is stopped, and hears again after an update', async () => {
	const at = await listen((m, r) => verify(m, r) || r.writeHead(500, { 'X-Slack-No-Retry': '1' }).end());
	await make('gone', at.url);
	const stopped = async () => (await d.api('/v1/apps')).apps.find((a) => a.name === 'gone').events_stopped;
	for (let i = 0; i < 110; i++) await say(`g ${i}`);
	await until(stopped, 'it is stopped');
	assert.match(d.log, /app.stopped app=gone/);
	await until(async () => (await d.api('/v1/status')).outbox.waiting === 0, 'nothing waits');
	assert.ok(at.got.every((m) => !m.headers['x-slack-retry-num']), 'it asked for no second try');
	const before = at.got.length;
	await say('not told');
	await d.api('/v1/apps/gone', { body: { manifest: { settings: { event_subscriptions: { request_url: at.url, bot_events: ['message.channels'] } } } } });
	await say('told');
	await until(() => at.got.some((m) => m.json.event?.text === 'told'), 'an event');
	assert.equal(at.got.slice(before).filter((m) => m.json.event?.text === 'not told').length, 0);
	await d.api('/v1/apps/gone', { method: 'DELETE' });
	at.end();
});

test('an address that does not know the challenge gets no event', async () => {
	const at = await listen((m, r) => r.end('hello'));
	await make('foreign', at.url);
	await say('secret');
	await until(() => at.got.length >= 2, 'it was asked twice');
	assert.ok(at.got.every((m) => m.json.type === 'url_verification'));
	await d.api('/v1/apps/foreign', { method: 'DELETE' });
	at.end();
});

test('Bolt over HTTP hears and answers', async () => {
	const { App } = require('@slack/bolt');
	const port = await free_port(), app = await make('bolt-http', `http://127.0.0.1:${port}/slack/events`, ['message.channels', 'app_mention']);
	const bolt = new App({ token: app.bot_token, signingSecret: app.signing_secret, logLevel: 'error', clientOptions: { slackApiUrl: slackApiUrl() } });
	bolt.message('knock', async ({ message, say }) => { await say({ text: 'who is there?', thread_ts: message.ts }); });
	await bolt.start({ port, host: '127.0.0.1' });
	const { ts } = await say('knock');
	await until(async () => (await ann.conversations.replies({ channel: ops(), ts })).messages.some((m) => m.text === 'who is there?'), 'an answer in the thread');
	await bolt.stop();
	await d.api('/v1/apps/bolt-http', { method: 'DELETE' });
});
