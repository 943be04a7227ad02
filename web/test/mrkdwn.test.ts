// What people and bots write, and what attackers write, as the tree that is drawn.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { date_format } from '../src/time';
import { type Inline, type Part, emoji_text, mrkdwn_parse, plain_text, safe_url, fault_split } from '../src/mrkdwn';

// A short notation of the tree: b(…) bold, i(…) italic, s(…) strike, `code`, [url label], @id #id !id :name: / for a line's end.
function inline(node: Inline): string {
	switch (node.kind) {
	case 'text': return node.text;
	case 'code': return '`' + node.text + '`';
	case 'bold': return `b(${node.children.map(inline).join('')})`;
	case 'italic': return `i(${node.children.map(inline).join('')})`;
	case 'strike': return `s(${node.children.map(inline).join('')})`;
	case 'link': return `[${node.url} ${node.text}]`;
	case 'user': return `@${node.id}`;
	case 'channel': return `#${node.id}`;
	case 'special': return `!${node.label}`;
	case 'emoji': return `:${node.name}:`;
	case 'date': return `date(${node.seconds} ${node.format} ${node.text})`;
	case 'break': return '/';
	}
}

function part(one: Part): string {
	return one.kind === 'pre' ? `pre(${one.text})` : `${one.kind === 'quote' ? 'q' : ''}(${one.children.map(inline).join('')})`;
}

function show(text: string): string {
	return mrkdwn_parse(text).map(part).join('');
}

const cases: [string, string, string][] = [
	['marks', '*bold* _italic_ ~strike~ `code`', '(b(bold) i(italic) s(strike) `code`)'],
	['marks in marks', '*bold _and italic ~and struck~_* end', '(b(bold i(and italic s(and struck))) end)'],
	['marks that cross', '*a _b* c_', '(b(a _b) c_)'],
	['marks inside of words', 'snake_case_name 2*3*4 a~b~c', '(snake_case_name 2*3*4 a~b~c)'],
	['marks with spaces', '* no * and _ no _', '(* no * and _ no _)'],
	['a mark without an end', '*bold', '(*bold)'],
	['marks do not cross lines', '*a\nb*', '(*a/b*)'],
	['doubled marks', '**x** __y__', '(**x** __y__)'],
	['marks beside punctuation', '(*x*), "_y_"!', '((b(x)), "i(y)"!)'],
	['no marks in code', '`*a* _b_ <@U1>`', '(`*a* _b_ @U1`)'],
	['a fence', 'a\n```\nx *y*\n<https://a.example|z>\n```\nb', '(a)pre(x *y*\nz)(b)'],
	['a fence without an end', '```x', '(```x)'],
	['quotes', '&gt; a\n> b\nc', 'q(a/b)(c)'],
	['a quote to the end', 'a\n&gt;&gt;&gt; b\nc', '(a)q(b/c)'],
	['links', '<https://a.example/x?a=1&amp;b=2|the page> <https://b.example>', '([https://a.example/x?a=1&b=2 the page] [https://b.example/ https://b.example])'],
	['mail', '<mailto:a@b.example|a@b.example>', '([mailto:a@b.example a@b.example])'],
	['bare links', 'see https://a.example/b(c)d. (https://e.example/f) *https://g.example*', '(see [https://a.example/b(c)d https://a.example/b(c)d]. ([https://e.example/f https://e.example/f]) b([https://g.example/ https://g.example]))'],
	['people and places', '<@U12> <@U12|ann> <#C34|ops> <!here> <!channel|channel> <!subteam^S1|@dba>', '(@U12 @U12 #C34 !here !channel !dba)'],
	['dates', '<!date^1700000000^{date_short}|14 Nov 2023>', '(date(1700000000 {date_short} 14 Nov 2023))'],
	['dates that are none', '<!date^x^{date}|never> <!date^1>', '(never a date)'],
	['emoji', ':fire: :no_such_thing: 10:30:45', '(:fire: :no_such_thing: 10:30:45)'],
	['entities are undone last', '&lt;b&gt; &amp;lt; &amp;amp;', '(<b> &lt; &amp;)'],
	['entities never become controls', '&lt;https://a.example|x&gt; &lt;@U1&gt;', '(<[https://a.example/ https://a.example]|x> <@U1>)'],
	['nothing', '', ''],
];

for (const [name, text, expected] of cases)
	test(`mrkdwn: ${name}`, () => assert.equal(show(text), expected));

const hostile = [
	'<javascript:alert(1)|click>', '<JaVaScRiPt:alert(1)>', '<java\tscript:alert(1)|x>', '<\u0001javascript:alert(1)|x>', '< javascript:alert(1)|x>',
	'<data:text/html,<script>alert(1)</script>|x>', '<vbscript:x|y>', '<file:///etc/passwd|x>', '<blob:https://a/b|x>', '<//evil.example|x>', '<javascript&colon;alert(1)|x>',
	'<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '<a href="javascript:alert(1)">x</a>', '<svg/onload=alert(1)>', '<!--x-->', '<!DOCTYPE html>', '<@<script>>',
	'<https://a.example" onmouseover="alert(1)|x>',
];

function links(text: string): string[] {
	const found: string[] = [];
	const walk = (node: Inline) => {
		if (node.kind === 'link')
			found.push(node.url);
		else if ('children' in node)
			node.children.forEach(walk);
	};

	mrkdwn_parse(text).forEach((one) => 'children' in one && one.children.forEach(walk));
	return found;
}

for (const text of hostile)
	test(`mrkdwn: hostile text stays text: ${JSON.stringify(text)}`, () => {
		for (const url of links(text))
			assert.match(url, /^(?:https?:\/\/|mailto:)[^"<>\s]+$/);
	});

test('mrkdwn: a refused link shows what it is', () => {
	assert.equal(show('<javascript:alert(1)|click>'), '(<javascript:alert(1)|click>)');
});

test('safe_url: absolute http, https and mailto only', () => {
	for (const bad of ['javascript:alert(1)', ' javascript:alert(1)', 'java\nscript:alert(1)', 'data:text/html,x', '/path', 'x', '', null, undefined, 7, {}, 'https://'])
		assert.equal(safe_url(bad), null, String(bad));
	assert.equal(safe_url('https://a.example/b'), 'https://a.example/b');
	assert.equal(safe_url('HTTP://A.example'), 'http://a.example/');
});

// Reads of the text are counted, not seconds: a search that starts anew at each mark would read the rest of the text each time.
function characters_searched(text: string): number {
	const real = String.prototype.indexOf;
	let read = 0;

	String.prototype.indexOf = function (this: string, what: string, from = 0) {
		const found = real.call(this, what, from);

		read += (found < 0 ? this.length : found) - from;
		return found;
	};
	try {
		mrkdwn_parse(text);
	} finally {
		String.prototype.indexOf = real;
	}
	return read;
}

for (const piece of ['<', '`', '*a ', '_a', '~', '*_~', '``` `', '<@U1', ':a', '&gt;', '> ', 'http://', '<a|', '*a* ', 'h', '\n&gt;'])
	test(`mrkdwn: huge input of ${JSON.stringify(piece)} is read in linear time`, () => {
		const text = piece.repeat(Math.ceil(40_000 / piece.length));

		assert.ok(characters_searched(text) <= 6 * text.length);
		assert.ok(plain_text(text).length > 0);
	});

test('mrkdwn: deep nesting ends at three marks', () => {
	const text = '*_~'.repeat(10_000) + 'x' + '~_*'.repeat(10_000);
	let deepest = 0;
	const walk = (node: Inline, depth: number) => {
		deepest = Math.max(deepest, depth);
		if ('children' in node)
			node.children.forEach((child) => walk(child, depth + 1));
	};

	mrkdwn_parse(text).forEach((one) => 'children' in one && one.children.forEach((child) => walk(child, 1)));
	assert.ok(deepest <= 4);
});

test('plain_text and emoji_text', () => {
	assert.equal(plain_text('*a* <https://x.example|b>\n`c` <@U1|ann>'), 'a b c @ann');
	assert.equal(emoji_text(':fire: &lt;x&gt; :nope:'), '🔥 <x> :nope:');
});

test('date_format: tokens of Slack, others stay', () => {
	const date = new Date(2023, 10, 14, 22, 13, 20);

	assert.match(date_format(date, '{date_num} {time_secs}'), /2023.*13.*20/);
	assert.match(date_format(new Date(), '{date_short_pretty}!'), /^today!$/);
	assert.equal(date_format(date, '{nope} {constructor}'), '{nope} {constructor}');
});

test('the fault of a refused command is found under its caret', () => {
	assert.deepEqual(fault_split('silence k7 --resaon x\n           ^'), ['silence k7 ', '--resaon', ' x']);
	assert.deepEqual(fault_split('ack größe 😀 x\n            ^'), ['ack größe 😀 ', 'x', '']);
	assert.deepEqual(fault_split('ack\n   ^'), ['ack', '', '']);
	for (const text of ['ack', 'ack\n    ^', '^', 'a\nb\n^', 'a\n ^ '])
		assert.equal(fault_split(text), null, text);
});
