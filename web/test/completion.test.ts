// What the composer proposes, and what it sends.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complete, decode_text, encode_text, entry_parse, is_complete, type Known, words_of } from '../src/completion';
import type { CommandParam } from '../src/types';

const place = (name: string, type: string, more: Partial<CommandParam> = {}): CommandParam => ({ name, type, option: false, required: true, ...more });
const option = (name: string, type: string, more: Partial<CommandParam> = {}): CommandParam => ({ name, type, option: true, required: false, ...more });
const on_alert = [place('alert', 'alert')];

const known: Known = {
	prefixes: ['/srebot', '/ops'],
	commands: [
		{ name: 'ack', args: '<alert>', help: 'Acknowledge', params: on_alert }, { name: 'status', help: 'What is wrong' },
		{ name: 'resolve', args: '<alert>', help: 'Resolve', params: on_alert }, { name: 'alert show', args: '<alert>', help: 'Show', params: on_alert },
	],
	flags: [option('help', 'bool'), option('dry-run', 'bool'), option('reason', 'text', { help: 'Why' })],
	filters: [{ name: 'where', args: 'FIELD OP VALUE', help: 'Keep' }, { name: 'count', args: '', help: 'How many' }],
	requests: [{ code: 'A-17', calls: 'core:ack -- k7f3' }],
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

const deploy: Known = {
	...known,
	commands: [...known.commands, {
		name: 'deploy start', args: '<service> <who> [where...]', help: 'Deploy', risk: 'danger', dry_run: true,
		params: [place('service', 'choice', { choices: ['web', 'worker'] }), place('who', 'user', { required: false }), place('where', 'channel', { required: false, repeat: true }),
			option('env', 'choice', { letter: 'e', choices: ['dev', 'prod'], help: 'Where to' }), option('force', 'bool'), option('wait', 'span')],
	}, { name: 'approve', args: '<request> [note...]', params: [place('request', 'text'), place('note', 'text', { required: false, rest: true })] }],
};
const asked = (text: string) => complete(text, text.length, deploy);
const proposed = (text: string) => asked(text)?.items.map((item) => item.label) ?? [];
const took = (text: string, i = 0) => text.slice(0, asked(text)!.from) + asked(text)!.items[i]!.insert + text.slice(asked(text)!.to);

test('values are proposed by the type of the parameter that stands there', () => {
	assert.deepEqual(proposed('/ops deploy start '), ['web', 'worker']);
	assert.equal(took('/ops deploy start wo'), '/ops deploy start worker ');
	assert.deepEqual(proposed('/ops deploy start web '), ['@ann', '@ben']);
	assert.deepEqual(proposed('/ops deploy start web @b'), ['@ben']);
	assert.equal(took('/ops deploy start web be'), '/ops deploy start web @ben ');
	assert.deepEqual(proposed('/ops deploy start web ann gen'), ['#general']);
	assert.deepEqual(proposed('/ops deploy start web ann #general sre'), ['#sre-alerts']);
	assert.deepEqual(proposed('/ops approve '), ['A-17']);
	assert.deepEqual(proposed('/ops approve A-17 a note with @an'), ['@ann', '@ben', '@channel']);
	assert.match(asked('/ops approve A-17 fine')!.help, /^\/ops approve <request>/);
});

test('options with their help and their values; each once, and none behind --', () => {
	assert.deepEqual(proposed('/ops deploy start -'), ['--env=dev|prod', '--force', '--wait=SPAN', '--help', '--dry-run', '--reason=TEXT']);
	assert.deepEqual(asked('/ops deploy start --e')!.items[0], { label: '--env=dev|prod', hint: 'Where to', insert: '--env=' });
	assert.deepEqual(proposed('/ops deploy start --env='), ['dev', 'prod']);
	assert.equal(took('/ops deploy start --env=pr'), '/ops deploy start --env=prod ');
	assert.deepEqual(proposed('/ops deploy start --env '), ['dev', 'prod']);
	assert.deepEqual(proposed('/ops deploy start -e p'), ['prod']);
	assert.deepEqual(proposed('/ops deploy start env=p'), ['prod']);
	assert.deepEqual(proposed('/ops deploy start --env prod -e dev --force '), ['web', 'worker']);
	assert.deepEqual(proposed('/ops deploy start --env=prod web --no-force --'), ['--wait=SPAN', '--help', '--dry-run', '--reason=TEXT']);
	assert.deepEqual(proposed('/ops deploy start --wait '), []);
	assert.deepEqual(proposed('/ops deploy start --reason "a b" '), ['web', 'worker']);
	assert.deepEqual(proposed('/ops deploy start -- -'), []);
	assert.deepEqual(proposed('/ops ack --dry'), [], 'it cannot be tried out');
});

test('behind a pipe: filters, and commands once a letter stands there', () => {
	assert.deepEqual(proposed('/ops status | '), ['where FIELD OP VALUE', 'count']);
	assert.equal(took('/ops status | w'), '/ops status | where ');
	assert.match(asked('/ops status | where ')!.help, /Keep/);
	assert.deepEqual(proposed('/ops status | a'), ['ack <alert>', 'alert show <alert>', 'approve <request> [note...]']);
	assert.equal(took('/ops status | count | ac'), '/ops status | count | ack ');
	assert.deepEqual(proposed('/ops status | ack k7'), ['k7f3']);
});

test('where nothing need follow, Enter sends: nothing is chosen unless one goes to it', () => {
	assert.equal(asked('/ops deploy start web ')!.weak, true);
	for (const text of ['/ops deploy start ', '/ops deploy start web b', '/ops deploy start --env '])
		assert.equal(asked(text)!.weak, false, text);
});

test('a line is parted as the daemon parts it', () => {
	const parted = (line: string) => words_of(line).map((word) => word.text);

	assert.deepEqual(parted(`don't "a b" 'c d' --x="e f" g"h`), ["don't", '"a b"', "'c d'", '--x="e f"', 'g"h']);
	assert.deepEqual(parted('a "b c'), ['a', '"b c']);
	assert.deepEqual(parted(''), ['']);
	assert.deepEqual(parted('a '), ['a', '']);
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
