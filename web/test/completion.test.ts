// What the composer proposes, and what it sends.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complete, decode_text, encode_text, entry_parse, is_complete, type Known } from '../src/completion';

const known: Known = {
	prefixes: ['/srebot', '/ops'],
	commands: [
		{ name: 'ack', args: '<alert>', help: 'Acknowledge' }, { name: 'status', help: 'What is wrong' },
		{ name: 'resolve', args: '<alert>', help: 'Resolve' }, { name: 'alert show', args: '<alert>', help: 'Show' },
	],
	users: [{ id: 'U1', name: 'ann', real_name: 'Ann Example' }, { id: 'U2', name: 'ben', real_name: 'Ben Annex' }],
	channels: [{ id: 'C1', name: 'sre-alerts' }, { id: 'C2', name: 'general' }, { id: 'D1', name: 'x', is_im: true }],
	alerts: [{ id: 'k7f3', title: 'DbDown' }, { id: 'm2q9', title: 'DiskFull' }],
};

function labels(text: string, caret = text.length): string[] {
	return complete(text, caret, known)?.items.map((item) => item.label) ?? [];
}

function taken(text: string, i = 0): string {
	const completion = complete(text, text.length, known)!;

	return text.slice(0, completion.from) + completion.items[i]!.insert + text.slice(completion.to);
}

test('a slash proposes every command', () => {
	assert.deepEqual(labels('/'), ['/srebot ack <alert>', '/srebot status', '/srebot resolve <alert>', '/srebot alert show <alert>']);
	assert.deepEqual(labels('/op'), ['/ops ack <alert>', '/ops status', '/ops resolve <alert>', '/ops alert show <alert>']);
});

test('letters narrow the commands, with and without the prefix', () => {
	assert.deepEqual(labels('/srebot a'), ['/srebot ack <alert>', '/srebot alert show <alert>']);
	assert.deepEqual(labels('/ops st'), ['/ops status']);
	assert.deepEqual(labels('/ack'), ['/srebot ack <alert>']);
	assert.equal(taken('/ack'), '/srebot ack ');
	assert.deepEqual(labels('/nothing'), []);
});

test('a command without arguments is complete when its name is there', () => {
	const completion = complete('/srebot status', 14, known)!;

	assert.equal(is_complete('/srebot status', completion, completion.items[0]!), true);
	assert.equal(is_complete('/srebot sta', complete('/srebot sta', 11, known)!, completion.items[0]!), false);
});

test('after a command its usage, and the open alerts where one is asked for', () => {
	assert.match(complete('/srebot ack ', 12, known)!.help, /^\/srebot ack <alert> — Acknowledge$/);
	assert.deepEqual(labels('/srebot ack '), ['k7f3', 'm2q9']);
	assert.deepEqual(labels('/srebot alert show disk'), ['m2q9']);
	assert.equal(taken('/srebot ack k'), '/srebot ack k7f3');
	assert.deepEqual(labels('/srebot ack k7f3'), []);
	assert.deepEqual(labels('/srebot ack k7f3 '), []);
});

test('two slashes are text', () => {
	assert.deepEqual(labels('//'), []);
	assert.deepEqual(entry_parse('//etc/passwd'), { kind: 'message', text: '/etc/passwd' });
});

test('commands are told from text', () => {
	assert.deepEqual(entry_parse('/srebot  ack k7f3 '), { kind: 'command', command: '/srebot', text: 'ack k7f3' });
	assert.deepEqual(entry_parse('/ops'), { kind: 'command', command: '/ops', text: '' });
	assert.deepEqual(entry_parse('a /b'), { kind: 'message', text: 'a /b' });
	assert.deepEqual(entry_parse('/ x'), { kind: 'message', text: '/ x' });
});

test('people, groups and channels complete where a word begins', () => {
	assert.deepEqual(labels('hello @an'), ['@ann', '@ben', '@channel']);
	assert.deepEqual(labels('mail@an'), []);
	assert.deepEqual(labels('#'), ['#sre-alerts', '#general']);
	assert.equal(taken('see #gen'), 'see #general ');
	assert.deepEqual(labels('@he', 3), ['@here']);
	assert.deepEqual(labels(':rotating'), ['🚨 :rotating_light:']);
});

test('only what stands before the caret counts', () => {
	const completion = complete('hi @be and more', 6, known)!;

	assert.deepEqual([completion.from, completion.to], [3, 6]);
});

test('what is sent is escaped, with mentions as Slack writes them', () => {
	assert.equal(encode_text('<b> & @ann, @nobody #general @here (@ben)', known), '&lt;b&gt; &amp; <@U1>, @nobody <#C2> <!here> (<@U2>)');
	assert.equal(encode_text('`@ann <x>` and ```\n@ben\n```', known), '`@ann &lt;x&gt;` and ```\n@ben\n```');
	assert.equal(encode_text('<@U1> <https://x.example|y>', known), '&lt;@U1&gt; &lt;https://x.example|y&gt;');
	assert.equal(encode_text('ann@example.com a#general', known), 'ann@example.com a#general');
	assert.equal(encode_text('@ann.', known), '<@U1>.');
});

test('editing gets back what was typed', () => {
	for (const typed of ['<b> & @ann, #general @here', '`code <x>`', 'plain', '&lt; is an entity'])
		assert.equal(decode_text(encode_text(typed, known), known), typed);
	assert.equal(decode_text('<https://x.example>', known), 'https://x.example');
	assert.equal(decode_text('<https://x.example/y|the page>', known), 'the page (https://x.example/y)');
});
