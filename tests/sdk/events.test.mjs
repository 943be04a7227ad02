// What apps hear of beside messages, and what they hear on behalf of people (user_events); with Bolt's socket client, unchanged from npm.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { daemon, until } from './daemon.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const { WebClient, LogLevel } = require('@slack/web-api');
const { SocketModeClient } = require('@slack/socket-mode');
const quiet = { debug() {}, info() {}, warn() {}, error() {}, setLevel() {}, getLevel: () => 'error', setName() {} };
const workspace = ['channel_created', 'channel_rename', 'channel_archive', 'channel_unarchive', 'group_rename', 'group_archive', 'im_created', 'member_joined_channel', 'member_left_channel', 'team_join', 'user_change',
	'dnd_updated_user', 'subteam_created', 'subteam_updated', 'subteam_members_changed', 'subteam_self_added', 'file_shared', 'file_public', 'file_deleted', 'file_created', 'pin_added', 'pin_removed', 'app_home_opened',
	'message.channels', 'message.im', 'message.mpim', 'channel_left'];
let d, ann, vic;
const slackApiUrl = () => `${d.url}/api/`;
const client = (token) => new WebClient(token, { slackApiUrl: slackApiUrl(), retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR });
const refused = (error) => (e) => e.data?.error === error || assert.fail(`expected ${error}, got ${e.data?.error ?? e.message}`);
const ops = () => d.made.channels.ops.id;

async function listener(name, subscriptions, scopes = {}) {
	const app = await d.api('/v1/apps', { body: { name, manifest: { oauth_config: { scopes }, settings: { socket_mode_enabled: true, event_subscriptions: subscriptions } } } });
	const link = new SocketModeClient({ appToken: app.app_token, logger: quiet, clientOptions: { slackApiUrl: slackApiUrl() } }), seen = [];
	link.on('slack_event', async ({ ack, body }) => { await ack(); seen.push({ ...body.event, body }); });
	await link.start();
	const event = (type, fits = () => true) => until(() => seen.find((e) => e.type === type && fits(e)), `${type} for ${name}`);
	return { app, seen, event, bot: client(app.bot_token), end: () => link.disconnect() };
}

before(async () => {
	d = await daemon();
	ann = client(d.token);
	vic = client((await d.api('/v1/tokens', { body: { name: 'act', user: 'vic', scopes: ['write'] } })).token);
});
after(() => d.stop());

test('the events of a workspace', async () => {
	const { app, seen, event, bot, end } = await listener('hears', { bot_events: workspace });
	await bot.conversations.join({ channel: ops() });

	const { channel } = await ann.conversations.create({ name: 'first' });
	assert.equal((await event('channel_created')).channel.id, channel.id);
	await ann.conversations.rename({ channel: channel.id, name: 'second' });
	assert.equal((await event('channel_rename')).channel.name, 'second');
	await ann.conversations.archive({ channel: channel.id });
	assert.deepEqual([(await event('channel_archive')).channel, (await event('channel_archive')).user], [channel.id, d.made.users.ann.id]);
	await ann.conversations.unarchive({ channel: channel.id });
	await event('channel_unarchive');
	const { channel: secret } = await ann.conversations.create({ name: 'secret', is_private: true }), { channel: unseen } = await ann.conversations.create({ name: 'unseen', is_private: true });
	await ann.conversations.invite({ channel: secret.id, users: app.bot_user_id });
	await ann.conversations.rename({ channel: unseen.id, name: 'unseen2' });
	await ann.conversations.rename({ channel: secret.id, name: 'secret2' });
	assert.equal((await event('group_rename')).channel.name, 'secret2', 'a channel that the bot is not in is not told');
	await ann.conversations.archive({ channel: secret.id });
	assert.equal((await event('group_archive')).channel, secret.id);

	const { channel: dm } = await ann.conversations.open({ users: app.bot_user_id });
	const made = await event('im_created');
	assert.deepEqual([made.channel.id, made.user], [dm.id, d.made.users.ann.id]);
	const { channel: few } = await ann.conversations.open({ users: `${app.bot_user_id},${d.made.users.vic.id}` });
	await ann.chat.postMessage({ channel: few.id, text: 'to a few' });
	assert.equal((await event('message', (e) => e.text === 'to a few')).channel_type, 'mpim');

	await ann.users.profile.set({ profile: JSON.stringify({ status_text: 'away' }) });
	assert.equal((await event('user_change')).user.profile.status_text, 'away');
	await ann.dnd.setSnooze({ num_minutes: 5 });
	assert.equal((await event('dnd_updated_user')).dnd_status.dnd_enabled, true);
	const { usergroup } = await ann.usergroups.create({ name: 'Database', handle: 'db' });
	assert.equal((await event('subteam_created')).subteam.handle, 'db');
	await ann.usergroups.users.update({ usergroup: usergroup.id, users: `${d.made.users.vic.id},${app.bot_user_id}` });
	assert.deepEqual((await event('subteam_members_changed')).added_users.sort(), [d.made.users.vic.id, app.bot_user_id].sort());
	assert.equal((await event('subteam_updated')).subteam.user_count, 2);
	await event('subteam_self_added');
	assert.equal(seen.filter((e) => e.type === 'subteam_self_added').length, 1, 'of the bot alone');

	const { files: [{ files: [file] }] } = await ann.files.uploadV2({ channel_id: ops(), file: Buffer.from('x'), filename: 'x.txt' });
	const shared = await event('file_shared');
	assert.deepEqual([shared.file_id, shared.file.id, shared.user_id, shared.channel_id], [file.id, file.id, d.made.users.ann.id, ops()]);
	await event('file_public');
	await ann.files.delete({ file: file.id });
	assert.equal((await event('file_deleted')).file_id, file.id);
	assert.ok(!seen.some((e) => e.type === 'file_created'), 'that is its maker\'s');
	const { ts } = await ann.chat.postMessage({ channel: ops(), text: 'pin me' });
	await ann.pins.add({ channel: ops(), timestamp: ts });
	await ann.pins.remove({ channel: ops(), timestamp: ts });
	await event('pin_removed', (e) => e.item.message.ts === ts);

	await ann.apiCall('apps.home.open', { app: app.app_id, tab: 'messages' });
	assert.deepEqual([(await event('app_home_opened')).tab, (await event('app_home_opened')).channel], ['messages', dm.id]);
	await bot.views.publish({ user_id: d.made.users.ann.id, view: { type: 'home', blocks: [] } });
	const home = await ann.apiCall('apps.home.open', { app: app.app_id, tab: 'home' });
	assert.equal((await event('app_home_opened', (e) => e.tab === 'home')).view.id, home.view.id);
	await ann.conversations.kick({ channel: ops(), user: app.bot_user_id });
	assert.equal((await event('channel_left')).channel, ops());
	await end();
});

test('links of an app\'s domains are told to it, and to nobody else', async () => {
	const made = (name, domains) => ({ name, manifest: { features: { unfurl_domains: domains }, settings: { socket_mode_enabled: true, event_subscriptions: { bot_events: ['link_shared'] } } } });
	const app = await d.api('/v1/apps', { body: made('wiki', ['wiki.example.com', 'example.org']) });
	const link = new SocketModeClient({ appToken: app.app_token, logger: quiet, clientOptions: { slackApiUrl: slackApiUrl() } }), seen = [];
	link.on('slack_event', async ({ ack, body }) => { await ack(); seen.push(body.event); });
	await link.start();
	await client(app.bot_token).conversations.join({ channel: ops() });
	await ann.chat.postMessage({ channel: ops(), text: 'https://example.com/ and https://notexample.org/ are not its' });
	await client(app.bot_token).chat.postMessage({ channel: ops(), text: 'https://wiki.example.com/own' });
	const { ts } = await ann.chat.postMessage({ channel: ops(), text: 'see <https://wiki.example.com/a?b=1&amp;c=2|here>, https://docs.example.org:8080/x and http://elsewhere.example.net' });
	const event = await until(() => seen[0], 'link_shared');
	assert.deepEqual([event.type, event.channel, event.user, event.message_ts, event.links], ['link_shared', ops(), d.made.users.ann.id, ts,
		[{ domain: 'wiki.example.com', url: 'https://wiki.example.com/a?b=1&c=2' }, { domain: 'docs.example.org', url: 'https://docs.example.org:8080/x' }]]);
	assert.equal(seen.length, 1);
	assert.equal((await d.api('/v1/apps', { body: made('bad', ['https://x']) })).code, 'invalid');
	await link.disconnect();
});

test('an app hears for who lets it, what they may see and what its scopes cover, once', async () => {
	const people = ['message.channels', 'message.im', 'message.groups', 'star_added', 'star_removed'];
	const { app, seen, event, end } = await listener('for-people', { bot_events: ['message.channels'], user_events: people }, { user: ['channels:history', 'im:history', 'stars:read', 'chat:write'] });
	const bot_id = app.bot_user_id, ann_id = d.made.users.ann.id;

	const { channel: dm } = await ann.conversations.open({ users: d.made.users.vic.id });
	await vic.chat.postMessage({ channel: dm.id, text: 'between us' });
	const im = await event('message', (e) => e.text === 'between us');
	assert.deepEqual([im.channel_type, im.body.authorizations.map((a) => [a.user_id, a.is_bot])], ['im', [[ann_id, false]]]);
	await client(app.bot_token).conversations.join({ channel: ops() });
	await ann.chat.postMessage({ channel: ops(), text: 'for both' });
	const both = await event('message', (e) => e.text === 'for both');
	assert.deepEqual(both.body.authorizations.map((a) => [a.user_id, a.is_bot]), [[bot_id, true]]);
	const list = await client(app.app_token).apps.event.authorizations.list({ event_context: both.body.event_context });
	assert.deepEqual(list.authorizations.map((a) => [a.user_id, a.is_bot]).sort(), [[ann_id, false], [bot_id, true]].sort());
	await assert.rejects(client(app.app_token).apps.event.authorizations.list({ event_context: '4-made-up' }), refused('invalid_event_context'));
	await assert.rejects(ann.apps.event.authorizations.list({ event_context: both.body.event_context }), refused('not_allowed_token_type'));

	const { channel: secret } = await ann.conversations.create({ name: 'groups', is_private: true });
	await ann.chat.postMessage({ channel: secret.id, text: 'no scope for this' });
	const { ts } = await ann.chat.postMessage({ channel: ops(), text: 'kept' });
	await vic.stars.add({ channel: ops(), timestamp: ts });
	await ann.stars.add({ channel: ops(), timestamp: ts });
	const star = await event('star_added');
	assert.deepEqual([star.user, star.item.message.ts], [ann_id, ts]);
	await ann.stars.remove({ channel: ops(), timestamp: ts });
	await event('star_removed');
	assert.equal(seen.filter((e) => e.text === 'for both').length, 1);
	assert.ok(!seen.some((e) => e.text === 'no scope for this'));
	assert.equal(seen.filter((e) => e.type === 'star_added').length, 1, 'what vic marks is not ann\'s');

	await client(app.user_token).auth.revoke();
	await vic.chat.postMessage({ channel: dm.id, text: 'no more' });
	await ann.chat.postMessage({ channel: ops(), text: 'the last' });
	await event('message', (e) => e.text === 'the last');
	assert.ok(!seen.some((e) => e.text === 'no more'));
	await end();
});
