// opsroom in a Slack: the adapter against another opsroomd that is the Slack, with something between them that writes down what is asked and breaks what a test wants broken.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cli, daemon, until } from './daemon.mjs';
import { between } from './slack-between.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const { WebClient, LogLevel } = require('@slack/web-api');
const dir = mkdtempSync(join(tmpdir(), 'opsroom-slack-'));
let slack, way, app, ours, there, here, there2;
const client = (d, token) => new WebClient(token, { slackApiUrl: `${d.url}/api/`, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true, logLevel: LogLevel.ERROR });
const put = (name, text) => (writeFileSync(join(dir, name), text), join(dir, name));
const manifest = (...args) => JSON.parse(execFileSync(cli, ['slack', 'manifest', ...args], { encoding: 'utf8' }));
const history = async (c, channel) => (await c.conversations.history({ channel, limit: 500, include_all_metadata: true })).messages;
const idThere = () => slack.made.channels.ops.id, idHere = () => ours.made.channels.ops.id;
const saidThere = (text) => until(async () => (await history(there, idThere())).find((m) => m.text === text), `"${text}" in Slack`);
const saidHere = (text) => until(async () => (await history(here, idHere())).find((m) => m.text === text), `"${text}" here`);
const countThere = async (text) => (await history(there, idThere())).filter((m) => m.text === text).length;
const chatsFile = (ms) => put('chats.yaml', `chats:
  slack:
    system: slack
    url: ${way.url}/api/
    token_file: token
    app_token_file: app-token
    role: responder
    post_every: ${ms}ms
    channels: [ops, sre-alerts, later, {here: war-room, there: war-room-there, make: true}]
`);
const up = () => until(() => way.links.size === 2 && /chat\.up/.test(ours.log), 'two connections');

before(async () => {
	slack = await daemon();
	there = client(slack, slack.token);
	way = await between(slack.url);
	app = await slack.api('/v1/apps', { body: { name: 'bridge', manifest: manifest('--command', '/bridge', '--name', 'bridge') } });
	put('token', app.bot_token);
	put('app-token', app.app_token);
	const chats = chatsFile(10);
	const access = put('access.yaml', 'rules:\n  - require core:silence need approval 1 of role:responder not requester\n');
	ours = await daemon(['--chats', chats, '--access', access]);
	here = client(ours, ours.token);
	await up();
});
after(async () => { await ours?.stop(); await way?.close(); await slack?.stop(); rmSync(dir, { recursive: true, force: true }); });

test('it joins the channel of the file, makes the one that is to be made, and holds two connections', async () => {
	const bot = client(slack, app.bot_token);
	assert.deepEqual((await bot.users.conversations()).channels.map((c) => c.name).sort(), ['ops', 'sre-alerts', 'war-room-there']);
	assert.equal(way.calls('apps.connections.open').length, 2);
	assert.equal(way.links.size, 2);
});

test('what is said there is heard here, once, with threads, changes, marks and its end', async () => {
	const { ts } = await there.chat.postMessage({ channel: idThere(), text: 'from there &amp; with <https://example.com|a link>' });
	const root = await saidHere('from there &amp; with <https://example.com|a link>');
	assert.equal((await here.users.info({ user: root.user })).user.profile.email, 'ann@example.com'); // the same person, by the e-mail address
	await there.chat.postMessage({ channel: idThere(), text: 'a reply', thread_ts: ts });
	await until(async () => (await here.conversations.replies({ channel: idHere(), ts: root.ts })).messages.some((m) => m.text === 'a reply'), 'the reply');
	await there.reactions.add({ channel: idThere(), timestamp: ts, name: 'eyes' });
	await until(async () => (await here.reactions.get({ channel: idHere(), timestamp: root.ts })).message.reactions?.[0]?.name === 'eyes', 'the reaction');
	await there.pins.add({ channel: idThere(), timestamp: ts });
	await until(async () => (await here.pins.list({ channel: idHere() })).items.length === 1, 'the pin');
	await there.chat.update({ channel: idThere(), ts, text: 'otherwise' });
	await saidHere('otherwise');
	await there.conversations.setTopic({ channel: idThere(), topic: 'all is well' });
	await until(async () => (await here.conversations.info({ channel: idHere() })).channel.topic.value === 'all is well', 'the topic');
	await there.chat.delete({ channel: idThere(), ts });
	await until(async () => !(await history(here, idHere())).some((m) => m.ts === root.ts && m.text === 'otherwise'), 'its end');
});

test('what is said here is said there, by its author, with threads, changes, marks and its end', async () => {
	const { ts } = await here.chat.postMessage({ channel: idHere(), text: 'from here &lt;3' });
	const root = await saidThere('from here &lt;3');
	assert.deepEqual([root.username, root.bot_id], ['ann', app.bot_id]);
	assert.equal(root.metadata.event_type, 'opsroom_message');
	await here.chat.postMessage({ channel: idHere(), text: 'here too', thread_ts: ts });
	await until(async () => (await there.conversations.replies({ channel: idThere(), ts: root.ts })).messages.some((m) => m.text === 'here too'), 'the reply');
	await here.reactions.add({ channel: idHere(), timestamp: ts, name: 'tada' });
	await until(async () => (await there.reactions.get({ channel: idThere(), timestamp: root.ts })).message.reactions?.[0]?.name === 'tada', 'the reaction');
	await here.reactions.remove({ channel: idHere(), timestamp: ts, name: 'tada' });
	await until(async () => !(await there.reactions.get({ channel: idThere(), timestamp: root.ts })).message.reactions?.length, 'no reaction');
	await here.chat.update({ channel: idHere(), ts, text: 'changed here' });
	await saidThere('changed here');
	await here.conversations.setTopic({ channel: idHere(), topic: 'from here' });
	await until(async () => (await there.conversations.info({ channel: idThere() })).channel.topic.value === 'from here', 'the topic');
	await here.chat.delete({ channel: idHere(), ts });
	await until(async () => !(await history(there, idThere())).some((m) => m.text === 'changed here'), 'its end');
	assert.equal((await history(here, idHere())).filter((m) => /from here/.test(m.text) && m.subtype !== 'channel_topic').length, 0, 'nothing came back as an echo');
});

test('files come both ways', async () => {
	await here.filesUploadV2({ channel_id: idHere(), filename: 'plan.txt', file: Buffer.from('one two three'), initial_comment: 'the plan' });
	const m = await until(async () => (await history(there, idThere())).find((x) => x.files?.[0]?.name === 'plan.txt'), 'the file in Slack');
	assert.match(JSON.stringify(m.blocks), /the plan/);
	const bytes = await fetch(m.files[0].url_private, { headers: { authorization: `Bearer ${slack.token}` } });
	assert.equal(await bytes.text(), 'one two three');
	assert.ok(!way.asked.some((a) => a.method === 'other' && a.headers.authorization), 'no token goes where the bytes go');
	await there.filesUploadV2({ channel_id: idThere(), filename: 'graph.txt', file: Buffer.from('up'), initial_comment: 'look' });
	const got = await until(async () => (await history(here, idHere())).find((x) => /graph\.txt/.test(x.text)), 'the link here');
	assert.match(got.text, /^look\n<http.*\|graph\.txt>$/);
});

test('what is said with a file that Slack does not take is said all the same', async () => {
	way.plan('files.getUploadURLExternal', { before: way.say(200, { ok: false, error: 'file_type_not_allowed' }) });
	await here.filesUploadV2({ channel_id: idHere(), filename: 'a_b.exe', file: Buffer.from('MZ'), initial_comment: 'not this one' });
	const m = await until(async () => (await history(there, idThere())).find((x) => /^not this one/.test(x.text)), 'the text in Slack');
	assert.match(m.text, /a_b\.exe could not be brought here: .*file_type_not_allowed/);
});

test('a slash command and a button are commands, answered to who asked', async () => {
	const did = await slack.api('/api/chat.command', { body: { channel: idThere(), command: '/bridge', text: 'status' } });
	assert.equal(did.ok, true, JSON.stringify(did));
	await until(() => way.asked.some((a) => a.path.startsWith('/actions/')), 'the answer by its response_url');
	const answer = JSON.parse(way.asked.find((a) => a.path.startsWith('/actions/')).body);
	assert.deepEqual([answer.response_type, answer.replace_original], ['ephemeral', false]);
	assert.ok(answer.text.length > 10);
	const acked = way.frames.filter((f) => f.type === 'slash_commands');
	assert.equal(acked.length, 1);
	assert.ok(way.frames.some((f) => f.out && f.envelope_id === acked[0].envelope_id), 'it was acknowledged');
});

test('a mention and a direct message are commands', async () => {
	const { ts } = await there.chat.postMessage({ channel: idThere(), text: `<@${app.bot_user_id}> status` });
	await until(async () => (await history(there, idThere())).some((m) => m.bot_id === app.bot_id && m.ts > ts && /alerts/.test(m.text)), 'the answer');
	const { channel } = await there.conversations.open({ users: app.bot_user_id });
	await there.chat.postMessage({ channel: channel.id, text: 'status' });
	await until(async () => (await history(there, channel.id)).some((m) => m.bot_id === app.bot_id), 'the answer in the direct message');
	assert.ok(way.frames.some((f) => f.payload?.event?.type === 'app_mention'), 'the mention came twice');
	assert.equal((await history(here, idHere())).filter((m) => /> status$/.test(m.text)).length, 1);
});

const buttons = (m) => JSON.stringify(m).match(/"action_id":"[^"]+"/g) ?? [];
const button = (m, action) => {
	const found = [];
	const walk = (v) => { if (v && typeof v === 'object') { if (v.action_id === action) found.push(v); Object.values(v).forEach(walk); } };
	walk(m);
	assert.equal(found.length, 1, `${action} in ${buttons(m)}`);
	return found[0];
};
const press = (m, action, channel, token) => slack.api('/api/blocks.actions', { token, body: { container: { type: 'message', channel_id: channel, message_ts: m.ts }, actions: [button(m, action)] } });

test('an alert is a message there, its button acknowledges it here, and the message says so', async () => {
	const key = ours.made.sources.prod.url;
	await fetch(key, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ version: '4', status: 'firing', groupKey: 'g', receiver: 'x', groupLabels: {}, commonLabels: {}, commonAnnotations: {},
		externalURL: '', alerts: [{ status: 'firing', labels: { alertname: 'Slow', severity: 'page' }, annotations: {}, startsAt: new Date().toISOString(), endsAt: '0001-01-01T00:00:00Z', fingerprint: 'f1' }] }) });
	const alerts = slack.made.channels['sre-alerts'].id, find = async () => (await history(there, alerts)).find((m) => /Slow/.test(m.text) && !m.thread_ts);
	const m = await until(find, 'the alert in Slack');
	assert.equal((await press(m, 'alert.ack', alerts)).ok, true);
	await until(async () => JSON.stringify(await find()).includes('acknowledged by'), 'the message there says who has it');
	assert.equal((await ours.api('/v1/alerts')).alerts[0].state, 'acknowledged');
	assert.equal((await history(there, alerts)).filter((x) => /Slow/.test(x.text)).length, 1, 'one message throughout');
});

test('a button that asks why opens a dialog there', async () => {
	const asked = await ours.api('/v1/commands', { body: { line: 'silence severity=page 2h works', channel: idHere() } });
	assert.equal(asked.status, 'held', JSON.stringify(asked));
	const m = await until(async () => (await history(there, idThere())).find((x) => buttons(x).some((b) => /held\.(reject|deny)/.test(b))), 'the request in Slack');
	const action = /held\.(?:reject|deny)/.exec(JSON.stringify(m))[0];
	await press(m, action, idThere(), slack.made.tokens.look.token);
	const call = await until(() => way.calls('views.open').find((c) => c.answer), 'the dialog');
	const view = JSON.parse(call.answer).view;
	assert.ok(view?.id, call.answer);
	const did = await slack.api('/api/views.submit', { token: slack.made.tokens.look.token, body: { view_id: view.id, state: { values: { said: { said: { type: 'plain_text_input', value: 'not during the sale' } } } } } });
	assert.equal(did.ok, true, JSON.stringify(did));
	await until(async () => JSON.stringify(await ours.api('/v1/approvals?state=all')).includes('not during the sale'), 'it is rejected, and why');
});

test('invited to a channel of the file later, it is linked then; a new name of it is kept', async () => {
	const { channel } = await there.conversations.create({ name: 'later' });
	await there.conversations.invite({ channel: channel.id, users: app.bot_user_id });
	await until(async () => (await here.conversations.list()).channels.some((c) => c.name === 'later'), 'the channel here');
	await until(async () => {
		await there.chat.postMessage({ channel: channel.id, text: 'anybody?' });
		const made = (await here.conversations.list()).channels.find((c) => c.name === 'later');
		return (await ours.api(`/api/conversations.history?channel=${made.id}`, { token: ours.adminToken() })).messages?.some((m) => m.text === 'anybody?');
	}, 'it is heard');
});

test('a 429 is waited for, and nothing is lost, doubled or out of order', async () => {
	way.plan('chat.postMessage', { times: 2, before: way.say(429, { ok: false, error: 'ratelimited' }, { 'retry-after': '1' }) });
	for (let i = 0; i < 5; i++) await here.chat.postMessage({ channel: idHere(), text: `limited ${i}` });
	await saidThere('limited 4');
	const said = (await history(there, idThere())).map((m) => m.text).filter((t) => /^limited/.test(t)).reverse();
	assert.deepEqual(said, [0, 1, 2, 3, 4].map((i) => `limited ${i}`));
	const calls = way.calls('chat.postMessage').filter((c) => c.args.text === 'limited 0');
	assert.equal(calls.length, 3);
	assert.ok(calls[1].at - calls[0].at >= 950 && calls[2].at - calls[1].at >= 950, 'it waited as long as it was told');
});

test('killed while a message is being sent: it arrives once, whether it was taken or not', async () => {
	for (const taken of [true, false]) {
		const text = `killed, ${taken ? 'taken' : 'not taken'}`;
		const held = new Promise((done) => way.plan('chat.postMessage', { [taken ? 'after' : 'before']: done }));
		await here.chat.postMessage({ channel: idHere(), text });
		await held;
		await ours.kill();
		assert.equal(await countThere(text), taken ? 1 : 0);
		const looked = way.calls('conversations.history').length;
		await ours.restart();
		await here.chat.postMessage({ channel: idHere(), text: `behind it, ${taken}` });
		await saidThere(`behind it, ${taken}`);
		assert.equal(await countThere(text), 1);
		assert.ok(way.calls('conversations.history').length > looked, 'it looked first');
	}
	await up();
});

test('killed when a file was shared: it is there once', async () => {
	const held = new Promise((done) => way.plan('files.completeUploadExternal', { after: done }));
	await here.filesUploadV2({ channel_id: idHere(), filename: 'once.txt', file: Buffer.from('once'), initial_comment: 'once' });
	await held;
	await ours.kill();
	await ours.restart();
	await here.chat.postMessage({ channel: idHere(), text: 'behind the file' });
	await saidThere('behind the file');
	assert.equal((await history(there, idThere())).filter((m) => m.files?.[0]?.name === 'once.txt').length, 1);
	await up();
});

test('an answer that never comes is looked for before it is said again', async () => {
	way.plan('chat.postMessage', { after: way.cut });
	await here.chat.postMessage({ channel: idHere(), text: 'cut off' });
	await here.chat.postMessage({ channel: idHere(), text: 'behind what was cut off' });
	await until(async () => await countThere('behind what was cut off'), 'the next', 60000);
	assert.equal(await countThere('cut off'), 1);
});

test('a redirect is not followed: a token goes nowhere else', async () => {
	way.plan('chat.postMessage', { before: (req, res) => res.writeHead(302, { location: `${way.url}/elsewhere` }).end() });
	await here.chat.postMessage({ channel: idHere(), text: 'led astray' });
	await until(async () => await countThere('led astray'), 'it is said after all', 60000);
	assert.ok(!way.asked.some((a) => a.path === '/elsewhere'));
});

test('connections that are to end are replaced first; those that end or hang too; what was said meanwhile comes', async () => {
	const old = [...way.links];
	way.send({ type: 'disconnect', reason: 'warning', debug_info: { host: 'x' } });
	await until(() => way.links.size === 2 && [...way.links].every((l) => !old.includes(l)), 'two new connections');
	assert.ok(!/chat\.down/.test(ours.log), 'it was never away');
	for (const l of way.links) l.near.terminate();
	await there.chat.postMessage({ channel: idThere(), text: 'said in the gap' });
	await saidHere('said in the gap');
	await up();
	way.deafen(true);
	const since = Date.now(), before = [...way.links];
	await until(() => before.every((l) => !way.links.has(l)), 'it notices', 30000);
	assert.ok(Date.now() - since < 30000);
	way.deafen(false);
	await there.chat.postMessage({ channel: idThere(), text: 'said after the silence' });
	await saidHere('said after the silence');
	assert.equal((await history(here, idHere())).filter((m) => /^said (in|after)/.test(m.text)).length, 2);
});

test('Slack is away: that is noticed, the channel goes on here, and what was said is said there later', async () => {
	way.down(true);
	await until(() => /chat\.down/.test(ours.log), 'it notices', 30000);
	for (let i = 0; i < 3; i++) await here.chat.postMessage({ channel: idHere(), text: `while it was away ${i}` });
	assert.equal((await history(here, idHere())).filter((m) => /^while it was away/.test(m.text)).length, 3);
	way.down(false);
	await until(async () => (await history(there, idThere())).some((m) => /while it was away 2/.test(m.text)), 'what was said', 90000);
	for (let i = 0; i < 3; i++) assert.equal((await history(there, idThere())).filter((m) => m.text.includes(`while it was away ${i}`)).length, 1);
});

test('a reload while messages leave loses and doubles none', async () => {
	for (let i = 0; i < 30; i++) {
		await here.chat.postMessage({ channel: idHere(), text: `over a reload ${i}` });
		if (i % 10 !== 5) continue;
		chatsFile(11 + i);
		process.kill(ours.pid, 'SIGHUP');
	}
	await saidThere('over a reload 29');
	const said = (await history(there, idThere())).map((m) => m.text).filter((t) => /over a reload/.test(t)).reverse();
	assert.deepEqual(said, Array.from({ length: 30 }, (_, i) => `over a reload ${i}`));
	await up();
});

test('what cannot be kept is not acknowledged, and comes again', async (t) => {
	const disk = mkdtempSync(join(dir, 'disk-')), mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4M', 'tmpfs', disk]);
	if (mounted.status !== 0) return t.skip('a small disk cannot be mounted here');
	t.after(() => spawnSync('umount', ['-l', disk]));
	const full = await slack.api('/v1/apps', { body: { name: 'full', manifest: manifest('--command', '/full', '--name', 'full') } }), road = await between(slack.url);
	t.after(() => road.close());
	put('full-token', full.bot_token);
	put('full-app-token', full.app_token);
	const d = await daemon(['--chats', put('full.yaml', `chats:\n  slack: {system: slack, url: "${road.url}/api/", token_file: full-token, app_token_file: full-app-token, role: responder, channels: [ops]}\n`)], { data: join(disk, 'data') });
	t.after(() => d.stop());
	await until(() => road.links.size === 2 && /chat\.up/.test(d.log), 'it is there');
	const fill = openSync(join(disk, 'ballast'), 'w');
	assert.throws(() => { for (;;) writeSync(fill, Buffer.alloc(4096)); }, /ENOSPC/);
	closeSync(fill);
	const long = 'x'.repeat(30000);
	await there.chat.postMessage({ channel: idThere(), text: long });
	const first = await until(() => road.frames.find((f) => !f.out && f.payload?.event?.text === long), 'the event');
	await until(() => road.frames.some((f) => !f.out && f.payload?.event_id === first.payload.event_id && f.retry_attempt > 0), 'the same again');
	assert.ok(!road.frames.some((f) => f.out && f.envelope_id === first.envelope_id), 'the first was not acknowledged');
});

test('a scope that is missing is named with the remedy, and the author stands in the text', async () => {
	way.plan('chat.postMessage', { when: (c) => c.args.username, before: way.say(200, { ok: false, error: 'missing_scope', needed: 'chat:write.customize', provided: 'chat:write' }) });
	await here.chat.postMessage({ channel: idHere(), text: 'without a name' });
	await saidThere('*ann:* without a name');
	way.plan('chat.postMessage', { before: way.say(200, { ok: false, error: 'missing_scope', needed: 'chat:write', provided: 'commands' }) });
	await here.chat.postMessage({ channel: idHere(), text: 'refused' });
	await until(() => /the app lacks chat:write: add it under OAuth & Permissions and install the app again/.test(ours.log), 'the remedy in the log');
});

test('every request has the shape that Slack wants, and no secret is where it should not be', () => {
	const known = { 'auth.test': [], 'apps.connections.open': [], 'chat.postMessage': ['channel', 'text'], 'chat.update': ['channel', 'ts', 'text', 'blocks', 'attachments'], 'chat.delete': ['channel', 'ts'],
		'chat.postEphemeral': ['channel', 'user', 'text'], 'conversations.history': ['channel', 'oldest', 'include_all_metadata', 'limit'], 'conversations.replies': ['channel', 'ts', 'limit'],
		'conversations.list': ['types', 'limit'], 'users.conversations': ['types', 'limit'], 'conversations.join': ['channel'], 'conversations.create': ['name'], 'conversations.info': ['channel'], 'conversations.open': ['users'],
		'conversations.setTopic': ['channel', 'topic'], 'users.list': ['limit'], 'users.info': ['user'], 'reactions.add': ['channel', 'timestamp', 'name'], 'reactions.remove': ['channel', 'timestamp', 'name'],
		'pins.add': ['channel', 'timestamp'], 'pins.remove': ['channel', 'timestamp'], 'files.getUploadURLExternal': ['filename', 'length'], 'files.completeUploadExternal': ['files', 'channel_id', 'blocks'],
		'files.info': ['file'], 'views.open': ['trigger_id', 'view'] };
	for (const a of way.asked.filter((x) => x.method !== 'other')) {
		assert.ok(known[a.method], a.method);
		assert.equal(a.verb, 'POST');
		assert.equal(a.path, `/api/${a.method}`, 'nothing stands in the query');
		assert.equal(a.headers['content-type'], 'application/x-www-form-urlencoded');
		assert.match(a.headers['user-agent'], /^opsroom\//);
		assert.equal(a.headers.authorization, `Bearer ${a.method === 'apps.connections.open' ? app.app_token : app.bot_token}`);
		assert.ok(!/xoxb-|xapp-/.test(decodeURIComponent(a.body.replaceAll('+', ' '))), 'the token stands in the header alone');
		for (const k of known[a.method]) assert.ok(k in a.args, `${a.method} has ${k}`);
		for (const k of ['blocks', 'attachments', 'metadata', 'files', 'view']) if (a.args[k]) JSON.parse(a.args[k]);
	}
	for (const f of way.frames.filter((x) => x.out)) assert.deepEqual(Object.keys(f).sort(), ['at', 'envelope_id', 'out']);
	for (const secret of [app.bot_token, app.app_token, 'response_url', '/actions/T']) assert.ok(!ours.log.includes(secret));
});

test('the Events API: only what is signed, and lately', async () => {
	const secret = 'a signing secret of a test', other = mkdtempSync(join(dir, 'events-'));
	put('signing', secret);
	const chats = put('events.yaml', `chats:\n  work: {system: slack, url: "${way.url}/api/", token_file: token, signing_secret_file: signing, channels: [ops], role: responder}\n`);
	const d = await daemon(['--chats', chats], { data: join(other, 'data') });
	const mine = client(d, d.token);
	const send = (body, { type = 'application/json', stamp = Math.floor(Date.now() / 1000), key = secret, path = '/chats/work/events' } = {}) => fetch(d.url + path, { method: 'POST', body,
		headers: { 'content-type': type, 'x-slack-request-timestamp': `${stamp}`, 'x-slack-signature': `v0=${createHmac('sha256', key).update(`v0:${stamp}:${body}`).digest('hex')}` } });
	await until(() => /chat\.up/.test(d.log), 'it is there');
	const challenge = await send(JSON.stringify({ type: 'url_verification', token: 'x', challenge: 'abc "1"' }));
	assert.deepEqual([challenge.status, await challenge.json()], [200, { challenge: 'abc "1"' }]);
	const event = (text, id) => JSON.stringify({ type: 'event_callback', team_id: 'T1', event_id: id, event: { type: 'message', user: slack.made.users.vic.id, text, ts: `17000000${id.slice(-2)}.000100`, channel: idThere(), channel_type: 'channel' } });
	assert.equal((await send(event('signed', 'Ev10'))).status, 200);
	assert.equal((await send(event('signed', 'Ev10'))).status, 200);
	await until(async () => (await history(mine, d.made.channels.ops.id)).some((m) => m.text === 'signed'), 'it is heard');
	for (const wrong of [{ key: 'another' }, { stamp: Math.floor(Date.now() / 1000) - 301 }, { stamp: Math.floor(Date.now() / 1000) + 302 }, { stamp: '' }]) assert.equal((await send(event('forged', 'Ev11'), wrong)).status, 401);
	assert.equal((await fetch(`${d.url}/chats/work/events`, { method: 'POST', body: event('forged', 'Ev12') })).status, 401);
	assert.equal((await send('{ no', {})).status, 400);
	assert.equal((await send('{}', { path: '/chats/nobody/events' })).status, 404);
	const form = new URLSearchParams({ command: '/bridge', text: 'status', channel_id: idThere(), channel_name: 'ops', user_id: slack.made.users.vic.id, user_name: 'vic', trigger_id: 't1', response_url: `${way.url}/said` });
	assert.equal((await send(form.toString(), { type: 'application/x-www-form-urlencoded' })).status, 200);
	await until(() => way.asked.some((a) => a.path === '/said'), 'the answer');
	const said = (await history(mine, d.made.channels.ops.id)).map((m) => m.text);
	assert.equal(said.filter((t) => t === 'signed').length, 1);
	assert.ok(!said.includes('forged'));
	await d.stop();
});

test('a token that was revoked is said once, and not tried again and again; what waits leaves with the next one', async () => {
	await slack.api('/v1/apps/bridge', { method: 'DELETE' });
	await until(() => /chat\.refused/.test(ours.log), 'it is refused', 30000);
	await here.chat.postMessage({ channel: idHere(), text: 'waits for a token' });
	const n = way.asked.length;
	await new Promise((r) => setTimeout(r, 3000));
	assert.equal(way.asked.length, n);
	app = await slack.api('/v1/apps', { body: { name: 'bridge-2', manifest: manifest('--command', '/bridge', '--name', 'bridge-2') } });
	put('token', app.bot_token);
	put('app-token', app.app_token);
	process.kill(ours.pid, 'SIGHUP');
	await until(async () => (await history(there, idThere())).some((m) => /waits for a token/.test(m.text)), 'what waited', 60000);
});
