// The stream against a server that loses, repeats and leaves.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Socket, Stream, backoff_ms } from '../src/stream';

class FakeSocket implements Socket {
	sent: any[] = [];
	closed = false;
	onopen: (() => void) | null = null;
	onmessage: ((event: { data: any }) => void) | null = null;
	onclose: (() => void) | null = null;

	send(text: string) { this.sent.push(JSON.parse(text)); }
	close() { this.closed = true; }
	say(frame: unknown) { this.onmessage?.({ data: JSON.stringify(frame) }); }
}

function setup() {
	const seen: string[] = [], sockets: FakeSocket[] = [];
	const timers: { run: () => void; ms: number }[] = [];
	const world = { session_ok: true };
	const stream = new Stream({
		event: (channel, seq, event) => seen.push(`${channel}:${seq}:${event.text}`),
		frame: (frame) => seen.push(`frame ${frame.type}`),
		reset: (channel) => seen.push(`reset ${channel}`),
		hello: (again) => seen.push(again ? 'hello again' : 'hello'),
		status: () => {},
		logged_out: () => seen.push('logged out'),
		session_ok: async () => world.session_ok,
	}, {
		open: () => { const socket = new FakeSocket(); sockets.push(socket); return socket; },
		later: (run, ms) => {
			const timer = { run, ms };

			timers.push(timer);
			return () => { if (timers.includes(timer)) timers.splice(timers.indexOf(timer), 1); };
		},
		random: () => 0.5,
	});
	const fire = async () => {
		timers.shift()!.run();
		await new Promise((resolve) => setImmediate(resolve));
	};

	return { stream, seen, sockets, timers, world, fire };
}

function event(channel: string, seq: number, text: string) {
	return { type: 'event', channel, seq, event: { type: 'message', text } };
}

function started(known: Record<string, number>, hello: Record<string, number>) {
	const all = setup();

	for (const [channel, seq] of Object.entries(known))
		all.stream.know(channel, seq);
	all.stream.start();
	all.sockets[0]!.onopen!();
	all.sockets[0]!.say({ type: 'hello', channels: hello });
	all.seen.length = 0;
	return all;
}

test('resume names the numbers that are known', () => {
	const { sockets } = started({ C1: 812, C2: 0 }, { C1: 812, C2: 0 });

	assert.deepEqual(sockets[0]!.sent[0], { type: 'resume', channels: { C1: 812, C2: 0 } });
});

test('events are handed on once, in order', () => {
	const { sockets, seen } = started({ C1: 5 }, { C1: 5 });

	for (const seq of [6, 6, 5, 7, 6])
		sockets[0]!.say(event('C1', seq, 'x'));
	assert.deepEqual(seen, ['C1:6:x', 'C1:7:x']);
});

test('a gap asks for the history and goes on', () => {
	const { sockets, seen } = started({ C1: 5 }, { C1: 5 });

	sockets[0]!.say(event('C1', 9, 'x'));
	sockets[0]!.say(event('C1', 10, 'y'));
	assert.deepEqual(seen, ['reset C1', 'C1:9:x', 'C1:10:y']);
});

test('reset sets the number', () => {
	const { sockets, seen, stream } = started({ C1: 5 }, { C1: 900 });

	sockets[0]!.say({ type: 'reset', channel: 'C1', seq: 900 });
	sockets[0]!.say(event('C1', 900, 'old'));
	sockets[0]!.say(event('C1', 901, 'new'));
	assert.deepEqual(seen, ['reset C1', 'C1:901:new']);
	assert.equal(stream.seqs.get('C1'), 901);
});

test('after a break it resumes where it was, and nothing comes twice', async () => {
	const { sockets, seen, fire, timers } = started({ C1: 5 }, { C1: 5 });

	sockets[0]!.say(event('C1', 6, 'a'));
	sockets[0]!.onclose!();
	assert.equal(timers.length, 1);
	await fire();
	sockets[1]!.onopen!();
	assert.deepEqual(sockets[1]!.sent[0], { type: 'resume', channels: { C1: 6 } });
	sockets[1]!.say({ type: 'hello', channels: { C1: 8 } });
	for (const seq of [6, 7, 8])
		sockets[1]!.say(event('C1', seq, 'b'));
	assert.deepEqual(seen, ['C1:6:a', 'hello again', 'C1:7:b', 'C1:8:b']);
});

test('frames of a connection that was given up are not heard', async () => {
	const { sockets, seen, fire } = started({ C1: 5 }, { C1: 5 });
	const old = sockets[0]!.onmessage!;

	sockets[0]!.onclose!();
	await fire();
	old({ data: JSON.stringify(event('C1', 6, 'late')) });
	assert.deepEqual(seen, []);
});

test('a channel that hello brings anew starts there; one that is gone is forgotten', () => {
	const { sockets, seen, stream } = started({ C1: 5, C3: 4 }, { C1: 5, C2: 40 });

	assert.equal(stream.seqs.has('C3'), false);
	sockets[0]!.say(event('C2', 41, 'x'));
	assert.deepEqual(seen, ['C2:41:x']);
});

test('a server that went back to a backup makes the history be read anew', () => {
	const { stream, sockets, seen } = setup();

	stream.know('C1', 50);
	stream.start();
	sockets[0]!.onopen!();
	sockets[0]!.say({ type: 'hello', channels: { C1: 20 } });
	sockets[0]!.say(event('C1', 21, 'x'));
	assert.deepEqual(seen, ['reset C1', 'hello', 'C1:21:x']);
});

test('silence: a ping, then the connection is given up', async () => {
	const { sockets, timers, fire } = started({ C1: 5 }, { C1: 5 });

	await fire();
	assert.deepEqual(sockets[0]!.sent.at(-1), { type: 'ping', id: 1 });
	await fire();
	assert.equal(sockets[0]!.closed, true);
	assert.equal(timers.length, 1);
	await fire();
	assert.equal(sockets.length, 2);
});

test('bye: restart comes back, logged_out does not', async () => {
	const { sockets, seen, fire } = started({ C1: 5 }, { C1: 5 });

	sockets[0]!.say({ type: 'bye', reason: 'restart' });
	await fire();
	sockets[1]!.say({ type: 'hello', channels: { C1: 5 } });
	sockets[1]!.say({ type: 'bye', reason: 'logged_out' });
	assert.deepEqual(seen, ['hello again', 'logged out']);
	assert.equal(sockets[1]!.closed, true);
});

test('a session that ended meanwhile is not tried again', async () => {
	const { sockets, seen, fire, world, timers } = started({ C1: 5 }, { C1: 5 });

	world.session_ok = false;
	sockets[0]!.onclose!();
	await fire();
	assert.equal(sockets.length, 1);
	assert.equal(timers.length, 0);
	assert.deepEqual(seen, ['logged out']);
});

test('whose presence is told: asked for after hello, only when it is another, and again on a new connection', async () => {
	const { stream, sockets, fire } = setup();
	const asked = (i: number) => sockets[i]!.sent.filter((frame) => frame.type === 'presence_sub').map((frame) => frame.ids);

	stream.watch(['U2', 'U1']);
	stream.start();
	sockets[0]!.onopen!();
	assert.deepEqual(asked(0), []);
	sockets[0]!.say({ type: 'hello', channels: {} });
	stream.watch(['U1', 'U2']);
	stream.watch(['U3']);
	stream.watch([]);
	stream.watch(['U4']);
	assert.deepEqual(asked(0), [['U1', 'U2'], ['U3'], [], ['U4']]);
	sockets[0]!.onclose!();
	await fire();
	sockets[1]!.onopen!();
	sockets[1]!.say({ type: 'hello', channels: {} });
	assert.deepEqual(asked(1), [['U4']]);
	stream.watch(Array.from({ length: 600 }, (_, i) => `U${i}`));
	assert.equal(asked(1)[1].length, 500);
});

test('broken frames are ignored', () => {
	const { sockets, seen } = started({ C1: 5 }, { C1: 5 });

	sockets[0]!.onmessage!({ data: '{' });
	sockets[0]!.say(null);
	sockets[0]!.say({ type: 'event', channel: 'C1', seq: 'x', event: {} });
	sockets[0]!.say({ type: 'event', channel: 'C1', seq: 6 });
	assert.deepEqual(seen.filter((line) => line.startsWith('C1')), []);
});

test('waiting grows to 15 s, never under half a second, and is spread', () => {
	for (let attempt = 0; attempt < 40; attempt++) {
		assert.ok(backoff_ms(attempt, 0) >= 500);
		assert.ok(backoff_ms(attempt, 0.999) <= 15_000);
		assert.ok(backoff_ms(attempt, 0.9) > backoff_ms(attempt, 0.1));
	}
	assert.ok(backoff_ms(9, 0.99) > 14_000);
});
