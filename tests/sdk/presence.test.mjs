// Who is here: told of those whom a stream asks for, and of nobody else.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { daemon } from './daemon.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const WebSocket = require('ws');
let d, people;
before(async () => {
	d = await daemon();
	people = Object.fromEntries((await d.api('/v1/boot')).users.map((user) => [user.name, user.id]));
});
after(() => d.stop());

// An open stream that has had its hello. next(): the next frame that is no event.
async function listen(token) {
	const socket = new WebSocket(`${d.url.replace('http', 'ws')}/stream?token=${token}`);
	const frames = [], waiting = [];
	const self = {
		socket,
		say: (frame) => socket.send(JSON.stringify(frame)),
		next: () => (frames.length ? Promise.resolve(frames.shift()) : new Promise((done) => waiting.push(done))),
		// What has come before the answer to a ping, which is in order with everything else.
		async all() {
			const seen = [];
			self.say({ type: 'ping', id: 1 });
			for (let frame = await self.next(); frame.type !== 'pong'; frame = await self.next()) seen.push(frame);
			return seen;
		},
		async close() { const closed = new Promise((done) => socket.once('close', done)); socket.close(); await closed; },
	};
	socket.on('message', (raw) => {
		const frame = JSON.parse(raw);
		if (waiting.length) waiting.shift()(frame);
		else frames.push(frame);
	});
	await new Promise((done, fail) => { socket.once('open', done); socket.once('error', fail); });
	self.say({ type: 'resume' });
	assert.equal((await self.next()).type, 'hello');
	return self;
}

const presence = (presence, ...users) => ({ type: 'presence', presence, users });
const came = (user) => ({ type: 'presence', user, presence: 'active' });
const went = (user) => ({ type: 'presence', user, presence: 'away' });

test('nothing is told unasked', async () => {
	const ann = await listen(d.made.tokens.kit.token);
	const vic = await listen(d.made.tokens.look.token);
	await vic.close();
	assert.deepEqual(await ann.all(), []);
	await ann.close();
});

test('a list is asked for: how those in it stand, then their coming and going; another list replaces it', async () => {
	const ann = await listen(d.made.tokens.kit.token);
	ann.say({ type: 'presence_sub', ids: [people.vic, people.ann, people.vic] });
	assert.deepEqual(await ann.all(), [presence('active', people.ann), presence('away', people.vic)]);
	const vic = await listen(d.made.tokens.look.token);
	const second = await listen(d.made.tokens.look.token);
	assert.deepEqual(await ann.next(), came(people.vic));
	await vic.close();
	assert.deepEqual(await ann.all(), [], 'one of two streams is still open');
	await second.close();
	assert.deepEqual(await ann.next(), went(people.vic));
	ann.say({ type: 'presence_sub', ids: [people.ann] });
	const third = await listen(d.made.tokens.look.token);
	assert.deepEqual(await ann.all(), [], 'who was known before is not told again; who is not asked for is not told');
	ann.say({ type: 'presence_sub', ids: [people.ann, people.vic] });
	assert.deepEqual(await ann.all(), [presence('active', people.vic)]);
	ann.say({ type: 'presence_sub', ids: [] });
	await third.close();
	assert.deepEqual(await ann.all(), []);
	await ann.close();
});

test('a list that is too long or no list is refused, and the one before stays', async () => {
	const ann = await listen(d.made.tokens.kit.token);
	ann.say({ type: 'presence_sub', ids: [people.vic] });
	assert.deepEqual(await ann.all(), [presence('away', people.vic)]);
	for (const [ids, code] of [[Array(501).fill(people.ann), 'too_many_ids'], [['ann'], 'invalid_ids'], [[7], 'invalid_ids'], ['U1', 'invalid_ids'], [undefined, 'invalid_ids']]) {
		ann.say({ type: 'presence_sub', ids });
		const [{ type, reply_to, error }] = await ann.all();
		assert.deepEqual([type, reply_to, error.code], ['error', 'presence_sub', code]);
		assert.ok(error.msg);
	}
	const vic = await listen(d.made.tokens.look.token);
	assert.deepEqual(await ann.next(), came(people.vic));
	ann.say({ type: 'presence_sub', ids: Array.from({ length: 500 }, (_, i) => 'UA' + (i + 100)) });
	assert.equal((await ann.all())[0].users.length, 500);
	await vic.close();
	await ann.close();
});

test('before hello it is too early', async () => {
	const socket = new WebSocket(`${d.url.replace('http', 'ws')}/stream?token=${d.made.tokens.kit.token}`);
	const answer = new Promise((done) => socket.once('message', (raw) => done(JSON.parse(raw))));
	socket.on('open', () => socket.send(JSON.stringify({ type: 'presence_sub', ids: [people.vic] })));
	assert.equal((await answer).error.code, 'too_early');
	socket.terminate();
});
