// Hostile text stays text: from people, from bots, in every place where text is shown.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { go_to, message, room_start, say, see } from './harness.mjs';

let room, ann, channel;

const script = '<script>window.hacked = 1</script>';
const image = '<img src=x onerror="window.hacked = 1">';
const link = '<javascript:window.hacked=1|click me>';

before(async () => {
	room = await room_start();
	channel = await room.channel('lobby');
	ann = await room.enter('ann');
	await go_to(ann, 'lobby');
});
after(() => room.end());

async function nothing_happened() {
	assert.equal(await ann.evaluate(() => window.hacked), undefined);
	assert.equal(await ann.locator('.log script, .log img, .log iframe, .log svg, .log object, .log style').count(), 0);
	const links = await ann.locator('.log a').evaluateAll((all) => all.map((one) => one.getAttribute('href')));

	for (const href of links)
		assert.match(href, /^(?:https?:\/\/|mailto:|#\/)/);
	assert.deepEqual(await ann.locator('.log *').evaluateAll((all) => all.flatMap((one) => one.getAttributeNames()).filter((name) => name.startsWith('on'))), []);
}

test('what a person types', async () => {
	for (const text of [script, image, link, '`' + script + '`', '```' + image + '```', `*${script}*`, '&lt;script&gt;', '<@U1"onclick=x>', '<https://a.example/"onmouseover="window.hacked=1|x>']) {
		await say(ann, `hostile ${text}`);
	}
	await see(message(ann, script));
	await see(message(ann, image));
	await see(message(ann, 'javascript:window.hacked=1'));
	await nothing_happened();
});

test('what a bot sends in text, blocks and attachments', async () => {
	await room.ann.slack('chat.postMessage', {
		channel, text: `bot ${script}`,
		blocks: [
			{ type: 'header', text: { type: 'plain_text', text: `header ${script}` } },
			{ type: 'section', text: { type: 'mrkdwn', text: `section ${image} ${link}` }, fields: [{ type: 'mrkdwn', text: link }, { type: 'plain_text', text: image }] },
			{ type: 'context', elements: [{ type: 'mrkdwn', text: script }, { type: 'image', image_url: 'https://evil.example/x.png', alt_text: image }] },
			{ type: 'actions', elements: [{ type: 'button', text: { type: 'plain_text', text: script }, action_id: 'a', value: 'v', url: 'https://ok.example/' }] },
			{ type: 'image', image_url: 'https://evil.example/pixel.png', alt_text: script },
		],
		attachments: [{
			color: 'danger', pretext: script, author_name: image, title: script, title_link: 'javascript:window.hacked=1', text: link, footer: image,
			fields: [{ title: script, value: image, short: true }, { title: 'x', value: link }], image_url: 'https://evil.example/a.png',
			actions: [{ type: 'button', text: script, url: 'javascript:window.hacked=1', name: 'n', value: 'v' }],
		}],
	});
	await see(message(ann, `header ${script}`).filter({ hasText: 'section' }));
	await nothing_happened();
	const safe = await ann.locator('.log a.button').evaluateAll((all) => all.map((one) => [one.getAttribute('rel'), one.getAttribute('target')].join(' ')));

	assert.deepEqual([...new Set(safe)], ['noopener noreferrer nofollow _blank']);
});

test('names and topics', async () => {
	await room.ann.slack('conversations.setTopic', { channel, topic: `${script} ${link}` });
	await see(ann.locator('.topic', { hasText: '<script>' }));
	await room.ann.slack('chat.postMessage', { channel, text: 'by another name', username: image });
	await see(message(ann, 'by another name'));
	await nothing_happened();
});

test('a colour is a colour', async () => {
	for (const color of ['url(https://evil.example/)', 'red;background:url(https://evil.example/)', '#zzz'])
		await room.ann.slack('chat.postMessage', { channel, text: '', attachments: [{ color, text: `coloured ${color.slice(0, 3)}`, fallback: 'f' }] });
	await see(message(ann, 'coloured #zz'));
	const styles = await ann.locator('.attachment-body').evaluateAll((all) => all.map((one) => one.getAttribute('style') ?? ''));

	for (const style of styles)
		assert.match(style, /^(?:--bar: #[0-9a-f]{3,6};)?$/);
});

test('the page loaded nothing from elsewhere and broke no rule of the policy', async () => {
	const names = await ann.evaluate(() => performance.getEntriesByType('resource').map((entry) => entry.name));

	for (const name of names)
		assert.ok(name.startsWith(room.daemon.url) || name.startsWith('data:'), name);
	await room.ann.slack('chat.postMessage', { channel, text: 'still alive' });
	await see(message(ann, 'still alive'));
	// What the policy forbids would stand in the console; the room's end looks there.
});
