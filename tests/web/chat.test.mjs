// Two people talk: live messages, unread counts, threads, edits, reactions, commands, permalinks.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { composer, go_to, gone, message, room_start, say, see, until } from './harness.mjs';

let room, ann, ben, general;

before(async () => {
	room = await room_start();
	general = await room.channel('lobby', 'ben');
	await room.channel('deploys', 'ben');
	ann = await room.enter('ann');
	ben = await room.enter('ben');
	await go_to(ann, 'lobby');
	await go_to(ben, 'lobby');
});
after(() => room.end());

// The texts of the messages in the channel's log that match.
async function texts(page, pattern) {
	return (await page.locator('.main .message .mrkdwn').allInnerTexts()).filter((text) => pattern.test(text));
}

test('a message is seen by the other at once, with its marks', async () => {
	await say(ann, 'deploy of *checkout* is `done` :tada: @ben <b>');
	await see(message(ben, 'deploy of').locator('strong', { hasText: 'checkout' }));
	await see(message(ben, 'deploy of').locator('code', { hasText: 'done' }));
	await see(message(ben, 'deploy of').locator('.mention.me', { hasText: '@ben' }));
	await see(message(ben, '🎉'));
	await see(message(ben, '<b>'));
	await see(message(ann, 'deploy of'));
	assert.equal(await message(ben, 'deploy of').count(), 1);
	assert.equal(await message(ann, 'deploy of').count(), 1);
});

test('what is typed fast arrives, each once and in order', async () => {
	const channel = await room.channel('hurry', 'ben');
	const lines = Array.from({ length: 30 }, (_, i) => `quick ${i}.`);

	await go_to(ann, 'hurry');
	await go_to(ben, 'hurry');
	for (const line of lines)
		await say(ann, line);
	await see(message(ben, lines.at(-1)));
	await see(message(ann, lines.at(-1)));
	for (const page of [ann, ben])
		assert.deepEqual(await texts(page, /^quick/), lines);
	const { messages } = await room.ann.slack('conversations.history', { channel, limit: 100 });

	assert.deepEqual(messages.map((one) => one.text).filter((text) => text.startsWith('quick')).reverse(), lines);
	await go_to(ann, 'lobby');
	await go_to(ben, 'lobby');
});

test('several lines are one message', async () => {
	await composer(ann).fill('');
	await composer(ann).pressSequentially('first line');
	await composer(ann).press('Shift+Enter');
	await composer(ann).pressSequentially('second line');
	await composer(ann).press('Enter');
	await see(message(ben, /first line\s*second line/));
});

test('unread messages are counted, and read ones are not', async () => {
	await go_to(ben, 'deploys');
	for (const text of ['one', 'two', 'three'])
		await room.ann.slack('chat.postMessage', { channel: general, text });
	const link = ben.locator(`[data-channel="${general}"]`);

	await see(link.locator('.badge', { hasText: '3' }));
	await until(ben, () => document.title.startsWith('(3)'));
	await room.ann.slack('chat.postMessage', { channel: general, text: '<!here> look' });
	await see(link.locator('.mention-badge', { hasText: '4' }));
	await ben.reload();
	await see(link.locator('.mention-badge', { hasText: '4' }));
	await go_to(ben, 'lobby');
	await see(ben.locator('.new-line'));
	await gone(link.locator('.badge'));
	await until(ben, () => !document.title.startsWith('('));
});

test('what was read in one window is read in the other', async () => {
	const second = await room.enter('ben');

	await go_to(second, 'deploys');
	await go_to(ben, 'deploys');
	await room.ann.slack('chat.postMessage', { channel: general, text: 'for both windows' });
	const badge = (page) => page.locator(`[data-channel="${general}"] .badge`);

	await see(badge(second));
	await see(badge(ben));
	await go_to(ben, 'lobby');
	await gone(badge(second));
});

test('a thread: reply, summary, live in the other pane', async () => {
	await say(ann, 'the root of a thread');
	await message(ben, 'the root of a thread').hover();
	await message(ben, 'the root of a thread').getByRole('button', { name: 'Reply' }).click();
	await see(ben.locator('.thread .message', { hasText: 'the root of a thread' }));
	await ben.keyboard.type('an answer');
	await ben.keyboard.press('Enter');
	await see(ben.locator('.thread .message', { hasText: 'an answer' }));
	await see(message(ann, 'the root of a thread').locator('.thread-summary', { hasText: '1 reply' }));
	assert.equal(await message(ann, 'an answer').count(), 0);
	await message(ann, 'the root of a thread').locator('.thread-summary').click();
	await see(ann.locator('.thread .message', { hasText: 'an answer' }));
	await ann.keyboard.type('and another');
	await ann.keyboard.press('Enter');
	await see(ben.locator('.thread .message', { hasText: 'and another' }));
	await see(message(ben, 'the root of a thread').locator('.thread-summary', { hasText: '2 replies' }));
	for (const page of [ann, ben]) {
		await page.keyboard.press('Escape');
		await gone(page.locator('.thread'));
	}
});

test('one counts neither what one said oneself nor who came and went', async () => {
	const channel = await room.channel('comings', 'ben');

	await room.ben.slack('chat.postMessage', { channel, text: '<!here> it is me' });
	const count = async (person) => {
		const { unread, mentions } = (await person.call('GET', '/v1/boot')).channels.find((one) => one.id === channel);

		return { unread, mentions };
	};

	assert.deepEqual(await count(room.ben), { unread: 0, mentions: 0 });
	assert.deepEqual(await count(room.ann), { unread: 1, mentions: 1 });
});

test('a mention in a thread is told, until the thread is seen', async () => {
	const { ts } = await room.ann.slack('chat.postMessage', { channel: general, text: 'a quiet root' });

	await see(message(ben, 'a quiet root'));
	await go_to(ben, 'deploys');
	const badge = ben.locator(`[data-channel="${general}"] .badge`);

	await room.ann.slack('chat.postMessage', { channel: general, thread_ts: ts, text: 'nothing for you' });
	await room.ann.slack('chat.postMessage', { channel: general, thread_ts: ts, text: '<!here> can you help, <@U0>?'.replace('U0', (await room.ben.call('GET', '/v1/me')).user_id) });
	await see(badge.filter({ hasText: '@1' }));
	await ben.reload();
	await see(badge.filter({ hasText: '@1' }));
	await go_to(ben, 'lobby');
	await message(ben, 'a quiet root').locator('.thread-summary').click();
	await see(ben.locator('.thread .message', { hasText: 'can you help' }));
	await gone(badge);
	await ben.keyboard.press('Escape');
	await gone(ben.locator('.thread'));
	await ben.reload();
	await see(message(ben, 'a quiet root'));
	await gone(badge);
});

test('editing with the Up key', async () => {
	await say(ann, 'tpyo');
	await see(message(ben, 'tpyo'));
	await composer(ann).press('ArrowUp');
	await see(ann.getByLabel('Edit message'));
	await ann.getByLabel('Edit message').fill('typo');
	await ann.keyboard.press('Enter');
	await see(message(ben, 'typo').locator('.edited'));
	await gone(message(ben, 'tpyo'));
});

test('reactions are added and taken back', async () => {
	const row = message(ben, 'typo');

	await row.hover();
	await row.getByRole('button', { name: 'React' }).click();
	await ben.getByLabel('Search emoji').fill('eyes');
	await ben.keyboard.press('Enter');
	const seen = message(ann, 'typo').locator('.reaction', { hasText: '👀 1' });

	await see(seen);
	await seen.click();
	await see(message(ben, 'typo').locator('.reaction', { hasText: '👀 2' }));
	await message(ben, 'typo').locator('.reaction.mine').click();
	await see(message(ann, 'typo').locator('.reaction', { hasText: '👀 1' }));
});

test('deleting asks first', async () => {
	const row = message(ann, 'typo');

	await row.hover();
	await row.getByRole('button', { name: 'Delete' }).click();
	await ann.getByRole('button', { name: 'Keep' }).click();
	await row.hover();
	await row.getByRole('button', { name: 'Delete' }).click();
	await ann.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
	await gone(message(ben, 'typo'));
});

test('commands are found and run by the keyboard alone', async () => {
	await composer(ann).focus();
	await ann.keyboard.type('/');
	const list = ann.getByRole('listbox', { name: 'Proposals' });

	await see(list.getByRole('option').filter({ hasText: '/srebot' }));
	await ann.keyboard.press('ArrowDown');
	await ann.keyboard.press('ArrowUp');
	await ann.keyboard.type('srebot stat');
	await see(list.locator('[aria-selected=true]', { hasText: '/srebot status' }));
	await ann.keyboard.press('Tab');
	await ann.keyboard.press('Enter');
	await see(ann.locator('.message.ephemeral', { hasText: 'Only visible to you' }));
	assert.equal(await composer(ann).inputValue(), '');
	assert.equal(await ben.locator('.message.ephemeral').count(), 0);
});

test('an unknown command says what there is, and the text stays', async () => {
	await say(ann, '/nonsense now');
	await see(ann.locator('.composer .error', { hasText: 'status' }));
	assert.equal(await composer(ann).inputValue(), '/nonsense now');
	await say(ann, '//etc/hosts is text');
	await see(message(ben, '/etc/hosts is text'));
});

test('a person and a channel are completed', async () => {
	await composer(ann).fill('');
	await ann.keyboard.type('ask @be');
	await ann.keyboard.press('Enter');
	await ann.keyboard.type('in #dep');
	await ann.keyboard.press('Tab');
	await ann.keyboard.press('Enter');
	await see(message(ben, 'ask').locator('.mention.me', { hasText: '@ben' }));
	await message(ben, 'ask').locator('a.mention', { hasText: '#deploys' }).click();
	await see(ben.locator('.main h1', { hasText: 'deploys' }));
});

test('drafts stay with their channel, over a reload', async () => {
	await composer(ann).fill('half a thou');
	await go_to(ann, 'deploys');
	assert.equal(await composer(ann).inputValue(), '');
	await go_to(ann, 'lobby');
	assert.equal(await composer(ann).inputValue(), 'half a thou');
	await ann.reload();
	await see(composer(ann));
	assert.equal(await composer(ann).inputValue(), 'half a thou');
	await composer(ann).fill('');
});

test('the quick switcher, the arrows and the help', async () => {
	await ann.keyboard.press('Control+k');
	await ann.keyboard.type('depl');
	await ann.keyboard.press('Enter');
	await see(ann.locator('.main h1', { hasText: 'deploys' }));
	await ann.keyboard.press('Alt+ArrowDown');
	await gone(ann.locator('.main h1', { hasText: 'deploys' }));
	await ann.keyboard.press('Alt+ArrowUp');
	await see(ann.locator('.main h1', { hasText: 'deploys' }));
	await ann.keyboard.press('Control+/');
	await see(ann.getByRole('dialog', { name: 'Keys' }));
	await ann.keyboard.press('Escape');
	await gone(ann.getByRole('dialog'));
});

test('messages are walked with the arrows', async () => {
	await go_to(ann, 'lobby');
	await see(message(ann, 'the root of a thread'));
	await ann.locator('.main .log').focus();
	await ann.keyboard.press('End');
	await until(ann, () => document.activeElement?.classList.contains('message'));
	for (let i = 0; i < 60 && !await ann.evaluate(() => document.activeElement.textContent.includes('the root of a thread')); i++)
		await ann.keyboard.press('ArrowUp');
	await ann.keyboard.press('Enter');
	await see(ann.locator('.thread .message', { hasText: 'an answer' }));
	await ann.keyboard.press('Escape');
	await gone(ann.locator('.thread'));
});

test('a new channel, joined by the other', async () => {
	await ann.getByRole('button', { name: 'New channel' }).click();
	await ann.getByLabel('Name').fill('db incident');
	await ann.keyboard.press('Enter');
	await see(ann.locator('.main h1', { hasText: '#db-incident' }));
	await say(ann, 'come here');
	await see(message(ann, 'come here'));
	await ben.getByRole('button', { name: 'Join a channel' }).click();
	await ben.keyboard.press('Escape');
	await ben.keyboard.press('Control+k');
	await ben.keyboard.type('db-inc');
	await ben.keyboard.press('Enter');
	await see(message(ben, 'come here'));
	assert.equal(await composer(ben).count(), 0, 'one may look before one joins');
	await ben.getByRole('button', { name: 'Join a channel' }).click();
	await ben.getByRole('button', { name: 'Join db-incident' }).click();
	await see(composer(ben));
	await say(ann, 'are you here?');
	await see(message(ben, 'are you here?'));
	await see(message(ben, 'come here'));
	await see(ann.locator('.pane-head', { hasText: '2 members' }));
});

test('a direct message', async () => {
	await ann.keyboard.press('Control+k');
	await ann.keyboard.type('@ben');
	await ann.keyboard.press('Enter');
	await see(ann.locator('.main h1', { hasText: 'ben' }));
	await say(ann, 'just for you');
	const link = ben.locator('.sidebar a.channel', { hasText: 'ann' });

	await see(link.locator('.mention-badge', { hasText: '1' }));
	await link.click();
	await see(message(ben, 'just for you'));
});

test('who is here is told of those on the screen, and of nobody else', async () => {
	const told = [];

	await room.person('carl');
	await room.person('dora');
	const carl_id = (await room.carl.call('GET', '/v1/me')).user_id, dora_id = (await room.dora.call('GET', '/v1/me')).user_id;

	ann.once('websocket', (socket) => socket.on('framereceived', ({ payload }) => /"type":"presence"/.test(payload) && told.push(payload)));
	await room.channel('hall', 'carl', 'dora');
	await room.carl.slack('chat.postMessage', { channel: (await room.ann.slack('conversations.open', { users: carl_id })).channel.id, text: 'hello ann' });
	await ann.reload();
	await go_to(ann, 'carl');
	await see(ann.locator('.main .pane-head', { hasText: 'away' }));
	assert.equal(await message(ann, 'hello ann').locator('.face .dot.active').count(), 0);
	const dora = await room.enter('dora');
	const carl = await room.enter('carl');

	await see(ann.locator('.main .pane-head', { hasText: '· active' }));
	await see(ann.locator('.sidebar a.channel', { hasText: 'carl' }).locator('.dot.active'));
	await see(message(ann, 'hello ann').locator('.face .dot.active'));
	await carl.close();
	await see(ann.locator('.main .pane-head', { hasText: '· away' }));
	await gone(message(ann, 'hello ann').locator('.face .dot.active'));
	assert.ok(told.some((frame) => frame.includes(carl_id)));
	assert.ok(!told.some((frame) => frame.includes(dora_id)), told.join('\n'));
	// Once she has said something in the open channel, she is on the screen, and how she stands now is known.
	await go_to(ann, 'hall');
	await go_to(dora, 'hall');
	await say(dora, 'and I am dora');
	await see(message(ann, 'and I am dora').locator('.face .dot.active'));
	await dora.close();
	await gone(message(ann, 'and I am dora').locator('.face .dot.active'));
});

test('older messages are read when one scrolls up, and a permalink finds them', async () => {
	const channel = await room.channel('archive', 'ben');
	const first = await room.ann.slack('chat.postMessage', { channel, text: 'the very first line' });

	for (let i = 0; i < 130; i++)
		await room.ann.slack('chat.postMessage', { channel, text: `line ${i}.` });
	await go_to(ben, 'archive');
	await see(message(ben, 'line 129.'));
	assert.equal(await message(ben, 'the very first line').count(), 0);
	await ben.locator('.main .log').hover();
	await ben.mouse.wheel(0, -100_000);
	await see(message(ben, 'line 40.'));
	await go_to(ann, 'lobby');
	await ann.goto(`${room.daemon.url}/archives/${channel}/p${first.ts.replace('.', '')}`);
	await see(ann.locator('.message.marked', { hasText: 'the very first line' }));
	await until(ann, () => document.activeElement?.classList.contains('marked'));
	assert.equal(new URL(ann.url()).pathname, '/');
});

test('a message that cannot be sent stays, with the reason', async () => {
	await go_to(ann, 'lobby');
	await ann.context().setOffline(true);
	await say(ann, 'into the void');
	await see(ann.locator('.composer .error', { hasText: 'Not sent' }));
	assert.equal(await composer(ann).inputValue(), 'into the void');
	await ann.context().setOffline(false);
	await until(ann, () => fetch('/healthz').then(() => true, () => false));
	await composer(ann).press('Enter');
	await see(message(ann, 'into the void'));
	assert.equal(await message(ann, 'into the void').count(), 1);
	assert.equal(await composer(ann).inputValue(), '');
});

test('on a slow line one goes on typing, and walks on; what fails comes back in its order', async () => {
	const channel = await room.channel('slow-line', 'ben');
	const held = [];
	let hold = true;

	await go_to(ann, 'slow-line');
	await go_to(ben, 'slow-line');
	await ann.route('**/api/chat.postMessage', (route) => hold ? held.push(route) : route.continue());
	for (const text of ['slow 1', 'slow 2', 'slow 3'])
		await say(ann, text);
	await composer(ann).fill('half a thou');
	await see(ann.locator('.composer .sending'));
	await go_to(ann, 'lobby');
	await go_to(ann, 'slow-line');
	assert.equal(await composer(ann).inputValue(), 'half a thou', 'what is being sent does not stand in the box again');
	// The first is carried out, but its answer is lost.
	hold = false;
	await held[0].fetch();
	await held[0].abort();
	await see(ann.locator('.composer .error', { hasText: 'Not sent' }));
	assert.equal(await composer(ann).inputValue(), 'slow 1\nslow 2\nslow 3\nhalf a thou');
	await ann.reload();
	await see(composer(ann));
	assert.equal(await composer(ann).inputValue(), 'slow 1\nslow 2\nslow 3\nhalf a thou');
	await composer(ann).press('End');
	await ann.keyboard.type('ght');
	await ann.keyboard.press('Enter');
	await see(message(ben, 'half a thought'));
	const expected = ['slow 1', 'slow 2', 'slow 3', 'half a thought'];

	assert.deepEqual(await texts(ben, /^(?:slow|half)/), expected);
	await see(message(ann, 'half a thought'));
	assert.deepEqual(await texts(ann, /^(?:slow|half)/), expected);
	await ann.unroute('**/api/chat.postMessage');
	assert.equal((await room.ann.slack('conversations.history', { channel })).messages.filter((one) => !one.subtype).length, 4);
});
