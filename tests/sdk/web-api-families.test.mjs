// The smaller families of Slack's Web API, with the official SDK unchanged.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { daemon, until } from './daemon.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const { WebClient, LogLevel } = require('@slack/web-api');
const { WebSocket } = require('ws');
let d, web, vic, ops, ann, him, stream;
const heard = [];
const client = (token) => new WebClient(token, { slackApiUrl: `${d.url}/api/`, retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR });
const refused = (error) => (e) => e.data?.error === error || assert.fail(`expected ${error}, got ${e.data?.error ?? e.message}`);
const event = (type, fits = () => true) => until(() => heard.map((f) => f.event ?? f).find((e) => e.type === type && fits(e)), `an event ${type}`);

before(async () => {
	d = await daemon();
	web = client(d.token);
	vic = client(d.made.tokens.look.token);
	[ann, him] = [d.made.users.ann.id, d.made.users.vic.id];
	ops = (await web.conversations.list({})).channels.find((c) => c.name === 'ops').id;
	stream = new WebSocket(`${d.url.replace('http', 'ws')}/stream`, { headers: { authorization: `Bearer ${d.token}` } });
	stream.on('message', (text) => heard.push(JSON.parse(text)));
	stream.on('open', () => stream.send('{"type":"resume"}'));
	await until(() => heard.length, 'the stream opens');
});
after(async () => {
	stream.close();
	await d.stop();
});

test('a message is pinned, listed, and freed', async () => {
	const { ts } = await web.chat.postMessage({ channel: ops, text: 'runbook' });
	await web.pins.add({ channel: ops, timestamp: ts });
	await assert.rejects(web.pins.add({ channel: ops, timestamp: ts }), refused('already_pinned'));
	const { items } = await vic.pins.list({ channel: ops });
	assert.deepEqual(items.map((i) => [i.type, i.channel, i.created_by, i.message.ts, i.message.pinned_to]), [['message', ops, ann, ts, [ops]]]);
	assert.match(items[0].message.permalink, new RegExp(`/archives/${ops}/p\\d{16}$`));
	const added = await event('pin_added');
	assert.deepEqual([added.user, added.channel_id, added.item.message.ts, added.item_user, added.pin_count], [ann, ops, ts, ann, 1]);
	assert.equal((await web.conversations.history({ channel: ops })).pin_count, 1);
	await web.pins.remove({ channel: ops, timestamp: ts });
	await assert.rejects(web.pins.remove({ channel: ops, timestamp: ts }), refused('no_pin'));
	assert.deepEqual((await web.pins.list({ channel: ops })).items, []);
	const gone = await web.chat.postMessage({ channel: ops, text: 'x' });
	await web.pins.add({ channel: ops, timestamp: gone.ts });
	await web.chat.delete({ channel: ops, ts: gone.ts });
	assert.deepEqual((await web.pins.list({ channel: ops })).items, []);
	await assert.rejects(web.pins.add({ channel: ops }), refused('no_item_specified'));
});

test('a channel has bookmarks', async () => {
	const { bookmark } = await web.bookmarks.add({ channel_id: ops, title: 'Grafana', type: 'link', link: 'https://grafana.example.com/', emoji: ':chart:' });
	assert.match(bookmark.id, /^Bk/);
	await web.bookmarks.edit({ channel_id: ops, bookmark_id: bookmark.id, title: 'Graphs' });
	assert.deepEqual((await web.bookmarks.list({ channel_id: ops })).bookmarks.map((b) => [b.title, b.link, b.emoji, b.last_updated_by_user_id]), [['Graphs', 'https://grafana.example.com/', ':chart:', ann]]);
	await assert.rejects(web.bookmarks.add({ channel_id: ops, title: 'x', type: 'link', link: 'javascript:alert(1)' }), refused('invalid_link'));
	await web.bookmarks.remove({ channel_id: ops, bookmark_id: bookmark.id });
	await assert.rejects(web.bookmarks.remove({ channel_id: ops, bookmark_id: bookmark.id }), refused('not_found'));
});

test('stars and reactions are listed by page, what one may not read any more is not', async () => {
	const { channel } = await web.conversations.create({ name: 'hidden', is_private: true });
	const a = await web.chat.postMessage({ channel: ops, text: 'a' }), b = await web.chat.postMessage({ channel: channel.id, text: 'b' });
	for (const m of [a, b]) {
		await web.stars.add({ channel: m.channel, timestamp: m.ts });
		await web.reactions.add({ channel: m.channel, timestamp: m.ts, name: 'eyes' });
		await web.reactions.add({ channel: m.channel, timestamp: m.ts, name: 'tada' });
	}
	await web.stars.add({ channel: ops });
	await assert.rejects(web.stars.add({ channel: ops }), refused('already_starred'));
	const stars = await web.stars.list({});
	assert.deepEqual(stars.items.map((i) => [i.type, i.message?.text]).sort(), [['channel', undefined], ['message', 'a'], ['message', 'b']]);
	assert.deepEqual(stars.paging, { count: 100, total: 3, page: 1, pages: 1 });
	assert.deepEqual((await web.reactions.list({ count: 1, page: 2 })).items.map((i) => [i.message.text, i.message.reactions.length]), [['a', 2]]);
	assert.deepEqual((await vic.reactions.list({ user: ann })).items.map((i) => i.message.text), ['a']);
	await web.stars.remove({ channel: ops });
	await assert.rejects(web.stars.remove({ channel: ops }), refused('not_starred'));
});

test('a channel is described, renamed, archived and opened again', async () => {
	const { channel } = await web.conversations.create({ name: 'project' });
	assert.equal((await web.conversations.setPurpose({ channel: channel.id, purpose: 'to ship' })).purpose, 'to ship');
	await assert.rejects(web.conversations.setPurpose({ channel: channel.id, purpose: 'x'.repeat(1001) }), refused('too_long'));
	await web.conversations.rename({ channel: channel.id, name: 'project-two' });
	const { channel: now } = await web.conversations.info({ channel: channel.id });
	assert.deepEqual([now.name, now.purpose.value, now.purpose.creator, now.previous_names], ['project-two', 'to ship', ann, ['project']]);
	assert.equal((await web.chat.postMessage({ channel: '#project', text: 'by the old name' })).channel, channel.id);
	await assert.rejects(web.conversations.rename({ channel: channel.id, name: 'ops' }), refused('name_taken'));
	await assert.rejects(web.conversations.rename({ channel: channel.id, name: 'mpdm-x' }), refused('invalid_name'));
	assert.deepEqual((await event('channel_rename')).channel.name, 'project-two');
	await web.conversations.archive({ channel: channel.id });
	await assert.rejects(web.conversations.archive({ channel: channel.id }), refused('already_archived'));
	await assert.rejects(web.chat.postMessage({ channel: channel.id, text: 'x' }), refused('is_archived'));
	assert.ok(!(await web.conversations.list({ exclude_archived: true })).channels.some((c) => c.id === channel.id));
	await web.conversations.unarchive({ channel: channel.id });
	await assert.rejects(web.conversations.unarchive({ channel: channel.id }), refused('not_archived'));
	assert.deepEqual((await web.conversations.history({ channel: channel.id })).messages.map((m) => m.subtype ?? m.text), ['channel_unarchive', 'channel_archive', 'by the old name', 'channel_name', 'channel_purpose']);
	await assert.rejects(web.conversations.archive({ channel: '#general' }), refused('cant_archive_general'));
	await assert.rejects(web.conversations.archive({ channel: '#sre-alerts' }), refused('restricted_action'));
});

test('people are put out; several have one channel for themselves; one sees who is where', async () => {
	await assert.rejects(web.conversations.kick({ channel: ops, user: ann }), refused('cant_kick_self'));
	await web.conversations.kick({ channel: ops, user: him });
	assert.ok(!(await web.users.conversations({ user: him })).channels.some((c) => c.id === ops));
	await web.conversations.invite({ channel: ops, users: him });
	assert.ok((await web.users.conversations({ user: him })).channels.some((c) => c.id === ops));
	const bot = (await web.users.list({})).members.find((m) => m.name === 'srebot').id;
	const group = await web.conversations.open({ users: `${him},${bot}`, return_im: true });
	assert.deepEqual([group.channel.is_mpim, group.channel.is_private, group.channel.name.startsWith('mpdm-')], [true, true, true]);
	assert.equal((await web.conversations.open({ users: `${bot},${him},${ann}` })).already_open, true);
	assert.equal((await vic.conversations.open({ users: `${ann},${bot}` })).channel.id, group.channel.id);
	assert.deepEqual((await web.conversations.list({ types: 'mpim' })).channels.map((c) => c.id), [group.channel.id]);
	assert.equal((await web.conversations.close({ channel: group.channel.id })).no_op, true);
	const pages = [];
	for await (const page of web.paginate('users.conversations', { limit: 1, types: 'public_channel,private_channel,mpim' })) pages.push(...page.channels);
	assert.ok(pages.length >= 5 && new Set(pages.map((c) => c.id)).size === pages.length);
});

test('a person has a status, is away, snoozes', async () => {
	const r = await web.users.profile.set({ profile: { status_text: 'on call', status_emoji: ':pager:', title: 'SRE', status_expiration: 4102444800 } });
	assert.deepEqual([r.profile.status_text, r.profile.status_expiration], ['on call', 4102444800]);
	assert.equal((await event('user_change')).user.profile.status_text, 'on call');
	await web.users.profile.set({ name: 'phone', value: '112' });
	const { profile } = await vic.users.profile.get({ user: ann });
	assert.deepEqual([profile.phone, profile.title, profile.status_emoji, profile.display_name], ['112', 'SRE', ':pager:', 'ann']);
	assert.equal((await web.users.info({ user: ann })).user.profile.title, 'SRE');
	await assert.rejects(web.users.profile.set({ profile: { status_text: 'x'.repeat(500) } }), refused('too_long'));
	await assert.rejects(web.users.profile.set({ user: him, profile: { title: 'x' } }), refused('cannot_update_admin_user'));
	assert.equal((await web.users.getPresence({ user: ann })).presence, 'active');
	await web.users.setPresence({ presence: 'away' });
	const { presence, online, manual_away } = await web.users.getPresence({});
	assert.deepEqual([presence, online, manual_away], ['away', true, true]);
	await web.users.setPresence({ presence: 'auto' });
	await assert.rejects(web.users.setPresence({ presence: 'gone' }), refused('invalid_presence'));
	assert.equal((await web.dnd.setSnooze({ num_minutes: 30 })).snooze_remaining, 1800);
	assert.equal((await vic.dnd.info({ user: ann })).snooze_enabled, true);
	assert.equal((await web.dnd.teamInfo({ users: `${ann},${him}` })).users[him].dnd_enabled, false);
	assert.equal((await event('dnd_updated_user')).dnd_status.dnd_enabled, true);
	assert.equal((await web.dnd.endSnooze()).snooze_enabled, false);
	await assert.rejects(web.dnd.endSnooze(), refused('snooze_not_active'));
	await web.dnd.endDnd();
	assert.deepEqual((await web.emoji.list()).emoji, {});
});

test('a group of people is made, filled, mentioned', async () => {
	const { usergroup } = await web.usergroups.create({ name: 'SRE On Call', description: 'who is up', channels: ops });
	assert.deepEqual([usergroup.handle, usergroup.prefs.channels, usergroup.user_count], ['sre-on-call', [ops], 0]);
	await assert.rejects(web.usergroups.create({ name: 'sre on call' }), refused('name_already_exists'));
	await assert.rejects(web.usergroups.create({ name: 'x', handle: 'ann' }), refused('handle_already_exists'));
	await assert.rejects(vic.usergroups.create({ name: 'mine' }), refused('permission_denied'));
	assert.deepEqual((await web.usergroups.users.update({ usergroup: usergroup.id, users: him })).usergroup.users, [him]);
	assert.deepEqual((await vic.usergroups.users.list({ usergroup: usergroup.id })).users, [him]);
	const { ts } = await web.chat.postMessage({ channel: ops, text: `<!subteam^${usergroup.id}> look` });
	const boot = async () => (await d.api('/v1/boot', { token: d.made.tokens.look.token })).channels.find((c) => c.id === ops).mentions;
	assert.equal(await boot(), 1);
	await vic.conversations.mark({ channel: ops, ts });
	await web.usergroups.disable({ usergroup: usergroup.id });
	await web.chat.postMessage({ channel: ops, text: `<!subteam^${usergroup.id}|@sre-on-call> again` });
	assert.equal(await boot(), 0);
	assert.deepEqual((await web.usergroups.list({})).usergroups, []);
	assert.equal((await web.usergroups.list({ include_disabled: true, include_count: true })).usergroups[0].user_count, 1);
	await web.usergroups.enable({ usergroup: usergroup.id });
	await web.usergroups.update({ usergroup: usergroup.id, name: 'Nights', handle: 'nights' });
	assert.equal((await event('subteam_updated', (e) => e.subteam.handle === 'nights')).subteam.name, 'Nights');
	await web.usergroups.create({ name: 'SRE On Call' });
	await assert.rejects(web.usergroups.users.list({ usergroup: 'S1' }), refused('no_such_subteam'));
});
