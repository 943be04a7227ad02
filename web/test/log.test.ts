// A channel's messages under events that come early, late and twice.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Log } from '../src/log';
import type { Message, SlackEvent } from '../src/types';

function message(ts: string, text: string, more: Partial<Message> = {}): Message {
	return { type: 'message', ts, text, user: 'U1', ...more };
}

function event(one: Message): SlackEvent {
	return { ...one, type: 'message' };
}

function loaded(...messages: Message[]): Log {
	const log = new Log();

	log.put_latest([...messages].reverse(), '', false);
	return log;
}

function texts(list: Message[] | undefined): string {
	return (list ?? []).map((one) => one.text).join(' ');
}

test('messages stand in order, each once', () => {
	const log = loaded(message('1.1', 'a'), message('1.3', 'c'));

	for (const one of [message('1.4', 'd'), message('1.2', 'b'), message('1.4', 'd')])
		log.handle(event(one));
	assert.equal(texts(log.roots), 'a b c d');
});

test('a late copy of a message does not undo its edit', () => {
	const log = loaded(message('1.1', 'a'));

	log.handle({ type: 'message', subtype: 'message_changed', message: message('1.1', 'A') });
	log.handle(event(message('1.1', 'a')));
	assert.equal(texts(log.roots), 'A');
});

test('deleted messages go, also from threads', () => {
	const log = loaded(message('1.1', 'a'), message('1.2', 'b'));

	log.put_thread('1.1', [message('1.1', 'a'), message('1.5', 'r', { thread_ts: '1.1' })]);
	log.handle({ type: 'message', subtype: 'message_deleted', deleted_ts: '1.5' });
	log.handle({ type: 'message', subtype: 'message_deleted', deleted_ts: '1.2' });
	assert.equal(texts(log.roots), 'a');
	assert.equal(texts(log.threads.get('1.1')), 'a');
});

test('replies go to their thread, broadcasts to both', () => {
	const log = loaded(message('1.1', 'a'));

	log.put_thread('1.1', [message('1.1', 'a')]);
	log.handle(event(message('1.2', 'r', { thread_ts: '1.1' })));
	log.handle(event(message('1.3', 's', { thread_ts: '1.1', subtype: 'thread_broadcast' })));
	assert.equal(texts(log.roots), 'a s');
	assert.equal(texts(log.threads.get('1.1')), 'a r s');
});

test('reactions are the same however often they are told', () => {
	const log = loaded(message('1.1', 'a'));
	const tell = (type: string, user: string) => log.handle({ type, user, reaction: 'eyes', item: { ts: '1.1' } });

	for (const user of ['U1', 'U1', 'U2'])
		tell('reaction_added', user);
	assert.deepEqual(log.roots[0]!.reactions, [{ name: 'eyes', users: ['U1', 'U2'], count: 2 }]);
	for (const user of ['U1', 'U1', 'U2'])
		tell('reaction_removed', user);
	assert.deepEqual(log.roots[0]!.reactions, []);
});

test('events that come while the history is read are not lost to it', () => {
	const log = new Log();

	log.read_begin();
	log.handle(event(message('1.3', 'c')));
	log.handle({ type: 'message', subtype: 'message_changed', message: message('1.1', 'A') });
	log.handle({ type: 'message', subtype: 'message_deleted', deleted_ts: '1.2' });
	log.read_end(() => log.put_latest([message('1.2', 'b'), message('1.1', 'a')], '', false));
	assert.equal(texts(log.roots), 'A c');
});

test('older pages go before, without doubles', () => {
	const log = loaded(message('1.3', 'c'), message('1.4', 'd'));

	log.put_older([message('1.3', 'c'), message('1.2', 'b'), message('1.1', 'a')], '', false);
	assert.equal(texts(log.roots), 'a b c d');
});

test('a long log is cut and can be read again', () => {
	const log = loaded(...Array.from({ length: 900 }, (_, i) => message(`1.${String(i).padStart(6, '0')}`, 'x')));

	log.trim();
	assert.equal(log.roots.length, 300);
	assert.equal(log.roots.at(-1)!.ts, '1.000899');
	assert.equal(log.has_more, true);
});

test('a changed message is a new object, the others stay the same', () => {
	const log = loaded(message('1.1', 'a'), message('1.2', 'b'));
	const [a, b] = log.roots;

	log.handle({ type: 'message', subtype: 'message_changed', message: message('1.1', 'A') });
	assert.notEqual(log.roots[0], a);
	assert.equal(log.roots[1], b);
});
