// On a phone, in the dark, and for people who use the console without seeing it: axe finds nothing serious.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { composer, go_to, gone, message, room_start, say, see, violations } from './harness.mjs';

const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
const access = 'rules: [require core:silence need approval 1 of role:admin]\n';
let room, folder, channel;

before(async () => {
	folder = await mkdtemp(join(tmpdir(), 'opsroom-web-'));
	await writeFile(join(folder, 'access.yaml'), access);
	room = await room_start({ options: ['--access', join(folder, 'access.yaml'), '--plugins-dir', folder] });
	channel = await room.channel('lobby', 'ben');
	const { ts } = await room.ann.slack('chat.postMessage', { channel, text: 'a *root* with `code`, <https://example.com|a link>, <!here> and :fire:' });

	await room.ben.slack('chat.postMessage', { channel, thread_ts: ts, text: 'a reply' });
	await room.ben.slack('reactions.add', { channel, timestamp: ts, name: 'eyes' });
	await room.ann.slack('chat.postMessage', {
		channel, text: 'x', attachments: [{ color: 'danger', title: 'Db is down', title_link: 'https://example.com', text: 'See *it*', fields: [{ title: 'Host', value: 'db-1', short: true }], footer: 'Grafana', ts: 1700000000 }],
	});
	await room.ann.call('POST', '/api/v2/alerts', [{ labels: { alertname: 'DbDown', severity: 'critical' }, annotations: { summary: 'Db is down' } }]);
	for (const more of [{ for: '10m' }, { for: '2h', comment: 'new disks' }, { for: '2h', name: 'upgrade', startsAt: new Date(Date.now() + 3_600_000).toISOString() }])
		await room.ben.call('POST', '/v1/silences', { matchers: 'alertname=Quiet,host=~"db-.*"', ...more });
	const { id } = await room.ben.call('POST', '/v1/silences', { matchers: 'alertname=Old', for: '1h' });

	await room.ben.call('DELETE', `/v1/silences/${id}`);
	await room.ben.call('POST', '/v1/commands', { line: 'silence alertname=DbDown 2h --reason "new disks"' });
	await room.ben.call('POST', '/v1/commands', { line: 'silence alertname=DbDown 4h' });
	await room.ann.call('POST', '/v1/commands', { line: 'deny A-2 too long' });
});
after(async () => {
	await room?.end();
	await rm(folder, { recursive: true, force: true });
});

for (const colorScheme of ['light', 'dark']) {
	test(`${colorScheme}: axe finds nothing serious`, async () => {
		const page = await room.window({ colorScheme });

		await page.goto(room.daemon.url);
		await see(page.getByLabel('Password'));
		assert.deepEqual(await violations(page), [], 'login');
		await page.close();

		const inside = await room.enter('ann', { colorScheme });

		await go_to(inside, 'lobby');
		await see(message(inside, 'Db is down'));
		assert.deepEqual(await violations(inside), [], 'main');
		await inside.locator('.thread-summary').first().click();
		await see(inside.locator('.thread .message', { hasText: 'a reply' }));
		await inside.keyboard.type('/');
		await see(inside.locator('.proposals [role=option]'));
		assert.deepEqual(await violations(inside), [], 'thread and proposals');
		await inside.keyboard.press('Escape');
		await inside.keyboard.press('Control+k');
		await see(inside.getByRole('dialog'));
		assert.deepEqual(await violations(inside), [], 'switcher');
		await inside.keyboard.press('Escape');
		await go_to(inside, 'Alerts');
		await see(inside.locator('.alert'));
		assert.deepEqual(await violations(inside), [], 'alerts');
		await go_to(inside, 'Approvals');
		await see(inside.locator('[data-request="A-2"]'));
		assert.deepEqual(await violations(inside), [], 'approvals');
		await inside.getByRole('button', { name: 'Reject…' }).click();
		await inside.keyboard.press('Control+Enter');
		await see(inside.getByRole('alert'));
		assert.deepEqual(await violations(inside), [], 'a dialog with fields');
		await inside.keyboard.press('Escape');
		await go_to(inside, 'Sources');
		await see(inside.locator('[data-source="api"]'));
		assert.deepEqual(await violations(inside), [], 'sources');
		await inside.locator('[data-source="api"] a').first().click();
		await inside.getByRole('button', { name: 'Look inside' }).first().click();
		await see(inside.getByRole('button', { name: 'Replay' }));
		assert.deepEqual(await violations(inside), [], 'a delivery');
		await go_to(inside, 'Silences');
		await see(inside.locator('[data-silence]').nth(2));
		await inside.getByRole('button', { name: 'Show those that are over' }).click();
		await see(inside.locator('[data-silence]', { hasText: 'ended' }));
		assert.deepEqual(await violations(inside), [], 'silences');
		await inside.getByRole('link', { name: 'Announce maintenance' }).click();
		await inside.getByLabel('Labels of the alerts').fill('alertname=DbDown');
		await see(inside.locator('.silence-preview', { hasText: 'Keeps 1 alert' }));
		await inside.getByLabel('How long').selectOption('until');
		assert.deepEqual(await violations(inside), [], 'a form');
		await go_to(inside, 'Routes');
		await inside.getByLabel('Labels of an alert').fill('team=db');
		await inside.getByRole('button', { name: 'Where would it go?' }).click();
		await see(inside.locator('.tree', { hasText: 'taken' }));
		assert.deepEqual(await violations(inside), [], 'routes');
		await go_to(inside, 'Noise');
		await see(inside.locator('[data-rule="DbDown"]'));
		assert.deepEqual(await violations(inside), [], 'noise');
		await go_to(inside, 'Access');
		await inside.getByLabel('What would be said').fill('silence alertname=DbDown 2h');
		await inside.keyboard.press('Enter');
		await see(inside.locator('[data-rule]', { hasText: 'fits' }));
		await inside.getByRole('button', { name: /^Show the/ }).click();
		assert.deepEqual(await violations(inside), [], 'access');
		await go_to(inside, 'Audit');
		await inside.locator('[data-record]').getByRole('button', { name: 'Open' }).first().click();
		await inside.getByRole('button', { name: 'Verify' }).click();
		await see(inside.getByRole('status').filter({ hasText: 'Whole' }));
		assert.deepEqual(await violations(inside), [], 'audit');
		await go_to(inside, 'Tokens');
		await inside.getByLabel('New token, for what?').fill(`look ${colorScheme}`);
		assert.deepEqual(await violations(inside), [], 'tokens');
		await inside.keyboard.press('Enter');
		await see(inside.getByLabel('Token', { exact: true }));
		await see(inside.locator(`[data-report="look ${colorScheme}"]`));
		assert.deepEqual(await violations(inside), [], 'a token');
		for (const page of ['Runs', 'Plugins']) {
			await go_to(inside, page);
			await see(inside.locator('.about').first());
			assert.deepEqual(await violations(inside), [], page);
		}
	});
}

function background(page) {
	return page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).map(Number).reduce((a, b) => a + b) / 3);
}

test('the theme follows the system or the wish, and the wish is kept', async () => {
	const page = await room.enter('ann', { colorScheme: 'dark' });

	assert.ok(await background(page) < 60);
	await page.getByLabel('Theme').selectOption('light');
	assert.ok(await background(page) > 200);
	await page.reload();
	await see(page.locator('.sidebar'));
	assert.ok(await background(page) > 200);
	await page.getByLabel('Theme').selectOption('auto');
	assert.ok(await background(page) < 60);
});

test('a phone: drawer, channel, thread, nothing wider than the screen', async () => {
	const page = await room.enter('ben', phone);
	const fits = async (what) => assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 360 && document.documentElement.scrollHeight <= innerHeight && [...document.querySelectorAll('.log, .alerts-scroll')].every((log) => log.scrollWidth <= log.clientWidth)), what);

	await see(page.locator('.main'));
	assert.equal(await page.locator('.sidebar').isVisible(), false);
	await page.getByRole('button', { name: 'Open the channel list' }).tap();
	await page.locator('.sidebar a.channel', { hasText: 'lobby' }).tap();
	await see(page.locator('.main h1', { hasText: 'lobby' }));
	await page.locator('.sidebar').waitFor({ state: 'hidden' });
	await fits('channel');
	await composer(page).tap();
	await page.keyboard.type('from the train');
	await page.getByRole('button', { name: 'Send' }).tap();
	await see(message(page, 'from the train'));
	await page.locator('.thread-summary').first().tap();
	await see(page.locator('.thread .message', { hasText: 'a reply' }));
	const box = await page.locator('.thread').boundingBox();

	assert.equal(Math.round(box.width), 360);
	await fits('thread');
	await page.getByRole('button', { name: 'Close the thread' }).tap();
	await gone(page.locator('.thread'));
	await page.getByRole('button', { name: 'Open the channel list' }).tap();
	await page.locator('.sidebar a[href="#/alerts"]').tap();
	await see(page.locator('.alert', { hasText: 'Db is down' }));
	await fits('alerts');
	await page.getByRole('button', { name: 'Open the channel list' }).tap();
	await page.locator('.sidebar a[href="#/sources"]').tap();
	await page.locator('[data-source="api"] a').first().tap();
	await see(page.locator('.delivery', { hasText: '1 alert, 1 changed something' }));
	await fits('deliveries');
	for (const [view, there] of [['approvals', '[data-request]'], ['silences', '[data-silence]'], ['routes', '.silence-form'], ['noise', '[data-rule]'], ['access', '[data-person]'], ['runs', '.about'], ['tokens', '.silence-form']]) {
		await page.getByRole('button', { name: 'Open the channel list' }).tap();
		await page.locator(`.sidebar a[href="#/${view}"]`).tap();
		await see(page.locator(there));
		await fits(view);
	}
	await page.locator('.sidebar a[href="#/silences"]').evaluate((link) => link.click());
	await page.getByRole('button', { name: 'Show those that are over' }).tap();
	await page.locator('.alerts-scroll').evaluate((list) => list.scrollTo(0, list.scrollHeight));
	await page.getByRole('link', { name: 'Announce maintenance' }).tap();
	await see(page.getByLabel('What is done'));
	await page.getByLabel('How long').selectOption('until');
	await fits('a form');
	assert.equal(await page.locator('.alerts-scroll').evaluate((list) => list.scrollTop), 0);
});

test('a screen reader hears a log, and the skip link leads to it', async () => {
	const page = await room.enter('ann');

	await go_to(page, 'lobby');
	await see(page.getByRole('log', { name: /lobby/ }));
	await say(page, 'heard');
	await see(page.getByRole('article', { name: /^ann, .*: heard/ }));
	await page.locator('.skip').focus();
	await page.keyboard.press('Enter');
	assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'log');
	assert.equal(await page.locator('nav').getByRole('link', { name: /lobby/ }).getAttribute('aria-current'), 'page');
});
