// A whole opsroom beside a Mattermost: what is said on one side stands on the other, once, whatever happens in between. The people of
// Mattermost are its official client; the server is the fake that mattermost-fake.test.mjs judges.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { daemon, until } from './daemon.mjs';
import { MattermostFake } from './mattermost-fake.mjs';

const { Client4 } = createRequire(import.meta.url)('@mattermost/client');

// An opsroom and a Mattermost whose channel ops is linked. people: clients of those of Mattermost.
async function world(t, { chats = 'channels: [ops]', before = () => {}, access = 'rules: []' } = {}) {
	const fake = await new MattermostFake().start(), dir = mkdtempSync(join(tmpdir(), 'opsroom-mm-'));
	const bot = fake.user('srebot', { bot: true }), ann = fake.user('ann', { first: 'Ann' }), ben = fake.user('ben', { email: 'ben@elsewhere.example' });
	const ops = fake.channel('ops', [bot, ann, ben]);
	const w = { fake, bot, ann, ben, ops };
	before(w);
	writeFileSync(join(dir, 'token'), bot.token);
	writeFileSync(join(dir, 'command'), 'command-token');
	writeFileSync(join(dir, 'chats.yaml'), 'chats: {}\n');
	writeFileSync(join(dir, 'access.yaml'), `${access}\n`);
	w.d = await daemon(['--chats', join(dir, 'chats.yaml'), '--access', join(dir, 'access.yaml')]);
	const file = `chats:\n  mm:\n    system: mattermost\n    url: ${fake.url}\n    token_file: token\n    command_token_file: command\n    team: ops-team\n    role: responder\n    ${chats}\n`;
	w.rewrite = (change) => { writeFileSync(join(dir, 'chats.yaml'), change(file)); process.kill(w.d.pid, 'SIGHUP'); };
	w.rewrite((text) => text);
	t.after(async () => {
		if (process.env.SHOW_LOG) console.log(w.d.log);
		await w.d.stop();
		await fake.stop();
		rmSync(dir, { recursive: true, force: true });
	});
	fake.commands.set('srebot', { url: `${w.d.url}/chats/mm/command`, token: 'command-token' });
	const as = (u) => { const c = new Client4(); c.setUrl(fake.url); c.setToken(u.token); return c; };
	w.as_ann = as(ann);
	w.as_ben = as(ben);
	w.channels = async () => Object.fromEntries((await w.d.api('/api/conversations.list')).channels.map((c) => [c.name, c.id]));
	w.here = async (text, more = {}) => (await w.d.api('/api/chat.postMessage', { body: { channel: '#ops', text, ...more } })).ts;
	w.history = async (name = 'ops') => (await w.d.api(`/api/conversations.history?channel=${(await w.channels())[name]}&limit=200`)).messages.reverse();
	w.heard = (what, name) => until(async () => (await w.history(name)).find((m) => (what instanceof RegExp ? what.test(m.text) : m.text === what)), `heard here: ${what}`);
	w.told = (what, channel = ops) => until(() => fake.said(channel).find((p) => (what instanceof RegExp ? what.test(p.message) : p.message === what)), `told there: ${what}`);
	await until(() => w.d.log.includes('chat.up'), 'chat.up');
	return w;
}
const count = (list, ok) => list.filter(ok).length;

test('messages go both ways, by name, with mentions and threads', async (t) => {
	const w = await world(t);
	await w.as_ben.createPost({ channel_id: w.ops.id, message: 'I am here' });
	await w.heard('I am here');
	const there = await w.as_ann.createPost({ channel_id: w.ops.id, message: 'hello **all**, @ben' });
	const heard = await w.heard(/^hello \*all\*/);
	const people = (await w.d.api('/api/users.list')).members;
	assert.equal(people.find((u) => u.id === heard.user).name, 'ann', 'the account with the same address');
	const ben = people.find((u) => u.name === 'ben');
	assert.equal(heard.text, `hello *all*, <@${ben.id}>`);
	await w.here(`*hi* <@${ben.id}>`, { thread_ts: heard.ts });
	const reply = await w.told(/hi/);
	assert.equal(reply.root_id, there.id);
	assert.match(reply.message, /^\*\*[^*]+:\*\* \*\*hi\*\* @ben$/);
	await w.as_ben.createPost({ channel_id: w.ops.id, message: 'from a thread', root_id: there.id });
	const answered = await until(async () => (await w.d.api(`/api/conversations.replies?channel=${(await w.channels()).ops}&ts=${heard.ts}`)).messages.find((m) => m.text === 'from a thread'), 'reply heard');
	assert.equal(answered.thread_ts, heard.ts);
	assert.equal(count(await w.history(), (m) => /hi/.test(m.text)), 0, 'nothing of ours comes back');
});

test('an address that the server does not vouch for makes nobody somebody', async (t) => {
	const w = await world(t, { before: (x) => { x.fake.verifies_emails = false; x.fake.users.get(x.ben.id).auth_service = 'saml'; x.fake.users.get(x.ben.id).email = 'ann@example.com'; } });
	await w.as_ann.createPost({ channel_id: w.ops.id, message: 'I am ann' });
	const stranger = await w.heard('I am ann'), people = (await w.d.api('/api/users.list')).members;
	assert.equal(people.find((u) => u.id === stranger.user).name, 'ann-mm');
	await w.as_ben.createPost({ channel_id: w.ops.id, message: 'I am proven' });
	assert.equal(people.find((u) => u.name === 'ann').id, (await w.heard('I am proven')).user, 'single sign-on vouches');
});

test('edits, deletions, reactions, pins and the topic go both ways', async (t) => {
	const w = await world(t);
	const there = await w.as_ann.createPost({ channel_id: w.ops.id, message: 'first' });
	const heard = await w.heard('first');
	await w.as_ann.patchPost({ id: there.id, message: 'second' });
	await w.heard('second');
	await w.as_ann.addReaction(w.ann.id, there.id, 'eyes');
	await until(async () => (await w.history()).find((m) => m.ts === heard.ts && m.reactions?.[0]?.name === 'eyes'), 'reaction heard');
	await w.as_ann.removeReaction(w.ann.id, there.id, 'eyes');
	await until(async () => (await w.history()).find((m) => m.ts === heard.ts && !m.reactions?.length), 'reaction gone');
	const pins = async () => (await w.d.api(`/api/pins.list?channel=${(await w.channels()).ops}`)).items;
	await w.as_ben.pinPost(there.id);
	await until(async () => (await pins()).some((p) => p.message.ts === heard.ts), 'pinned here');
	await w.as_ben.unpinPost(there.id);
	await until(async () => !(await pins()).length, 'unpinned here');
	await w.as_ann.deletePost(there.id);
	await until(async () => !(await w.history()).some((m) => m.ts === heard.ts), 'deleted here');

	const ts = await w.here('ours'), channel = (await w.channels()).ops, call = (method, body) => w.d.api(`/api/${method}`, { body: { channel, ...body } });
	const post = await w.told(/ours/);
	await call('chat.update', { ts, text: 'ours, changed' });
	await until(() => /ours, changed/.test(w.fake.posts.get(post.id).message), 'changed there');
	await call('reactions.add', { timestamp: ts, name: 'tada' });
	await until(() => w.fake.posts.get(post.id).metadata.reactions.some((r) => r.emoji_name === 'tada'), 'reaction there');
	await call('pins.add', { timestamp: ts });
	await until(() => w.fake.posts.get(post.id).is_pinned, 'pinned there');
	await call('pins.remove', { timestamp: ts });
	await until(() => !w.fake.posts.get(post.id).is_pinned, 'unpinned there');
	await call('conversations.setTopic', { topic: 'all *well*' });
	await until(() => w.fake.channels.get(w.ops.id).header === 'all **well**', 'header there');
	await w.as_ann.patchChannel(w.ops.id, { header: 'all **ill**' });
	await until(async () => (await w.d.api(`/api/conversations.info?channel=${channel}`)).channel.topic.value === 'all *ill*', 'topic here');
	await call('chat.delete', { ts });
	await until(() => w.fake.posts.get(post.id).delete_at, 'deleted there');
	const kept = await w.here('said here, for all to keep'), copy = await w.told(/for all to keep/);
	w.fake.users.get(w.ben.id).roles = 'system_user system_admin';
	await w.as_ben.deletePost(copy.id);
	await w.as_ben.createPost({ channel_id: w.ops.id, message: 'after it' });
	await w.heard('after it');
	assert.ok((await w.history()).some((m) => m.ts === kept), 'what was said here stays, whoever takes the copy away there');
});

test('channels come, are called otherwise, and go', async (t) => {
	const w = await world(t, { chats: 'channels: joined', before: (x) => { x.war = x.fake.channel('war', [x.ann]); } });
	w.fake.join(w.bot.id, w.war.id);
	await until(async () => (await w.channels()).war, 'linked when the bot was added');
	await w.as_ann.createPost({ channel_id: w.war.id, message: 'we are here' });
	await w.heard('we are here', 'war');
	await w.as_ann.patchChannel(w.war.id, { name: 'peace' });
	await w.as_ann.createPost({ channel_id: w.war.id, message: 'still here' });
	await w.heard('still here', 'war');
	w.fake.leave(w.bot.id, w.war.id, w.ann.id);
	await w.heard(/not linked to #peace of mm any more/, 'war');
	const group = w.fake.channel('abc', [w.ann, w.ben, w.bot], { type: 'G' });
	await w.as_ann.createPost({ channel_id: group.id, message: 'among us' });
	await w.as_ann.createPost({ channel_id: w.ops.id, message: 'to all' });
	await w.heard('to all');
	assert.deepEqual(Object.keys(await w.channels()).sort(), ['general', 'ops', 'sre-alerts', 'war']);
});

test('the chats file says otherwise while messages leave: none is lost or double', async (t) => {
	const w = await world(t);
	w.fake.inject = (method, path) => (method === 'POST' && path === '/posts' ? new Promise((r) => setTimeout(r, 30)) : undefined);
	for (let round = 0; round < 4; round++) {
		for (let i = 0; i < 5; i++) await w.here(`round ${round}.${i}`);
		w.rewrite((text) => `${text}    mail: [${['ann', 'vic'].slice(0, 1 + (round % 2)).join(', ')}]\n`);
	}
	await w.told(/round 3\.4/);
	const all = w.fake.said(w.ops).map((p) => /round \d\.\d/.exec(p.message)?.[0]).filter(Boolean);
	assert.deepEqual(all, [...all].sort());
	assert.equal(new Set(all).size, 20);
	assert.equal(all.length, 20);
});

const alert = (status = 'firing') => ({ status, receiver: 'r', groupLabels: { alertname: 'DiskFull' }, commonLabels: {}, commonAnnotations: {}, externalURL: 'http://am.example', version: '4', groupKey: '{}', truncatedAlerts: 0,
	alerts: [{ status, labels: { alertname: 'DiskFull', severity: 'critical', host: 'db1' }, annotations: { summary: 'disk of db1 is full' }, startsAt: new Date(Date.now() - 60_000).toISOString(), endsAt: status === 'firing' ? '0001-01-01T00:00:00Z' : new Date().toISOString(), generatorURL: 'http://prom.example/g', fingerprint: 'f1' }] });

test('an alert has buttons that are pressed there; nobody can forge a press', async (t) => {
	const w = await world(t, { chats: 'channels: [ops, {here: sre-alerts, there: alerts}]', before: (x) => { x.alerts = x.fake.channel('alerts', [x.bot, x.ann, x.ben]); } });
	const r = await fetch(w.d.made.sources.prod.url, { method: 'POST', body: JSON.stringify(alert()), headers: { 'content-type': 'application/json' } });
	assert.equal(r.status, 200);
	const post = await until(() => w.fake.said(w.alerts)[0], 'alert told');
	const actions = post.props.attachments.flatMap((a) => a.actions ?? []), ack = actions.find((a) => a.name === 'Acknowledge');
	assert.match(post.props.attachments[0].text, /disk of db1 is full/);
	assert.equal(ack.integration.url, `${w.d.url}/chats/mm/actions`);
	await w.as_ann.doPostAction(post.id, ack.id);
	const acked = await until(() => w.fake.posts.get(post.id).props.attachments.map((a) => a.text).join('\n').match(/acknowledged by (\S+)/), 'acknowledged there');
	assert.equal(acked[1], '@ann');
	const body = { user_id: w.ann.id, channel_id: w.alerts.id, post_id: post.id, trigger_id: 'x', context: { ...ack.integration.context, value: '1' } };
	const forge = (path, text, type = 'application/json') => fetch(`${w.d.url}/chats/mm/${path}`, { method: 'POST', body: text, headers: { 'content-type': type } });
	assert.equal((await forge('actions', JSON.stringify(body))).status, 403);
	assert.equal((await forge('actions', '{}')).status, 403);
	assert.equal((await forge('actions', 'x')).status, 400);
	assert.equal((await forge('dialog', '{"state":"x"}')).status, 403);
	assert.equal((await forge('command', `token=wrong&user_id=${w.ann.id}&channel_id=${w.ops.id}&text=status`, 'application/x-www-form-urlencoded')).status, 403);
	assert.equal((await forge('events', '{}')).status, 404);
	assert.equal((await fetch(`${w.d.url}/chats/none/actions`, { method: 'POST', body: '{}' })).status, 404);
});

test('/srebot, @srebot and a direct message run commands', async (t) => {
	const w = await world(t);
	await w.as_ann.executeCommand('/srebot status', { channel_id: w.ops.id, team_id: w.fake.team.id });
	const whisper = await until(() => w.fake.ephemerals.find((e) => e.user_id === w.ann.id), 'answer to the slash command');
	assert.match(whisper.post.message, /opsroom/i);
	await w.as_ann.createPost({ channel_id: w.ops.id, message: '@srebot status' });
	await until(() => w.fake.said(w.ops).find((p) => p.user_id === w.bot.id), 'answer to the mention');
	const dm = await w.as_ben.createDirectChannel([w.ben.id, w.bot.id]);
	await w.as_ben.createPost({ channel_id: dm.id, message: 'status' });
	const answer = await until(() => w.fake.said(dm).find((p) => p.user_id === w.bot.id), 'answer to the direct message');
	assert.match(answer.message, /opsroom/i);
});

const approvals = 'groups:\n  release: [ann, ben]\nrules:\n  - allow *:*\n  - require core:silence* need approval 1 of group:release';

test('a button that wants a reason opens a dialog', async (t) => {
	const w = await world(t, { access: approvals });
	await w.as_ben.createPost({ channel_id: w.ops.id, message: '@srebot silence alertname=DiskFull 1h' });
	const post = await until(() => w.fake.said(w.ops).find((p) => p.props.attachments?.some((a) => a.actions?.some((x) => x.name === 'Reject'))), 'asked there');
	const reject = post.props.attachments.flatMap((a) => a.actions ?? []).find((a) => a.name === 'Reject');
	await w.as_ann.doPostAction(post.id, reject.id);
	const { url, dialog, user_id } = await until(() => w.fake.dialogs[0], 'dialog');
	assert.equal(user_id, w.ann.id);
	const submit = (c) => c.submitInteractiveDialog({ url, callback_id: dialog.callback_id, state: dialog.state, submission: { [dialog.elements[0].name]: 'not during the sale' }, user_id: '', channel_id: w.ops.id, team_id: w.fake.team.id, cancelled: false });
	await assert.rejects(submit(w.as_ben), 'it is not for somebody else');
	await submit(w.as_ann);
	await until(() => w.fake.said(w.ops).some((p) => /not during the sale/.test(JSON.stringify(p))), 'denied with the reason');
});

test('what one person alone is told is ephemeral; where bots may not do that, a direct message', async (t) => {
	const w = await world(t, { access: approvals });
	await w.as_ben.createPost({ channel_id: w.ops.id, message: '@srebot silence alertname=DiskFull 1h' });
	const post = await until(() => w.fake.said(w.ops).find((p) => p.props.attachments?.some((a) => a.actions?.some((x) => x.name === 'Approve'))), 'asked there');
	const approve = post.props.attachments.flatMap((a) => a.actions ?? []).find((a) => a.name === 'Approve');
	await w.as_ben.doPostAction(post.id, approve.id);
	const whisper = await until(() => w.fake.ephemerals[0], 'ben may not approve what ben asked for');
	assert.equal(whisper.user_id, w.ben.id);
	assert.equal(whisper.post.channel_id, w.ops.id);
	w.fake.bots_may_whisper = false;
	await w.as_ben.doPostAction(post.id, approve.id);
	const direct = await until(() => [...w.fake.posts.values()].find((p) => p.user_id === w.bot.id && p.channel_id !== w.ops.id), 'a direct message');
	assert.equal(direct.channel_id, w.fake.direct(w.bot, w.ben).id);
	assert.equal(direct.message, whisper.post.message);
	assert.equal(w.fake.ephemerals.length, 1);
	assert.match(w.d.log, /create_post_ephemeral/);
});

test('a long text comes in pieces; a file is there', async (t) => {
	const w = await world(t);
	const line = 'a line that is one of many, all alike\n';
	await w.here(line.repeat(900));
	await until(() => w.fake.said(w.ops).map((p) => p.message).join('').split('one of many').length === 901, 'all of it, in pieces');
	assert.ok(w.fake.said(w.ops).length > 1);
	const bytes = Buffer.from([0, 1, 2, 255, 254]);
	const up = await w.d.api('/api/files.getUploadURLExternal', { body: { filename: 'core dump.bin', length: bytes.length } });
	await fetch(up.upload_url, { method: 'POST', body: bytes });
	await w.d.api('/api/files.completeUploadExternal', { body: { files: [{ id: up.file_id }], channel_id: (await w.channels()).ops, initial_comment: 'look' } });
	const post = await w.told(/look/);
	assert.equal(post.metadata.files[0].name, 'core dump.bin');
	assert.deepEqual(w.fake.files.get(post.metadata.files[0].id).bytes, bytes);
	const form = new FormData();
	form.append('files', new Blob(['x']), 'notes.txt');
	form.append('channel_id', w.ops.id);
	const theirs = await w.as_ann.uploadFile(form);
	await w.as_ann.createPost({ channel_id: w.ops.id, message: 'mine', file_ids: [theirs.file_infos[0].id] });
	assert.match((await w.heard(/^mine/)).text, /:paperclip: <http[^|]*\/pl\/\w+\|notes\.txt>/);
});

test('while the server is away both sides go on; back again, nothing is missing and nothing is double', async (t) => {
	const w = await world(t);
	await w.here('before');
	await w.told(/before/);
	await w.fake.stop();
	await until(() => w.d.log.includes('chat.down'), 'chat.down');
	for (let i = 1; i <= 5; i++) await w.here(`while away ${i}`);
	await w.fake.restart();
	await until(() => w.d.log.split('chat.up').length > 2, 'up again', 30000);
	await w.told(/while away 5/);
	assert.equal(w.fake.said(w.ops).map((p) => p.message).join('\n').split(/while away \d/).length - 1, 5);

	// It takes bytes and says nothing any more.
	const downs = () => w.d.log.split('chat.down').length;
	const before = downs();
	w.fake.silent = true;
	await until(() => downs() > before, 'a server that hangs is noticed', 40_000);
	w.fake.silent = false;
	w.fake.hang_up();
	await until(() => w.d.log.split('chat.up').length > 3, 'up again', 60_000);

	// The connection alone is lost: what people say meanwhile is read afterwards.
	const mark = await w.as_ann.createPost({ channel_id: w.ops.id, message: 'marked' });
	await w.heard('marked');
	w.fake.inject = (method) => (method === 'WS' ? { status: 503 } : undefined);
	w.fake.hang_up();
	const said = [];
	for (let i = 1; i <= 4; i++) said.push(await w.as_ben.createPost({ channel_id: w.ops.id, message: `unheard ${i}` }));
	await w.as_ben.deletePost(said[1].id);
	await w.as_ben.patchPost({ id: said[2].id, message: 'unheard 3, changed' });
	await w.as_ann.patchPost({ id: mark.id, message: 'marked, changed' });
	w.fake.inject = null;
	await w.heard('unheard 4');
	await w.heard('marked, changed');
	const texts = (await w.history()).map((m) => m.text).filter((x) => /unheard/.test(x));
	assert.deepEqual(texts, ['unheard 1', 'unheard 3, changed', 'unheard 4']);
	await w.as_ann.createPost({ channel_id: w.ops.id, message: 'after' });
	await w.heard('after');
	assert.equal(count(await w.history(), (m) => /unheard 1/.test(m.text)), 1);
});

test('killed while a message leaves: it is there once, and what people said meanwhile too', async (t) => {
	const w = await world(t);
	const last = await w.as_ann.createPost({ channel_id: w.ops.id, message: 'so far' });
	await w.heard('so far');
	const kept = join(w.d.data, 'chat-mm.heard');
	await until(() => existsSync(kept) && +readFileSync(kept, 'utf8') >= last.update_at, 'how far it was heard is kept');
	// The server takes the message, and the answer never arrives: nobody knows.
	w.fake.inject = (method, path, body) => (method === 'POST' && path === '/posts' && /lost answer/.test(body.message) ? { status: 500, body: {}, after: true, cut: true } : undefined);
	await w.here('lost answer');
	await w.told(/lost answer/);
	await w.d.kill();
	w.fake.inject = null;
	w.fake.pending.clear(); // half a minute later
	await w.as_ann.createPost({ channel_id: w.ops.id, message: 'while dead' });
	await w.d.restart();
	await w.heard('while dead');
	await w.here('next');
	await w.told(/next/);
	assert.equal(count(w.fake.said(w.ops), (p) => /lost answer/.test(p.message)), 1);
	assert.equal(count(await w.history(), (m) => m.text === 'so far'), 1);
	assert.equal(count(await w.history(), (m) => m.text === 'while dead'), 1);
	assert.ok(w.fake.calls.some((c) => /^\/channels\/\w+\/posts$/.test(c.path)), 'it was looked for');
});

test('429 is waited for; a message that is refused does not hold up the next; a wrong token is named', async (t) => {
	const w = await world(t);
	let refused = 0;
	w.fake.inject = (method, path, body) => {
		if (method !== 'POST' || path !== '/posts') return undefined;
		if (/patience/.test(body.message) && refused++ < 2) return { status: 429, headers: { 'retry-after': '1', 'x-ratelimit-reset': '1' }, body: {} };
		if (/forbidden/.test(body.message)) return { status: 403, body: { id: 'api.context.permissions.app_error', message: 'You do not have the appropriate permissions.', status_code: 403 } };
		return undefined;
	};
	await w.here('patience');
	await w.here('forbidden');
	await w.here('allowed');
	await w.told(/allowed/);
	assert.equal(count(w.fake.said(w.ops), (p) => /patience/.test(p.message)), 1);
	assert.equal(count(w.fake.said(w.ops), (p) => /forbidden/.test(p.message)), 0);
	await until(() => /add the bot to the channel/.test(w.d.log), 'the remedy is named');
	w.fake.tokens.delete(w.bot.token);
	w.fake.hang_up();
	await until(() => /chat\.refused.*make a new one/.test(w.d.log), 'refused');
	assert.ok(!w.d.log.includes(w.bot.token), 'no token in the log');
});
