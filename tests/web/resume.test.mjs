// The daemon dies and comes back; everybody sees everything, once.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { composer, go_to, gone, message, room_start, say, see } from './harness.mjs';

let room, ann, ben, channel;

before(async () => {
	room = await room_start();
	channel = await room.channel('lobby', 'ben');
	ann = await room.enter('ann');
	ben = await room.enter('ben');
	await go_to(ann, 'lobby');
	await go_to(ben, 'lobby');
});
after(() => room.end());

function texts(page) {
	return page.locator('.main .message:not(.notice) .mrkdwn').allInnerTexts();
}

test('kill -9, and back on the same data: what was said is there, each once', async () => {
	for (const text of ['before 1', 'before 2'])
		await say(ann, text);
	await see(message(ben, 'before 2'));
	await room.daemon.kill();
	await see(ann.locator('.banner', { hasText: 'Reconnecting' }));
	await see(ben.locator('.banner'));
	await say(ann, 'while away');
	await see(ann.locator('.composer .error', { hasText: 'Not sent' }));
	await room.daemon.restart();
	// By another way, before the browsers have found back: this must reach them by the resume.
	for (const text of ['after 1', 'after 2'])
		await room.ann.slack('chat.postMessage', { channel, text });
	await gone(ann.locator('.banner'));
	await gone(ben.locator('.banner'));
	await see(message(ben, 'after 2'));
	await composer(ann).press('Enter');
	await see(message(ben, 'while away'));
	const expected = ['before 1', 'before 2', 'after 1', 'after 2', 'while away'];

	assert.deepEqual(await texts(ben), expected);
	await see(message(ann, 'while away'));
	assert.deepEqual(await texts(ann), expected);
});

test('the session holds over the restart, and so do the edits and reactions made meanwhile', async () => {
	const { ts } = await room.ann.slack('chat.postMessage', { channel, text: 'first form' });

	await see(message(ben, 'first form'));
	await ben.context().setOffline(true);
	await room.daemon.kill();
	await room.daemon.restart();
	await room.ann.slack('chat.update', { channel, ts, text: 'second form' });
	await room.ann.slack('reactions.add', { channel, timestamp: ts, name: 'eyes' });
	await ben.context().setOffline(false);
	await see(message(ben, 'second form').locator('.reaction', { hasText: '👀 1' }));
	assert.equal(await message(ben, 'first form').count(), 0);
	assert.equal(await message(ben, 'second form').count(), 1);
});

test('after more than the stream repeats, the history is read anew', async () => {
	await ben.context().setOffline(true);
	await room.daemon.kill();
	await room.daemon.restart();
	for (let i = 0; i < 520; i++)
		await room.ann.slack('chat.postMessage', { channel, text: `missed ${i}.` });
	await ben.context().setOffline(false);
	await see(message(ben, 'missed 519.'));
	const shown = (await texts(ben)).filter((text) => text.startsWith('missed'));

	assert.deepEqual(shown, Array.from({ length: shown.length }, (_, i) => `missed ${520 - shown.length + i}.`));
	await say(ann, 'and live again');
	await see(message(ben, 'and live again'));
});
