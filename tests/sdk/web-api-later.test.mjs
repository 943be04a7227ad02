// Messages for later, and the search for what was said, with the official SDK unchanged.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { daemon } from './daemon.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const { WebClient, LogLevel } = require('@slack/web-api');
const start = Date.parse('2026-03-02T02:15:00Z') / 1000, minute = 60, day = 86400;
let d, web, vic, ops;
const client = (token) => new WebClient(token, { slackApiUrl: `${d.url}/api/`, retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR });
const refused = (error) => (e) => e.data?.error === error || assert.fail(`expected ${error}, got ${e.data?.error ?? e.message}`);
const advance = (by) => d.api('/v1/advance', { body: { by }, token: d.adminToken() });
const said = async (channel = ops) => (await web.conversations.history({ channel })).messages.filter((m) => !m.subtype).map((m) => m.text);

before(async () => {
	d = await daemon(['--clock', '2026-03-02T02:15:00Z']);
	web = client(d.token);
	vic = client(d.made.tokens.look.token);
	ops = (await web.conversations.list({})).channels.find((c) => c.name === 'ops').id;
});
after(() => d.stop());

test('a message is said at its time, also after a crash; one that was taken back is not', async () => {
	const r = await web.chat.scheduleMessage({ channel: ops, post_at: start + 10 * minute, text: 'shift ends & begins' });
	assert.match(r.scheduled_message_id, /^Q/);
	assert.deepEqual([r.channel, r.post_at, r.message.type, r.message.text], [ops, start + 600, 'delayed_message', 'shift ends &amp; begins']);
	const never = await web.chat.scheduleMessage({ channel: ops, post_at: start + 11 * minute, text: 'never' });
	assert.deepEqual((await web.chat.scheduledMessages.list({ channel: ops })).scheduled_messages.map((m) => [m.id, m.text, m.post_at]), [[r.scheduled_message_id, 'shift ends &amp; begins', start + 600], [never.scheduled_message_id, 'never', start + 660]]);
	assert.deepEqual((await web.chat.scheduledMessages.list({ latest: start + 600, limit: 1 })).scheduled_messages.length, 1);
	assert.deepEqual((await vic.chat.scheduledMessages.list({})).scheduled_messages, []);
	await assert.rejects(vic.chat.deleteScheduledMessage({ channel: ops, scheduled_message_id: never.scheduled_message_id }), refused('invalid_scheduled_message_id'));
	await web.chat.deleteScheduledMessage({ channel: ops, scheduled_message_id: never.scheduled_message_id });
	await assert.rejects(web.chat.deleteScheduledMessage({ channel: ops, scheduled_message_id: never.scheduled_message_id }), refused('invalid_scheduled_message_id'));
	await advance('9m');
	assert.deepEqual(await said(), []);
	await d.kill();
	await d.restart();
	await advance('30m');
	assert.deepEqual(await said(), ['shift ends &amp; begins']);
	assert.deepEqual((await web.chat.scheduledMessages.list({})).scheduled_messages, []);
});

test('times that cannot be are refused; a thread gets its reply; what cannot be said any more is told to who wanted it', async () => {
	const now = Date.parse((await d.api('/v1/status')).now) / 1000;
	await assert.rejects(web.chat.scheduleMessage({ channel: ops, post_at: now - 1, text: 'x' }), refused('time_in_past'));
	await assert.rejects(web.chat.scheduleMessage({ channel: ops, post_at: now + 121 * day, text: 'x' }), refused('time_too_far'));
	await assert.rejects(web.chat.scheduleMessage({ channel: ops, post_at: 'soon', text: 'x' }), refused('invalid_time'));
	const root = await web.chat.postMessage({ channel: ops, text: 'root' });
	await web.chat.scheduleMessage({ channel: ops, post_at: now + 60, text: 'reply', thread_ts: root.ts });
	const { channel } = await web.conversations.create({ name: 'short-lived' });
	await web.chat.scheduleMessage({ channel: channel.id, post_at: now + 60, text: 'too late' });
	await web.conversations.archive({ channel: channel.id });
	await advance('2m');
	assert.deepEqual((await web.conversations.replies({ channel: ops, ts: root.ts })).messages.map((m) => m.text), ['root', 'reply']);
	const bot = (await web.users.list({})).members.find((m) => m.name === 'srebot').id;
	const dm = (await web.conversations.open({ users: bot })).channel.id;
	assert.match((await said(dm))[0], /could not be posted \(`is_archived`\): too late/);
	const me = await web.chat.meMessage({ channel: ops, text: 'is getting coffee' });
	assert.equal((await web.conversations.history({ channel: ops, latest: me.ts, inclusive: true, limit: 1 })).messages[0].subtype, 'me_message');
});

test('search.messages finds by words, phrases and modifiers, only what one may read', async () => {
	const { channel: secret } = await web.conversations.create({ name: 'sealed', is_private: true });
	await web.chat.postMessage({ channel: ops, text: 'the disk of db-1 is full, see <https://wiki.example.com/disk>' });
	await advance('24h');
	await web.chat.postMessage({ channel: ops, text: 'the disk is fine' });
	await advance('1s');
	await web.chat.postMessage({ channel: secret.id, text: 'the disk password' });
	const find = async (query, options = {}, who = web) => (await who.search.messages({ query, sort: 'timestamp', ...options })).messages.matches.map((m) => m.text.replace(/^the disk /, '').slice(0, 8));
	assert.deepEqual(await find('disk'), ['password', 'is fine', 'of db-1 ']);
	assert.deepEqual(await find('disk', {}, vic), ['is fine', 'of db-1 ']);
	assert.deepEqual(await find('disk in:#ops -fine'), ['of db-1 ']);
	assert.deepEqual(await find('"disk of"'), ['of db-1 ']);
	assert.deepEqual(await find('disk has:link from:@ann'), ['of db-1 ']);
	assert.deepEqual(await find('disk from:vic'), []);
	assert.deepEqual(await find('disk before:2026-03-03'), ['of db-1 ']);
	assert.deepEqual(await find('disk after:2026-03-02'), ['password', 'is fine']);
	assert.deepEqual(await find('disk on:2026-03-03 in:ops', { sort_dir: 'asc' }), ['is fine']);
	assert.deepEqual(await find('in:ops after:2026-03-02'), ['is fine']);
	assert.deepEqual(await find('in:sealed', {}, vic), []);
	assert.deepEqual(await find('disk in:nowhere'), []);
	assert.deepEqual(await find('disk AND OR NOT ( " *'), []);
	const page = await web.search.messages({ query: 'disk', count: 1, page: 2, highlight: true, sort: 'timestamp' });
	assert.deepEqual(page.messages.pagination, { total_count: 3, page: 2, per_page: 1, page_count: 3, first: 2, last: 2 });
	assert.deepEqual(page.messages.paging, { count: 1, total: 3, page: 2, pages: 3 });
	const [match] = page.messages.matches;
	assert.deepEqual([match.text, match.username, match.channel.id, match.channel.name], ['the \ue000disk\ue001 is fine', 'ann', ops, 'ops']);
	assert.match(match.permalink, new RegExp(`/archives/${ops}/p${match.ts.replace('.', '')}$`));
	assert.equal((await web.search.messages({ query: 'disk' })).messages.total, 3);
	await assert.rejects(web.search.messages({ query: ' ' }), refused('No query passed'));
});
