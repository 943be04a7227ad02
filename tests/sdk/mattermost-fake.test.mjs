// The fake of Mattermost is what its official client takes it for: Client4 and WebSocketClient, unchanged from npm, and the types of
// @mattermost/types, whose required fields must be there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import test from 'node:test';
import WebSocket from 'ws';

import { until } from './daemon.mjs';
import { MattermostFake } from './mattermost-fake.mjs';

const require = createRequire(import.meta.url);
const { Client4, WebSocketClient } = require('@mattermost/client');
const types = dirname(require.resolve('@mattermost/types/posts'));
globalThis.WebSocket ??= WebSocket;

// The members of `export type NAME = {...}` that have no question mark, with the kinds that are plain.
function required(file, name) {
	const text = readFileSync(join(types, `${file}.d.ts`), 'utf8');
	const begin = new RegExp(`export type ${name} = (?:[A-Za-z]+ & )?\\{`).exec(text);
	const body = text.slice(begin.index + begin[0].length, text.indexOf('\n};', begin.index));
	return [...body.matchAll(/^ {4}(\w+): ([^;]+);/gm)].map(([, key, kind]) => ({ key, kind }));
}
function fits(object, file, name, but = []) {
	const members = required(file, name);
	assert.ok(members.length > 3, `${name} was found`);
	for (const { key, kind } of members) {
		if (but.includes(key)) continue;
		assert.ok(key in object, `${name}.${key} is missing`);
		if (['string', 'number', 'boolean'].includes(kind)) assert.equal(typeof object[key], kind, `${name}.${key}`);
	}
}

async function world(t) {
	const fake = await new MattermostFake().start();
	t.after(() => fake.stop());
	const ann = fake.user('ann', { first: 'Ann', last: 'Lee' }), bot = fake.user('srebot', { bot: true });
	const ops = fake.channel('ops', [ann, bot]);
	const client = (u) => { const c = new Client4(); c.setUrl(fake.url); c.setToken(u.token); return c; };
	return { fake, ann, bot, ops, as_ann: client(ann), as_bot: client(bot) };
}

// A WebSocketClient of the official package, and what it got.
async function listen(t, fake, user) {
	const ws = new WebSocketClient({ newWebSocketFn: (url) => new WebSocket(url) }), events = [];
	ws.addMessageListener((m) => events.push(m));
	ws.addMissedMessageListener(() => events.push({ event: 'MISSED' }));
	t.after(() => ws.close());
	const log = console.log;
	console.log = () => {};
	ws.initialize(`${fake.url.replace('http', 'ws')}/api/v4/websocket`, user.token);
	console.log = log;
	await until(() => events.find((e) => e.event === 'hello'), 'hello');
	return { ws, events, next: (event, ok = () => true) => until(() => events.find((e) => e.event === event && ok(e)), event) };
}

test('people, teams and channels', async (t) => {
	const { as_bot, as_ann, bot, ann, ops, fake } = await world(t);
	const me = await as_bot.getMe();
	assert.equal(me.id, bot.id);
	fits(me, 'users', 'UserProfile');
	assert.equal((await as_bot.getClientConfig()).RequireEmailVerification, 'true');
	const team = await as_bot.getTeamByName('ops-team');
	fits(team, 'teams', 'Team', ['policy_id']);
	const [channel] = await as_bot.getMyChannels(team.id);
	assert.equal(channel.id, ops.id);
	fits(channel, 'channels', 'Channel');
	assert.deepEqual((await as_bot.getProfilesInTeam(team.id, 0, 200)).map((u) => u.username), ['ann', 'srebot']);
	assert.equal((await as_bot.getProfilesByIds([ann.id]))[0].first_name, 'Ann');
	assert.equal((await as_bot.getChannelByName(team.id, 'ops')).id, ops.id);
	const made = await as_bot.createChannel({ team_id: team.id, name: 'web', display_name: 'Web', type: 'O' });
	assert.equal((await as_bot.getChannel(made.id)).name, 'web');
	await assert.rejects(as_ann.getChannel(made.id), (e) => e.status_code === 403);
	await as_bot.addToChannel(ann.id, made.id);
	assert.equal((await as_ann.getChannel(made.id)).id, made.id);
	const dm = await as_bot.createDirectChannel([bot.id, ann.id]);
	assert.equal(dm.type, 'D');
	assert.equal((await as_ann.createDirectChannel([ann.id, bot.id])).id, dm.id);
	assert.equal((await as_bot.patchChannel(ops.id, { header: 'up' })).header, 'up');
	assert.equal(fake.calls[0].path, '/users/me');
});

test('posts, threads, edits, pins, reactions, files', async (t) => {
	const { as_bot, as_ann, bot, ann, ops, fake } = await world(t);
	const post = await as_bot.createPost({ channel_id: ops.id, message: 'hi', pending_post_id: `${bot.id}:1`, props: { k: 'v' } });
	fits(post, 'posts', 'Post');
	fits(post.metadata, 'posts', 'PostMetadata');
	assert.equal(post.props.from_bot, 'true');
	assert.equal((await as_bot.createPost({ channel_id: ops.id, message: 'hi', pending_post_id: `${bot.id}:1` })).id, post.id, 'the same pending_post_id is the same post');
	const reply = await as_ann.createPost({ channel_id: ops.id, message: 'yo', root_id: post.id });
	assert.equal(reply.root_id, post.id);
	await assert.rejects(as_ann.createPost({ channel_id: ops.id, message: 'x', root_id: reply.id }), (e) => e.server_error_id === 'api.post.create_post.root_id.app_error');
	await assert.rejects(as_ann.createPost({ channel_id: ops.id, message: 'x'.repeat(16384) }), (e) => e.status_code === 400);
	const changed = await as_bot.patchPost({ id: post.id, message: 'ho' });
	assert.ok(changed.edit_at > 0 && changed.update_at >= changed.edit_at);
	await assert.rejects(as_ann.patchPost({ id: post.id, message: 'mine' }), (e) => e.status_code === 403);
	await as_ann.pinPost(post.id);
	assert.equal((await as_ann.getPost(post.id)).is_pinned, true);
	const reaction = await as_ann.addReaction(ann.id, post.id, 'eyes');
	fits(reaction, 'reactions', 'Reaction');
	const list = await as_bot.getPostsSince(ops.id, post.create_at - 1);
	assert.deepEqual(list.order, [reply.id, post.id]);
	assert.equal(list.posts[post.id].metadata.reactions[0].emoji_name, 'eyes');
	await as_ann.removeReaction(ann.id, post.id, 'eyes');
	const form = new FormData();
	form.append('files', new Blob(['bytes']), 'a.txt');
	form.append('channel_id', ops.id);
	const up = await as_ann.uploadFile(form);
	fits(up.file_infos[0], 'files', 'FileInfo');
	assert.equal(fake.files.get(up.file_infos[0].id).bytes.toString(), 'bytes');
	const with_file = await as_ann.createPost({ channel_id: ops.id, message: '', file_ids: [up.file_infos[0].id] });
	assert.equal(with_file.metadata.files[0].name, 'a.txt');
	await as_ann.deletePost(reply.id);
	await assert.rejects(as_ann.getPost(reply.id), (e) => e.status_code === 404);
	assert.ok((await as_bot.getPostsSince(ops.id, post.create_at - 1)).posts[reply.id].delete_at > 0);
	const nobody = new Client4();
	nobody.setUrl(fake.url);
	nobody.setToken('wrong');
	await assert.rejects(nobody.getMe(), (e) => e.status_code === 401);
});

test('buttons are shown without what they do; a dialog opens for who pressed', async (t) => {
	const { as_bot, as_ann, ops, fake, ann } = await world(t);
	const calls = [];
	const { createServer } = await import('node:http');
	const app = createServer(async (req, res) => { let b = ''; for await (const c of req) b += c; calls.push({ path: req.url, body: b }); res.end('{"ephemeral_text":"done"}'); });
	await new Promise((r) => app.listen(0, '127.0.0.1', r));
	t.after(() => app.close());
	const url = `http://127.0.0.1:${app.address().port}`;
	const ears = await listen(t, fake, ann);
	const post = await as_bot.createPost({ channel_id: ops.id, message: '', props: { attachments: [{ text: 't', actions: [{ id: 'a1', type: 'button', name: 'Go', integration: { url, context: { secret: 's' } } }] }] } });
	assert.equal(post.props.attachments[0].actions[0].integration, undefined);
	await as_ann.doPostAction(post.id, 'a1');
	const said = JSON.parse(calls[0].body);
	assert.equal(said.context.secret, 's');
	assert.equal(said.user_name, 'ann');
	const whisper = await ears.next('ephemeral_message');
	assert.equal(JSON.parse(whisper.data.post).message, 'done');
	fake.commands.set('srebot', { url: `${url}/command`, token: 'tok' });
	await as_ann.executeCommand('/srebot status now', { channel_id: ops.id, team_id: fake.team.id });
	const form = new URLSearchParams(calls[1].body);
	assert.equal(form.get('text'), 'status now');
	await assert.rejects(as_bot.doFetch(`${fake.url}/api/v4/actions/dialogs/open`, { method: 'post', body: JSON.stringify({ trigger_id: 'old', url, dialog: { title: 'T', elements: [] } }) }), (e) => e.status_code === 400);
	await as_bot.doFetch(`${fake.url}/api/v4/actions/dialogs/open`, { method: 'post', body: JSON.stringify({ trigger_id: said.trigger_id, url: `${url}/dialog`, dialog: { callback_id: 'c', title: 'T', elements: [{ display_name: 'Why', name: 'e0', type: 'text' }], state: 'st' } }) });
	const open = JSON.parse((await ears.next('open_dialog')).data.dialog);
	assert.equal(open.dialog.state, 'st');
	await as_ann.submitInteractiveDialog({ url: open.url, callback_id: 'c', state: 'st', submission: { e0: 'x' }, user_id: '', channel_id: ops.id, team_id: fake.team.id, cancelled: false });
	assert.deepEqual(JSON.parse(calls[2].body).submission, { e0: 'x' });
});

test('the WebSocket: hello, what happens in order, a token that is wrong, pings', async (t) => {
	const { as_ann, ann, bot, ops, fake } = await world(t);
	const ears = await listen(t, fake, bot);
	const post = await as_ann.createPost({ channel_id: ops.id, message: 'hi' });
	const posted = await ears.next('posted');
	assert.equal(JSON.parse(posted.data.post).id, post.id);
	assert.equal(posted.data.sender_name, '@ann');
	assert.equal(posted.broadcast.channel_id, ops.id);
	await as_ann.patchPost({ id: post.id, message: 'ho' });
	assert.equal(JSON.parse((await ears.next('post_edited')).data.post).message, 'ho');
	await as_ann.addReaction(ann.id, post.id, 'eyes');
	assert.equal(JSON.parse((await ears.next('reaction_added')).data.reaction).emoji_name, 'eyes');
	await as_ann.removeReaction(ann.id, post.id, 'eyes');
	await ears.next('reaction_removed');
	await as_ann.patchChannel(ops.id, { header: 'up' });
	assert.equal(JSON.parse((await ears.next('channel_updated')).data.channel).header, 'up');
	assert.equal(JSON.parse((await ears.next('posted', (e) => JSON.parse(e.data.post).type === 'system_header_change')).data.post).props.new_header, 'up');
	await as_ann.deletePost(post.id);
	await ears.next('post_deleted');
	await as_ann.createDirectChannel([ann.id, bot.id]);
	await ears.next('direct_added');
	fake.leave(bot.id, ops.id, ann.id);
	assert.equal((await ears.next('user_removed', (e) => e.data.channel_id)).data.channel_id, ops.id);
	const seqs = ears.events.map((e) => e.seq);
	assert.deepEqual(seqs, seqs.map((_, i) => i), 'numbered without a gap');
	assert.ok(!ears.events.some((e) => e.event === 'MISSED'));
	const pong = await new Promise((r) => ears.ws.sendMessage('ping', {}, r));
	assert.equal(pong.data.text, 'pong');
	const stranger = new WebSocket(`${fake.url.replace('http', 'ws')}/api/v4/websocket`);
	stranger.on('open', () => stranger.send(JSON.stringify({ seq: 1, action: 'authentication_challenge', data: { token: 'wrong' } })));
	assert.equal(JSON.parse(await new Promise((r) => stranger.once('message', r))).status, 'FAIL');
});
