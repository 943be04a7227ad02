// A graph is a picture where the message is: in the channel, in a thread, and again when the page is loaded anew.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { composer, go_to, message, room_start, say, see } from './harness.mjs';

let room, prometheus, ann;

// What Prometheus answers to query_range: one series, a point a minute over the time that was asked for.
function query_range(request, response) {
	let body = '';

	request.setEncoding('utf8').on('data', (data) => { body += data; }).on('end', () => {
		const { start, end } = Object.fromEntries([...new URLSearchParams(body)].map(([name, value]) => [name, Number(value)]));
		const values = Array.from({ length: Math.floor((end - start) / 60) }, (_, i) => [start + 60 * i, String(Math.sin(i / 9))]);

		response.end(JSON.stringify({ status: 'success', data: { resultType: 'matrix', result: [{ metric: { __name__: 'up', job: 'self' }, values }] } }));
	});
}

before(async () => {
	prometheus = createServer(query_range);
	await new Promise((done) => { prometheus.listen(0, '127.0.0.1', done); });
	room = await room_start({ options: ['--prometheus-url', `http://127.0.0.1:${prometheus.address().port}`] });
	await room.channel('graphs', 'ben');
	ann = await room.enter('ann');
	await go_to(ann, 'graphs');
});

after(async () => {
	await room?.end();
	prometheus.closeAllConnections();
	prometheus.close();
});

// The picture is there when the browser has its pixels.
async function pixels(picture) {
	await see(picture);
	return picture.evaluate(async (img) => {
		await img.decode();
		return [img.naturalWidth, img.naturalHeight];
	});
}

test('/srebot graph shows the picture to everybody in the channel', async () => {
	const ben = await room.enter('ben');

	await go_to(ben, 'graphs');
	await say(ann, '/srebot graph up 1h');
	await see(ann.locator('.message.ephemeral', { hasText: 'Drawing the last 1 h of up' }));
	for (const page of [ann, ben]) {
		const row = message(page, 'the last 1 h  ·  for ann').filter({ has: page.locator('.file-picture') });

		assert.deepEqual(await pixels(row.getByRole('img', { name: 'Graph of up, the last 1 h' })), [800, 300]);
	}
});

test('it fits into a small window, and opens by itself', async () => {
	const small = await room.enter('ann', { viewport: { width: 400, height: 700 } });

	await small.goto(`${room.daemon.url}/#/${(await room.ann.slack('conversations.list')).channels.find((one) => one.name === 'graphs').id}`);
	const picture = small.locator('.main .file-picture img').first();

	await pixels(picture);
	const box = await picture.boundingBox();

	assert.ok(box.width <= 400 && Math.abs(box.width / box.height - 800 / 300) < 0.05, JSON.stringify(box));
	const [opened] = await Promise.all([small.context().waitForEvent('page'), small.locator('.main .file-picture').first().click()]);

	await opened.waitForLoadState();
	assert.match(opened.url(), /\/files\/F[0-9A-V]+\/graph\.png$/);
	assert.deepEqual(await opened.locator('img').evaluate((img) => [img.naturalWidth, img.naturalHeight]), [800, 300]);
});

test('in a thread too', async () => {
	await say(ann, 'what is it with *this*?');
	const root = message(ann, 'what is it with this?');

	await root.hover();
	await root.getByRole('button', { name: 'Reply' }).click();
	await ann.locator('.thread .composer textarea').fill('/srebot graph up 2h');
	await ann.locator('.thread .composer textarea').press('Enter');
	assert.deepEqual(await pixels(ann.locator('.thread').getByRole('img', { name: 'Graph of up, the last 2 h' })), [800, 300]);
	await ann.reload();
	assert.deepEqual(await pixels(ann.locator('.thread').getByRole('img', { name: 'Graph of up, the last 2 h' })), [800, 300]);
	await see(composer(ann));
});
