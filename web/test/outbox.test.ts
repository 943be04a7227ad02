// What is entered leaves in its order and once; what cannot leave comes back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Entry, Outbox, entries_again } from '../src/outbox';

const turn = () => new Promise((done) => setImmediate(done));

function setup(stored: Record<string, string> = {}) {
	const sent: { entry: Entry; yes: () => void; no: (error: Error) => void }[] = [];
	let keys = 0;
	const world = {
		send: (entry: Entry) => new Promise<void>((yes, no) => sent.push({ entry, yes, no })),
		goes_on: (error: unknown) => (error as Error).message === 'unknown',
		failed: (error: unknown, typed: string) => `${typed}: ${(error as Error).message}`,
		load: (name: string) => stored[name] ?? '',
		store: (name: string, text: string) => { stored[name] = text; },
		key: () => `k${++keys}`,
	};
	const outbox = new Outbox(world);
	const enter = (text: string) => { outbox.change(text); outbox.enter(); };

	return { outbox, sent, stored, world, enter, typed: () => sent.map(({ entry }) => entry.typed) };
}

test('one after the other, however fast they are entered', async () => {
	const { outbox, sent, typed, enter, stored } = setup();

	for (const text of ['a', ' b ', '', '  ', 'c'])
		enter(text);
	assert.deepEqual(typed(), ['a']);
	assert.equal(outbox.waiting.value, 3);
	for (let i = 0; i < 3; i++) {
		sent[i]!.yes();
		await turn();
	}
	assert.deepEqual(typed(), ['a', 'b', 'c']);
	assert.equal(new Set(sent.map(({ entry }) => entry.key)).size, 3);
	assert.equal(outbox.waiting.value, 0);
	assert.deepEqual([stored.draft, stored.sending], ['', '']);
	enter('d');
	assert.deepEqual(typed(), ['a', 'b', 'c', 'd']);
});

test('after a failure all that was not sent comes back, before what was typed meanwhile, and leaves again with the same keys', async () => {
	const { outbox, sent, typed, enter } = setup();

	enter('a');
	enter('b\nb');
	outbox.change('mean');
	sent[0]!.no(new Error('offline'));
	await turn();
	assert.equal(outbox.text.value, 'a\nb\nb\nmean');
	assert.equal(outbox.error.value, 'a: offline');
	assert.equal(outbox.waiting.value, 0);
	outbox.change(outbox.text.value + 'while');
	assert.equal(outbox.error.value, '');
	outbox.enter();
	for (let i = 1; i < 4; i++) {
		sent[i]!.yes();
		await turn();
	}
	assert.deepEqual(typed(), ['a', 'a', 'b\nb', 'meanwhile']);
	assert.equal(sent[0]!.entry.key, sent[1]!.entry.key);
	assert.equal(outbox.text.value, '');
});

test('a refused command comes back alone', async () => {
	const { outbox, sent, typed, enter } = setup();

	enter('/nonsense');
	enter('b');
	sent[0]!.no(new Error('unknown'));
	await turn();
	assert.equal(outbox.text.value, '/nonsense');
	assert.equal(outbox.waiting.value, 1);
	sent[1]!.yes();
	await turn();
	assert.deepEqual(typed(), ['/nonsense', 'b']);
	assert.equal(outbox.error.value, '/nonsense: unknown');
});

test('a text that was changed is another text', () => {
	const back = [{ typed: 'a', key: '1' }, { typed: 'b', key: '2' }];

	assert.deepEqual(entries_again(back, 'a\nb'), { again: back, rest: '' });
	assert.deepEqual(entries_again(back, 'a\nbc'), { again: [back[0]], rest: 'bc' });
	assert.deepEqual(entries_again(back, 'ab'), { again: [], rest: 'ab' });
	assert.deepEqual(entries_again(back, ''), { again: [], rest: '' });
});

test('the page goes away while something is on its way', async () => {
	const first = setup();

	first.enter('a');
	first.enter('b');
	first.outbox.change('mean');
	const second = setup(first.stored);

	assert.equal(second.outbox.text.value, 'a\nb\nmean');
	second.outbox.enter();
	second.sent[0]!.yes();
	await turn();
	assert.deepEqual(second.typed(), ['a', 'b']);
	assert.equal(second.sent[0]!.entry.key, first.sent[0]!.entry.key);
});

test('what is dropped is neither sent nor stored', async () => {
	const { outbox, sent, stored, enter } = setup();

	enter('a');
	enter('b');
	outbox.drop();
	stored.draft = stored.sending = '';
	sent[0]!.no(new Error('offline'));
	await turn();
	assert.deepEqual([stored.draft, stored.sending, sent.length], ['', '', 1]);
});

test('what is stored may be anything', () => {
	for (const sending of ['', '{', 'null', '7', '{"queue":1}', '[]'])
		assert.equal(setup({ sending, draft: 'd' }).outbox.text.value, 'd');
});
