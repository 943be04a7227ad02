// A dialog of an app: it opens, says what the app does not take, shows the next one, and is closed.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { gone, message, room_start, see, violations } from './harness.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const { App } = require('@slack/bolt');
let room, bolt, page, bot_user, channel, ann_id;
const closed = [], plain = (text) => ({ type: 'plain_text', text });
const form = (title) => ({ type: 'modal', callback_id: 'form', title: plain(title), submit: plain('Deploy'), notify_on_close: true,
	blocks: [{ type: 'input', block_id: 'what', label: plain('What?'), element: { type: 'plain_text_input', action_id: 'text' } }] });

const pressing = (action_id, text) => [{ type: 'actions', elements: [{ type: 'button', action_id, text: plain(text), value: 'x' }] }];

before(async () => {
	room = await room_start();
	channel = await room.channel('ops');
	const app = await room.ann.call('POST', '/v1/apps', { name: 'deployer', manifest: { settings: { socket_mode_enabled: true, interactivity: { is_enabled: true }, event_subscriptions: { bot_events: ['app_home_opened'] } } } });
	bot_user = app.bot_user_id;
	bolt = new App({ token: app.bot_token, appToken: app.app_token, socketMode: true, logLevel: 'error', clientOptions: { slackApiUrl: `${room.daemon.url}/api/` } });
	bolt.action('deploy', async ({ ack, body, client }) => { await ack(); await client.views.open({ trigger_id: body.trigger_id, view: form('First') }); });
	bolt.action('change', async ({ ack, respond }) => { await ack(); await respond({ replace_original: true, text: 'changed', blocks: pressing('away', 'Take it away') }); });
	bolt.action('away', async ({ ack, respond }) => { await ack(); await respond({ delete_original: true }); });
	bolt.action({ callback_id: 'old' }, async ({ ack, body }) => { await ack(`chosen: ${body.actions[0].selected_options[0].value}`); });
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

test('who leaves it is told of', async () => {
	await page.getByRole('button', { name: 'Deploy…' }).click();
	await see(page.getByRole('dialog').filter({ hasText: 'First' }));
	await page.keyboard.press('Escape');
	await gone(page.getByRole('dialog'));
	for (let i = 0; i < 100 && !closed.length; i++)
		await new Promise((done) => setTimeout(done, 50));
	assert.deepEqual(closed, ['First']);
});
