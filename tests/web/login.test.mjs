// From the link that the daemon prints to the main view, and through the login.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gone, log_in, password, room_start, say, see, message } from './harness.mjs';

let room;

before(async () => { room = await room_start({ with_admin: false }); });
after(() => room.end());

test('the first admin is made with the link, which then is worth nothing', async () => {
	const page = await room.window(), link = await room.daemon.setup_link();

	await page.goto(link);
	await page.getByLabel('Name', { exact: false }).first().fill('ann');
	await page.getByLabel('E-mail').fill('ann@example.com');
	await page.getByLabel('Password').fill(password);
	await page.keyboard.press('Enter');
	await see(page.locator('.who', { hasText: 'ann' }));
	await see(page.locator('.who', { hasText: 'admin' }));
	assert.equal(new URL(page.url()).pathname, '/');
	assert.ok(!page.url().includes(link.split('#')[1]), 'the token stays in no address');

	const second = await room.window();

	await second.goto(link);
	await see(second.getByText('This link has been used'));
});

test('the admin can say something at once', async () => {
	const page = room.pages[0];

	await say(page, 'the first word');
	await see(message(page, 'the first word'));
});

test('a wrong password is refused, the right one lets in', async () => {
	const page = await room.window();

	await page.goto(room.daemon.url);
	await log_in(page, 'ann', 'not this one');
	await see(page.getByRole('alert').filter({ hasText: 'do not belong together' }));
	await log_in(page, 'ann@example.com');
	await see(page.locator('.who', { hasText: 'ann' }));
});

test('logging out ends the session', async () => {
	const page = room.pages.at(-1);

	await page.getByRole('button', { name: 'Log out' }).click();
	await see(page.getByRole('heading', { name: 'Log in to opsroom' }));
	await page.reload();
	await see(page.getByRole('heading', { name: 'Log in to opsroom' }));
	await gone(page.locator('.sidebar'));
});
