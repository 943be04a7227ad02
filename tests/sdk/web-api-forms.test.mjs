// Every method takes its arguments in every form, and says in the same words what is wrong with them.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { daemon } from './daemon.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const { WebClient, LogLevel } = require('@slack/web-api');
const methods = [...readFileSync(new URL('../../src/api/slack.c', import.meta.url), 'utf8').matchAll(/^\t\{"(\w+\.[\w.]+)", (?:0|SCOPE_\w+),/gm)].map((m) => m[1]);
let d, app;
before(async () => {
	d = await daemon(['--slack-rates', '0']);
	app = await d.api('/v1/apps', { body: { name: 'kit', manifest: { settings: { socket_mode_enabled: true } } } });
});
after(() => d.stop());

// As clients of Slack send them: in forms, texts and numbers as text, lists and objects as JSON in a text.
const flat = (args) => Object.entries(args).map(([k, v]) => [k, typeof v === 'object' ? JSON.stringify(v) : String(v)]);
const bearer = (token) => ({ authorization: `Bearer ${token}` });
const post = (method, headers, body) => fetch(`${d.url}/api/${method}`, { method: 'POST', headers, body });
const forms = {
	form: (m, a, t) => post(m, bearer(t), new URLSearchParams(flat(a))),
	json: (m, a, t) => post(m, { ...bearer(t), 'content-type': 'application/json; charset=utf-8' }, JSON.stringify(a)),
	'json with texts': (m, a, t) => post(m, { ...bearer(t), 'content-type': 'application/json' }, JSON.stringify(Object.fromEntries(flat(a)))),
	multipart: (m, a, t) => { const f = new FormData(); for (const [k, v] of flat(a)) f.set(k, v); return post(m, bearer(t), f); },
	query: (m, a, t) => fetch(`${d.url}/api/${m}?${new URLSearchParams(flat(a))}`, { headers: { ...bearer(t), 'content-type': 'application/x-www-form-urlencoded' } }),
	mixed: (m, a, t) => { const all = flat(a); return post(`${m}?${new URLSearchParams(all.slice(1))}`, {}, new URLSearchParams([...all.slice(0, 1), ['token', t]])); },
};
async function ask(form, method, args, token = d.token) {
	const r = await forms[form](method, args, token);
	assert.equal(r.status, 200, `${method} as ${form}`);
	assert.equal(r.headers.get('content-type'), 'application/json; charset=utf-8');
	return r.json();
}
const in_short = (r) => (r.ok ? 'ok' : [r.error, r.response_metadata?.messages?.[0]].join(' '));

test('the same answer, however the arguments come', async () => {
	const sets = [{}, { channel: '', user: '', ts: '', file: '', usergroup: '', bot: '', email: '', name: '', timestamp: '', view_id: '', query: '' },
		{ channel: 'C0UNKNOWN', user: 'U0UNKNOWN', ts: '1.000001', message_ts: '1.000001', timestamp: '1.000001', text: 'x', file: 'F0', usergroup: 'S0', bot: 'B0', email: 'x@y', users: 'U0UNKNOWN', view: { type: 'modal' },
			view_id: 'V0', trigger_id: 'x', cursor: 'bad', blocks: [], channel_id: 'C0UNKNOWN', user_id: 'U0' }];
	for (const method of methods.filter((m) => !['auth.revoke', 'api.test'].includes(m)))
		for (const args of sets) {
			const token = method.startsWith('views.') ? app.bot_token : /^apps\.(conn|event)/.test(method) ? app.app_token : d.token, seen = {};
			for (const form of Object.keys(forms)) (seen[in_short(await ask(form, method, args, token))] ??= []).push(form);
			assert.equal(Object.keys(seen).length, 1, `${method} ${JSON.stringify(args)}: ${JSON.stringify(seen)}`);
		}
});

test('what is absent is named; what is empty is not found', async () => {
	for (const [method, absent, empty] of [['conversations.info', 'channel', 'channel_not_found'], ['users.info', 'user', 'user_not_found'], ['chat.getPermalink', 'channel', 'channel_not_found'], ['files.info', 'file', 'file_not_found'],
		['users.lookupByEmail', 'email', 'users_not_found'], ['bots.info', 'bot', 'bot_not_found'], ['apps.manifest.export', 'app_id', 'invalid_app_id']]) {
		const token = method.startsWith('apps.') ? d.adminToken() : d.token;
		assert.equal(in_short(await ask('form', method, {}, token)), `invalid_arguments [ERROR] missing required field: ${absent}`);
		assert.equal((await ask('form', method, { [absent]: '' }, token)).error, empty);
	}
	assert.deepEqual(await ask('json', 'users.find', {}), { ok: false, error: 'unknown_method', req_method: 'users.find' });
});

test('true and false, numbers, objects: as themselves and as text', async () => {
	let n = 0;
	for (const form of Object.keys(forms))
		for (const [value, is] of [[true, true], ['true', true], ['1', true], [1, true], [false, false], ['false', false], ['0', false]]) {
			const { channel } = await ask(form, 'conversations.create', { name: `made-${++n}`, is_private: value });
			assert.equal(channel.is_private, is, `${JSON.stringify(value)} as ${form}`);
		}
	for (const form of Object.keys(forms)) {
		const said = await ask(form, 'chat.postMessage', { channel: d.made.channels.ops.id, text: `as ${form}`, blocks: [{ type: 'section', text: { type: 'mrkdwn', text: form } }] });
		assert.equal(said.message.blocks[0].text.text, form);
		assert.equal((await ask(form, 'conversations.history', { channel: d.made.channels.ops.id, limit: 1 })).messages.length, 1);
	}
});

test('lists that page the old way page by cursor too', async () => {
	const ann = new WebClient(d.token, { slackApiUrl: `${d.url}/api/`, logLevel: LogLevel.ERROR }), marked = [];
	for (let i = 0; i < 5; i++) {
		const { ts } = await ann.chat.postMessage({ channel: d.made.channels.ops.id, text: `n ${i}` });
		await ann.reactions.add({ channel: d.made.channels.ops.id, timestamp: ts, name: 'eyes' });
		await ann.stars.add({ channel: d.made.channels.ops.id, timestamp: ts });
		marked.unshift(ts);
	}
	for (const method of ['reactions.list', 'stars.list']) {
		const seen = [];
		let pages = 0;
		for await (const page of ann.paginate(method, { limit: 2 })) { pages++; seen.push(...page.items.map((item) => item.message.ts)); }
		assert.deepEqual([seen, pages], [marked, 3], method);
		await assert.rejects(ann.apiCall(method, { cursor: 'bad' }), (e) => e.data.error === 'invalid_cursor');
		assert.equal((await ann.apiCall(method, { count: 2, page: 2 })).paging.pages, 3);
	}
});
