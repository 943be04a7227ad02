// A dialog of an app: it opens, says what the app does not take, shows the next one, and is closed.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { gone, message, room_start, see, violations } from './harness.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const { App } = require('@slack/bolt');
let room, bolt, page, bot_user, channel, ann_id, ben_id, filled;
const closed = [], plain = (text) => ({ type: 'plain_text', text });
const form = (title) => ({ type: 'modal', callback_id: 'form', title: plain(title), submit: plain('Deploy'), notify_on_close: true,
	blocks: [{ type: 'input', block_id: 'what', label: plain('What?'), element: { type: 'plain_text_input', action_id: 'text' } }] });

const option = (name) => ({ text: plain(name), value: name.toLowerCase() });
const fields = [['mail', 'Mail', { type: 'email_text_input' }], ['count', 'How many?', { type: 'number_input', is_decimal_allowed: false }], ['day', 'Day', { type: 'datepicker' }], ['time', 'Time', { type: 'timepicker' }],
	['who', 'Who?', { type: 'users_select' }], ['where', 'Where?', { type: 'channels_select' }], ['env', 'Environment', { type: 'radio_buttons', options: [option('Staging'), option('Production')] }],
	['how', 'How?', { type: 'checkboxes', options: [option('Canary'), option('Quiet')] }], ['service', 'Service', { type: 'external_select', min_query_length: 2 }]]
	.map(([block_id, label, element]) => ({ type: 'input', block_id, label: plain(label), element: { action_id: 'a', ...element } }));
const pressing = (action_id, text) => [{ type: 'actions', elements: [{ type: 'button', action_id, text: plain(text), value: 'x' }] }];

before(async () => {
	room = await room_start();
	channel = await room.channel('ops');
	const app = await room.ann.call('POST', '/v1/apps', { name: 'deployer', manifest: { features: { slash_commands: [{ command: '/deploy', description: 'Deploys a service', usage_hint: 'SERVICE' }],
		shortcuts: [{ name: 'Deploy now', type: 'global', callback_id: 'now' }, { name: 'Deploy this', type: 'message', callback_id: 'this' }] }, settings: { socket_mode_enabled: true, interactivity: { is_enabled: true }, event_subscriptions: { bot_events: ['app_home_opened'] } } } });
	bot_user = app.bot_user_id;
	bolt = new App({ token: app.bot_token, appToken: app.app_token, socketMode: true, logLevel: 'error', clientOptions: { slackApiUrl: `${room.daemon.url}/api/` } });
	bolt.action('deploy', async ({ ack, body, client }) => { await ack(); await client.views.open({ trigger_id: body.trigger_id, view: form('First') }); });
	bolt.action('change', async ({ ack, respond }) => { await ack(); await respond({ replace_original: true, text: 'changed', blocks: pressing('away', 'Take it away') }); });
	bolt.action('away', async ({ ack, respond }) => { await ack(); await respond({ delete_original: true }); });
	bolt.action({ callback_id: 'old' }, async ({ ack, body }) => { await ack(`chosen: ${body.actions[0].selected_options[0].value}`); });
	bolt.action('fields', async ({ ack, body, client }) => { await ack(); await client.views.open({ trigger_id: body.trigger_id, view: { ...form('Fields'), callback_id: 'fields', blocks: fields } }); });
	bolt.options('a', async ({ ack, options }) => { await ack({ options: ['billing', 'billboard'].filter((name) => name.startsWith(options.value)).map((name) => ({ text: plain(name.toUpperCase()), value: name })) }); });
	bolt.view('fields', async ({ ack, view }) => {
		filled = view.state.values;
		await ack(filled.mail.a.value.startsWith('ann') ? { response_action: 'errors', errors: { mail: 'That is not your mail.' } } : { response_action: 'push', view: { ...form('On top'), notify_on_close: false } });
	});
	bolt.shortcut('now', async ({ ack, body, client }) => { await ack(); await client.views.open({ trigger_id: body.trigger_id, view: form('From a shortcut') }); });
	bolt.shortcut('this', async ({ ack, shortcut, respond }) => { await ack(); await respond({ response_type: 'in_channel', text: `deploying ${shortcut.message.text}` }); });
	bolt.command('/deploy', async ({ ack, command }) => { await ack({ response_type: 'in_channel', text: `deployed ${command.text}` }); });
	const home = (text) => ({ type: 'home', blocks: [{ type: 'section', text: plain(text) }, { type: 'actions', elements: [{ type: 'button', action_id: 'all', text: plain('Deploy all'), value: 'x' }] }] });
	bolt.event('app_home_opened', async ({ event, client }) => { if (event.tab === 'home') await client.views.publish({ user_id: event.user, view: home('Nothing is deployed.') }); });
	bolt.action('all', async ({ ack, body, client }) => { await ack(); await client.views.publish({ user_id: body.user.id, hash: body.view.hash, view: home('All is deployed.') }); });
	bolt.view('form', async ({ ack, view, respond, client }) => {
		const said = view.state.values.what.text.value;

		await ack(said === 'bad' ? { response_action: 'errors', errors: { what: 'That cannot be deployed.' } } : said === 'next' ? { response_action: 'update', view: form('Second') } : undefined);
		if (said === 'api')
			await client.chat.postMessage({ channel, text: 'api is deployed' });
	});
	bolt.view({ callback_id: 'form', type: 'view_closed' }, async ({ ack, view }) => { await ack(); closed.push(view.title.text); });
	await bolt.start();
	await bolt.client.conversations.join({ channel });
	await bolt.client.chat.postMessage({ channel, text: 'deploy?', blocks: [{ type: 'actions', elements: [{ type: 'button', action_id: 'deploy', text: plain('Deploy…'), value: 'x' }] }] });
	ben_id = (await room.ben.slack('auth.test')).user_id;
	ann_id = (await room.ann.slack('auth.test')).user_id;
	page = await room.enter('ann');
	await page.getByRole('link', { name: /ops/ }).first().click();
});
after(async () => {
	await bolt?.stop();
	await room?.end();
});

test('a button of an app opens its dialog, which answers back', async () => {
	await page.getByRole('button', { name: 'Deploy…' }).click();
	await see(page.getByRole('dialog').filter({ hasText: 'First' }));
	assert.deepEqual(await violations(page), []);
	await page.getByLabel('What?').fill('bad');
	await page.getByRole('button', { name: 'Deploy', exact: true }).click();
	await see(page.getByRole('alert').filter({ hasText: 'That cannot be deployed.' }));
	await page.getByLabel('What?').fill('next');
	await page.getByRole('button', { name: 'Deploy', exact: true }).click();
	await see(page.getByRole('dialog').filter({ hasText: 'Second' }));
	await page.getByLabel('What?').fill('api');
	await page.getByRole('button', { name: 'Deploy', exact: true }).click();
	await see(message(page, 'api is deployed'));
	await gone(page.getByRole('dialog'));
	assert.deepEqual(closed, []);
});

test('a button that one person alone sees changes its message and takes it away; a menu of an attachment', async () => {
	await bolt.client.chat.postEphemeral({ channel, user: ann_id, text: 'for you', blocks: pressing('change', 'Change it') });
	await page.getByRole('button', { name: 'Change it' }).click();
	await page.getByRole('button', { name: 'Take it away' }).click();
	await gone(page.getByRole('button', { name: 'Take it away' }));
	assert.equal(await page.getByRole('button', { name: 'Change it' }).count(), 0);
	await bolt.client.chat.postMessage({ channel, text: 'old way', attachments: [{ callback_id: 'old', text: 'Which?', actions: [{ type: 'select', name: 'size', text: 'Size…', options: [{ text: 'Small', value: 's' }, { text: 'Large', value: 'l' }] }] }] });
	await page.getByLabel('Size…').selectOption({ label: 'Large' });
	await see(message(page, 'chosen: l'));
});

test('every field of a dialog, what is wrong with one, and a dialog on top of another', async () => {
	await bolt.client.chat.postMessage({ channel, text: 'fields?', blocks: pressing('fields', 'Fill in…') });
	await page.getByRole('button', { name: 'Fill in…' }).click();
	const box = page.getByRole('dialog');
	await see(box.filter({ hasText: 'Fields' }));
	assert.deepEqual(await violations(page), []);
	await box.getByLabel('Mail').fill('ann@example.com');
	await box.getByLabel('How many?').fill('3');
	await box.getByLabel('Day').fill('2026-03-02');
	await box.getByLabel('Time').fill('02:15');
	await box.getByLabel('Who?').selectOption({ label: '@ben' });
	await box.getByLabel('Where?').selectOption({ label: '#ops' });
	await box.getByLabel('Staging').check();
	await box.getByLabel('Canary').check();
	await box.getByLabel('Service').fill('bil');
	await page.locator('datalist option[value="BILLING"]').waitFor({ state: 'attached' });
	await box.getByLabel('Service').fill('BILLING');
	await box.getByRole('button', { name: 'Deploy', exact: true }).click();
	await see(box.locator('label', { hasText: 'Mail' }).getByRole('alert').filter({ hasText: 'not your mail' }));
	await box.getByLabel('Mail').fill('ben@example.com');
	await box.getByRole('button', { name: 'Deploy', exact: true }).click();
	await see(box.filter({ hasText: 'On top' }));
	await page.keyboard.press('Escape');
	await see(box.filter({ hasText: 'Fields' }));
	await page.keyboard.press('Escape');
	await gone(box);
	const v = filled;
	assert.deepEqual([v.mail.a.value, v.count.a.value, v.day.a.selected_date, v.time.a.selected_time, v.who.a.selected_user, v.where.a.selected_channel], ['ben@example.com', '3', '2026-03-02', '02:15', ben_id, channel]);
	assert.deepEqual([v.env.a.selected_option.value, v.how.a.selected_options.map((o) => o.value), v.service.a.selected_option.value], ['staging', ['canary'], 'billing']);
});

test('the home of an app is seen beside what one says to it, and its buttons work', async () => {
	await page.goto(`${room.daemon.url}/#/${(await room.ann.slack('conversations.open', { users: bot_user })).channel.id}`);
	await page.getByRole('button', { name: 'Home', exact: true }).click();
	await see(page.getByText('Nothing is deployed.'));
	assert.deepEqual(await violations(page), []);
	await page.getByRole('button', { name: 'Deploy all' }).click();
	await see(page.getByText('All is deployed.'));
	await page.getByRole('button', { name: 'Messages', exact: true }).click();
	await see(page.locator('.main .composer textarea'));
	await page.getByRole('link', { name: /ops/ }).first().click();
});

test('commands and shortcuts of an app are proposed and run', async () => {
	await page.locator('.main .composer textarea').fill('/dep');
	await see(page.getByText('Deploys a service'));
	await page.locator('.main .composer textarea').fill('/deploy billing');
	await page.keyboard.press('Enter');
	await see(message(page, 'deployed billing'));
	await message(page, 'deployed billing').hover();
	await message(page, 'deployed billing').getByLabel('Apps').selectOption({ label: 'Deploy this (deployer)' });
	await see(message(page, 'deploying deployed billing'));
	await page.goto(`${room.daemon.url}/#/${(await room.ann.slack('conversations.open', { users: bot_user })).channel.id}`);
	await page.getByRole('button', { name: 'Deploy now' }).click();
	await see(page.getByRole('dialog').filter({ hasText: 'From a shortcut' }));
	await page.getByLabel('What?').fill('x');
	await page.getByRole('button', { name: 'Deploy', exact: true }).click();
	await gone(page.getByRole('dialog'));
	await page.getByRole('link', { name: /ops/ }).first().click();
});

test('who leaves it is told of', async () => {
	await page.getByRole('button', { name: 'Deploy…' }).click();
	await see(page.getByRole('dialog').filter({ hasText: 'First' }));
	await page.keyboard.press('Escape');
	await gone(page.getByRole('dialog'));
	for (let i = 0; i < 100 && !closed.length; i++)
		await new Promise((done) => setTimeout(done, 50));
	assert.deepEqual(closed, ['First']);
});
