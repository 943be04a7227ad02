// How often, how warnings come, what a link shows: with the official SDK unchanged.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { daemon } from './daemon.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const { WebClient, LogLevel } = require('@slack/web-api');
const client = (d, options = {}) => new WebClient(d.token, { slackApiUrl: `${d.url}/api/`, retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR, rejectRateLimitedCalls: true, ...options });
const call = (d, method, body, type = 'application/json; charset=utf-8') => fetch(`${d.url}/api/${method}`, { method: 'POST', body, headers: { authorization: `Bearer ${d.token}`, 'content-type': type } });

test('as strict as Slack: 429 with Retry-After, for a method and a token; time lets it go on', async (t) => {
	const d = await daemon(['--slack-rates', '100', '--post-every', '1s', '--clock', '2026-03-02T02:15:00Z']);
	t.after(() => d.stop());
	const web = client(d);
	for (let i = 0; i < 20; i++) await web.conversations.list({});
	await assert.rejects(web.conversations.list({}), (e) => e.code === 'slack_webapi_rate_limited_error' && e.retryAfter === 3);
	await web.users.list({});
	const other = new WebClient(d.made.tokens.look.token, { slackApiUrl: `${d.url}/api/`, rejectRateLimitedCalls: true });
	await other.conversations.list({});
	await d.api('/v1/advance', { body: { by: '3s' }, token: d.adminToken() });
	await web.conversations.list({});
	const refused = await call(d, 'conversations.list', '{}');
	assert.deepEqual([refused.status, refused.headers.get('retry-after'), await refused.json()], [429, '3', { ok: false, error: 'ratelimited' }]);
	const posts = [];
	for (let i = 0; i < 7; i++) posts.push((await call(d, 'chat.postMessage', JSON.stringify({ channel: '#ops', text: `${i}` }))).status);
	assert.deepEqual(posts, [200, 200, 200, 200, 200, 429, 429]);
	assert.equal((await call(d, 'chat.postMessage', '{"channel":"#general","text":"elsewhere"}')).status, 200);
	await d.api('/v1/advance', { body: { by: '1s' }, token: d.adminToken() });
	assert.equal((await call(d, 'chat.postMessage', '{"channel":"#ops","text":"again"}')).status, 200);
});

test('a client that waits as it is told gets through', async (t) => {
	const d = await daemon(['--slack-rates', '100', '--clock', '2026-03-02T02:15:00Z']);
	t.after(() => d.stop());
	const web = client(d, { rejectRateLimitedCalls: false, retryConfig: { retries: 10, minTimeout: 10, maxTimeout: 100 } });
	const limited = [];
	web.on('rate_limited', (seconds) => limited.push(d.api('/v1/advance', { body: { by: `${seconds}s` }, token: d.adminToken() }).then(() => seconds)));
	for (let i = 0; i < 21; i++) await web.conversations.list({ limit: 1 });
	assert.deepEqual(await Promise.all(limited), [3]);
});

test('usual settings let many calls pass; zero is no limit', async (t) => {
	for (const options of [[], ['--slack-rates', '0']]) {
		const d = await daemon(options);
		t.after(() => d.stop());
		const web = client(d);
		for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 20 }, () => web.team.info()));
	}
});

test('warnings stand beside the answer, with the cursor', async (t) => {
	const d = await daemon();
	t.after(() => d.stop());
	const plain = await (await call(d, 'conversations.list', '{"limit":1}', 'application/json')).json();
	assert.equal(plain.warning, 'missing_charset');
	assert.deepEqual(plain.response_metadata.warnings, ['missing_charset']);
	assert.match(plain.response_metadata.next_cursor, /=$/);
	const next = await (await call(d, 'conversations.list', JSON.stringify({ limit: 1000, cursor: plain.response_metadata.next_cursor }))).json();
	assert.deepEqual([next.warning, next.response_metadata], [undefined, { next_cursor: '' }]);
	assert.ok(!next.channels.some((c) => c.id === plain.channels[0].id));
	assert.equal((await (await call(d, 'conversations.list', 'limit=1', 'application/x-www-form-urlencoded; charset=utf-8')).json()).warning, 'superfluous_charset');
	assert.equal((await (await call(d, 'conversations.list', '{"cursor":"bm8="}')).json()).error, 'invalid_cursor');
	const both = await (await call(d, 'chat.postMessage', JSON.stringify({ channel: '#ops', text: 'x'.repeat(40001) }), 'application/json')).json();
	assert.deepEqual([both.warning, both.message.text.length], ['missing_charset,message_truncated', 40000]);
	const web = client(d);
	assert.deepEqual((await web.conversations.join({ channel: both.channel })).response_metadata.warnings, ['already_in_channel']);
	const who = await web.auth.test();
	assert.equal(who.warning, undefined);
	assert.ok(['files:write', 'pins:read', 'usergroups:write'].every((s) => who.response_metadata.scopes.includes(s)), who.response_metadata.scopes.join());
});

test('a link shows what stands behind it only where that is wanted', async (t) => {
	const off = await daemon(), on = await daemon(['--unfurls', '1']);
	t.after(() => Promise.all([off.stop(), on.stop()]));
	const url = 'https://wiki.example.com/?a=1&b=2';
	const refused = (error) => (e) => e.data?.error === error;
	const posted = await client(off).chat.postMessage({ channel: '#ops', text: `see <${url}>` });
	await assert.rejects(client(off).chat.unfurl({ channel: posted.channel, ts: posted.ts, unfurls: { [url]: { text: 'x' } } }), refused('cannot_unfurl_message'));
	const web = client(on), { channel, ts } = await web.chat.postMessage({ channel: '#ops', text: `see <${url}>`, attachments: [{ text: 'mine' }] });
	await assert.rejects(web.chat.unfurl({ channel, ts, unfurls: { 'https://other.example.com': { text: 'x' } } }), refused('cannot_unfurl_url'));
	for (const text of ['one', 'two']) await web.chat.unfurl({ channel, ts, unfurls: { [url]: { title: 'Wiki', text } } });
	const [message] = (await web.conversations.history({ channel, limit: 1 })).messages;
	assert.deepEqual(message.attachments.map((a) => [a.text, a.from_url]), [['mine', undefined], ['two', url]]);
	assert.equal(message.edited, undefined);
});
