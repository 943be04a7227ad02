// What people do with apps: commands, buttons, menus, dialogs, shortcuts; answered by Bolt, over HTTP and by Socket Mode.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { daemon, until } from './daemon.mjs';
import { free_port } from './counterparts.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const { WebClient, LogLevel } = require('@slack/web-api');
const { App } = require('@slack/bolt');
const WebSocket = require('ws');
let d, ann, vic;
const slackApiUrl = () => `${d.url}/api/`;
const client = (token) => new WebClient(token, { slackApiUrl: slackApiUrl(), retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR });
const ops = () => d.made.channels.ops.id;
const refused = (error) => (e) => e.data?.error === error || assert.fail(`expected ${error}, got ${e.data?.error ?? e.message}`);
const last = async (text) => (await ann.conversations.history({ channel: ops() })).messages.find((m) => m.text.includes(text));

before(async () => { d = await daemon(); ann = client(d.token); vic = client(d.made.tokens.look.token); });
after(() => d.stop());

const modal = (title, more = {}) => ({ type: 'modal', callback_id: 'form', private_metadata: 'kept', title: { type: 'plain_text', text: title }, submit: { type: 'plain_text', text: 'Go' },
	blocks: [{ type: 'input', block_id: 'why', label: { type: 'plain_text', text: 'Why?' }, element: { type: 'plain_text_input', action_id: 'text' } }], ...more });
const blocks = [{ type: 'actions', block_id: 'b', elements: [
	{ type: 'button', action_id: 'ack', value: '42', text: { type: 'plain_text', text: 'Ack' } }, { type: 'button', action_id: 'form', value: 'x', text: { type: 'plain_text', text: 'Form' } },
	{ type: 'static_select', action_id: 'pick', options: [{ text: { type: 'plain_text', text: 'One' }, value: '1' }] }, { type: 'external_select', action_id: 'ask', min_query_length: 1 }] }];

const asking = (action_id, text) => [{ type: 'actions', block_id: 'only', elements: [{ type: 'button', action_id, value: 'x', text: { type: 'plain_text', text } }] }];

// One Bolt app with everything; by either way.
async function bolt_app(name, socket) {
	const port = await free_port(), url = `http://127.0.0.1:${port}/slack/events`, word = name;
	const app = await d.api('/v1/apps', { body: { name, manifest: {
		features: { slash_commands: [{ command: `/${word}`, url }], shortcuts: [{ name: 'Global', type: 'global', callback_id: 'global' }, { name: 'Of message', type: 'message', callback_id: 'of_message' }] },
		settings: { socket_mode_enabled: socket, interactivity: { is_enabled: true, request_url: url, message_menu_options_url: url } } } } });
	const bolt = new App({ token: app.bot_token, ...(socket ? { appToken: app.app_token, socketMode: true } : { signingSecret: app.signing_secret }), logLevel: 'error', clientOptions: { slackApiUrl: slackApiUrl() } });
	const seen = {};
	bolt.command(`/${word}`, async ({ command, ack, respond, client: c }) => {
		seen.command = command;
		if (command.text === 'form') {
			await ack();
			seen.opened = (await c.views.open({ trigger_id: command.trigger_id, view: modal('Form') })).view;
			seen.again = await c.views.open({ trigger_id: command.trigger_id, view: modal('Form') }).catch((e) => e.data.error);
		} else if (command.text === 'later') {
			await ack();
			for (let i = 1; i <= 5; i++) await respond({ text: `${word} later ${i}`, response_type: 'in_channel' });
			seen.sixth = await respond({ text: 'too much' }).catch((e) => String(e));
		} else {
			await ack({ text: `${word} says ${command.text}`, response_type: command.text === 'loud' ? 'in_channel' : 'ephemeral' });
		}
	});
	bolt.action('ack', async ({ ack, body, action, respond }) => { await ack(); seen.action = { body, action }; await respond({ replace_original: true, text: `${word} has it`, blocks: [] }); });
	bolt.action('swap', async ({ ack, body, respond }) => { await ack(); seen.swap = body; await respond({ replace_original: true, text: `${word} swapped`, blocks: asking('gone', 'Away') }); });
	bolt.action('gone', async ({ ack, body, respond }) => { await ack(); seen.gone = body; await respond({ delete_original: true }); });
	bolt.action({ callback_id: 'game' }, async ({ ack, body, respond }) => {
		seen.game = body;
		if (body.actions[0].name === 'later') { await ack(); await respond({ replace_original: false, text: `${word} says later`, response_type: 'in_channel' }); }
		else await ack({ text: `${word} plays ${body.actions[0].value ?? body.actions[0].selected_options[0].value}` });
	});
	bolt.action('pick', async ({ ack, action }) => { await ack(); seen.pick = action; });
	bolt.action('form', async ({ ack, body, client: c }) => { await ack(); seen.from_button = (await c.views.open({ trigger_id: body.trigger_id, view: modal('From a button', { notify_on_close: true }) })).view; });
	bolt.options('ask', async ({ ack, options }) => { seen.options = options; await ack({ options: [{ text: { type: 'plain_text', text: options.value.toUpperCase() }, value: options.value }] }); });
	bolt.view('form', async ({ ack, view, body }) => {
		seen.submitted = { view, body };
		const said = view.state.values.why.text.value;
		await ack(said === 'bad' ? { response_action: 'errors', errors: { why: 'not that' } } : said === 'more' ? { response_action: 'update', view: modal('Second') } : said === 'top' ? { response_action: 'push', view: modal('On top') } : undefined);
	});
	bolt.view({ callback_id: 'form', type: 'view_closed' }, async ({ ack, body }) => { await ack(); seen.closed = body; });
	bolt.shortcut('global', async ({ ack, shortcut }) => { await ack(); seen.shortcut = shortcut; });
	bolt.shortcut('of_message', async ({ ack, shortcut, say }) => { await ack(); seen.of_message = shortcut; });
	await (socket ? bolt.start() : bolt.start({ port, host: '127.0.0.1' }));
	const bot = client(app.bot_token);
	await bot.conversations.join({ channel: ops() });
	return { app, bolt, seen, bot, end: async () => { await bolt.stop(); await d.api(`/v1/apps/${name}`, { method: 'DELETE' }); } };
}

for (const [name, socket] of [['over-http', false], ['by-socket', true]])
	test(`Bolt ${name}`, async (t) => {
		const { app, seen, bot, end } = await bolt_app(name, socket);
		t.after(end);
		const command = (text) => ann.apiCall('chat.command', { channel: ops(), command: `/${name}`, text });

		const quiet = await command('hello you & me');
		assert.deepEqual(quiet.response, { response_type: 'ephemeral', text: `${name} says hello you & me` });
		assert.deepEqual([seen.command.channel_id, seen.command.user_name, seen.command.api_app_id, seen.command.team_id], [ops(), 'ann', app.app_id, (await ann.auth.test()).team_id]);
		assert.equal(await last('hello you'), undefined, 'ephemeral: not in the channel');
		await command('loud');
		assert.equal((await last(`${name} says loud`)).app_id, app.app_id);
		await command('later');
		await until(() => seen.sixth, 'the sixth use');
		assert.ok(await last(`${name} later 5`));
		assert.match(seen.sixth, /404|RespondError/);
		await assert.rejects(vic.apiCall('chat.command', { channel: '#nowhere', command: `/${name}` }), refused('channel_not_found'));
		await assert.rejects(ann.apiCall('chat.command', { channel: ops(), command: '/nobody' }), refused('unknown_command'));

		const { ts } = await bot.chat.postMessage({ channel: ops(), text: `${name} asks`, blocks });
		const press = (action) => ann.apiCall('blocks.actions', { container: { type: 'message', channel_id: ops(), message_ts: ts }, actions: [{ block_id: 'b', ...action }] });
		await press({ type: 'static_select', action_id: 'pick', selected_option: { text: { type: 'plain_text', text: 'One' }, value: '1' } });
		assert.deepEqual([seen.pick.type, seen.pick.selected_option.value], ['static_select', '1']);
		await assert.rejects(press({ type: 'button', action_id: 'made up', value: 'x' }), refused('invalid_action'));
		const asked = await ann.apiCall('blocks.suggestions', { container: { type: 'message', channel_id: ops(), message_ts: ts }, block_id: 'b', action_id: 'ask', value: 'abc' });
		assert.equal(asked.options[0].text.text, 'ABC');
		await press({ type: 'button', action_id: 'form' });
		await until(() => seen.from_button, 'a dialog from a button');
		await ann.apiCall('views.close', { view_id: seen.from_button.id });
		assert.equal(seen.closed.view.id, seen.from_button.id);
		await press({ type: 'button', action_id: 'ack', value: 'forged' });
		const { body, action } = seen.action;
		assert.deepEqual([action.value, action.block_id, body.user.id, body.channel.id, body.message.ts, body.container.message_ts], ['42', 'b', d.made.users.ann.id, ops(), ts, ts]);
		await until(() => last(`${name} has it`), 'the message is replaced');
		assert.equal((await last(`${name} has it`)).ts, ts);

		await command('form');
		await until(() => seen.again, 'a dialog');
		assert.equal(seen.again, 'exchanged_trigger_id');
		const { opened } = seen, submit = (value) => ann.apiCall('views.submit', { view_id: opened.id, state: { values: { why: { text: { type: 'plain_text_input', value } } } } });
		assert.deepEqual([opened.private_metadata, opened.callback_id, opened.root_view_id, opened.app_id], ['kept', 'form', opened.id, app.app_id]);
		assert.deepEqual((await submit('bad')).errors, { why: 'not that' });
		assert.equal((await submit('more')).view.title.text, 'Second');
		const top = await submit('top');
		assert.deepEqual([top.view.title.text, top.view.previous_view_id, top.view.root_view_id], ['On top', opened.id, opened.id]);
		await assert.rejects(bot.views.update({ view_id: opened.id, hash: 'old', view: modal('X') }), refused('hash_conflict'));
		assert.equal((await bot.views.update({ view_id: opened.id, view: modal('Third') })).view.title.text, 'Third');
		assert.equal((await submit('fine')).response_action, 'close');
		assert.equal(seen.submitted.body.user.id, d.made.users.ann.id);
		await assert.rejects(submit('gone'), refused('view_not_found'));

		await ann.apiCall('shortcuts.run', { app: app.app_id, callback_id: 'global' });
		assert.deepEqual([seen.shortcut.type, seen.shortcut.callback_id], ['shortcut', 'global']);
		await ann.apiCall('shortcuts.run', { app: app.app_id, callback_id: 'of_message', channel: ops(), message_ts: ts });
		assert.deepEqual([seen.of_message.type, seen.of_message.message.ts, seen.of_message.channel.id], ['message_action', ts, ops()]);
		await assert.rejects(bot.views.open({ trigger_id: 'made.up', view: modal('X') }), refused('invalid_trigger_id'));
		assert.equal((await bot.views.publish({ user_id: d.made.users.ann.id, view: { type: 'home', blocks: [] } })).view.type, 'home');
	});

for (const [name, socket] of [['alone-http', false], ['alone-socket', true]])
	test(`buttons that one person alone sees, and buttons of attachments: ${name}`, async (t) => {
		const { app, seen, bot, end } = await bolt_app(name, socket);
		t.after(end);
		const ws = new WebSocket(`${d.url.replace('http', 'ws')}/stream?token=${d.token}`), got = [];
		t.after(() => ws.terminate());
		ws.on('message', (m) => got.push(JSON.parse(m)));
		await new Promise((done) => ws.once('open', done));
		ws.send(JSON.stringify({ type: 'resume', channels: {} }));
		await until(() => got.some((m) => m.type === 'hello'), 'hello');

		const { message_ts } = await bot.chat.postEphemeral({ channel: ops(), user: d.made.users.ann.id, text: 'for ann', blocks: asking('swap', 'Swap') });
		const container = { type: 'message', channel_id: ops(), message_ts, is_ephemeral: true }, press = (action_id, who = ann) => who.apiCall('blocks.actions', { container, actions: [{ type: 'button', block_id: 'only', action_id }] });
		const wren = client((await d.api('/v1/tokens', { body: { name: 'w', user: 'vic', scopes: ['write'] } })).token);
		await assert.rejects(press('swap', wren), refused('message_not_found'));
		await press('swap');
		assert.deepEqual([seen.swap.container.is_ephemeral, seen.swap.container.message_ts, seen.swap.message], [true, message_ts, undefined]);
		const swapped = await until(() => got.find((m) => m.type === 'ephemeral' && m.message.text === `${name} swapped`), 'it is replaced');
		assert.equal(swapped.message.ts, message_ts);
		await assert.rejects(press('swap'), refused('invalid_action'), 'what is not there any more cannot be pressed');
		await press('gone');
		await until(() => got.find((m) => m.type === 'ephemeral_deleted' && m.ts === message_ts), 'it is deleted');
		await assert.rejects(press('gone'), refused('message_not_found'));

		const attachments = [{ text: 'first' }, { callback_id: 'game', text: 'Which?', actions: [{ type: 'button', name: 'game', text: 'Chess', value: 'chess' }, { type: 'button', name: 'game', text: 'Maze', value: 'maze' },
			{ type: 'button', name: 'later', text: 'Later', value: 'x' }, { type: 'select', name: 'menu', text: 'More', options: [{ text: 'Go', value: 'go' }] }] }];
		const { ts } = await bot.chat.postMessage({ channel: ops(), text: `${name} asks`, attachments });
		const choose = (action) => ann.apiCall('blocks.actions', { container: { type: 'message', channel_id: ops(), message_ts: ts }, actions: [{ type: 'button', ...action }] });
		await assert.rejects(choose({ name: 'game', value: 'made up', attachment_id: 2 }), refused('invalid_action'));
		await choose({ name: 'later', value: 'x', attachment_id: 2 });
		await until(() => last(`${name} says later`), 'a message beside it');
		await choose({ name: 'game', value: 'maze', attachment_id: 2 });
		const { type, callback_id, actions, attachment_id, message_ts: about, original_message, channel, user, api_app_id } = seen.game;
		assert.deepEqual([type, callback_id, actions[0], attachment_id, about, channel.id, user.id, api_app_id], ['interactive_message', 'game', { name: 'game', type: 'button', value: 'maze' }, '2', ts, ops(), d.made.users.ann.id, app.app_id]);
		assert.equal(original_message.text, `${name} asks`);
		assert.equal((await until(() => last(`${name} plays maze`), 'the answer takes its place')).ts, ts);
		await bot.chat.update({ channel: ops(), ts, text: 'again', attachments });
		await ann.apiCall('blocks.actions', { container: { type: 'message', channel_id: ops(), message_ts: ts }, actions: [{ type: 'select', name: 'menu', attachment_id: 2, selected_options: [{ value: 'go' }] }] });
		assert.equal((await until(() => last(`${name} plays go`), 'the menu')).ts, ts);
	});

test('a person sees the dialog on their stream; nobody else may send it; who is away answers nothing', async (t) => {
	const { app, bot, seen, end } = await bolt_app('seen', true);
	const ws = new WebSocket(`${d.url.replace('http', 'ws')}/stream?token=${d.token}`), got = [];
	ws.on('message', (m) => got.push(JSON.parse(m)));
	await new Promise((done) => ws.once('open', done));
	ws.send(JSON.stringify({ type: 'resume', channels: {} }));
	await until(() => got.some((m) => m.type === 'hello'), 'hello');
	await ann.apiCall('chat.command', { channel: ops(), command: '/seen', text: 'form' });
	const shown = await until(() => got.find((m) => m.type === 'view_opened'), 'view_opened');
	assert.equal(shown.view.title.text, 'Form');
	const ben = client((await d.api('/v1/tokens', { body: { name: 'v', user: 'vic', scopes: ['write'] } })).token);
	await assert.rejects(ben.apiCall('views.submit', { view_id: shown.view.id, state: { values: {} } }), refused('view_not_found'));
	const look = client((await d.api('/v1/tokens', { body: { name: 'l', user: 'vic', scopes: ['read'] } })).token);
	await assert.rejects(look.apiCall('chat.command', { channel: ops(), command: '/seen', text: 'x' }), refused('missing_scope'));
	ws.terminate();
	await bot.chat.postMessage({ channel: ops(), text: 'asks', blocks });
	await end();
	await assert.rejects(ann.apiCall('chat.command', { channel: ops(), command: '/seen', text: 'x' }), refused('unknown_command'));
	const alone = await d.api('/v1/apps', { body: { name: 'alone', manifest: { settings: { socket_mode_enabled: true }, features: { slash_commands: [{ command: '/alone' }] } } } });
	assert.ok(alone.app_id);
	await assert.rejects(ann.apiCall('chat.command', { channel: ops(), command: '/alone' }), (e) => e.data.error === 'app_unreachable' && /not connected/.test(e.data.detail));
	assert.ok(app && seen);
});
