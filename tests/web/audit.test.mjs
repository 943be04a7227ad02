// Who did what: searched by fields, read page by page, one opened, all of it verified and exported. And the tokens of programs.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { go_to, gone, room_start, see, until } from './harness.mjs';

let room, ann, ben;

const record = (page, text) => page.locator('[data-record]', { hasText: text });
const field = (page, name) => page.getByRole('search').getByLabel(name);

before(async () => {
	room = await room_start();
	const channel = await room.channel('ops', 'ben');

	for (let i = 0; i < 240; i++)
		await room.ann.call('POST', '/v1/commands', { line: `alerts ${i % 2 ? 'all' : 'firing'}` });
	await room.ben.call('POST', '/v1/commands', { line: 'silence alertname=X 2h --reason "new disks"', channel });
	await room.ben.slack('chat.command', { channel, command: '/srebot', text: 'graph up 1h' });
	await room.ben.call('POST', '/v1/login', { user: 'ben', password: 'correct horse battery staple' });
	ann = await room.enter('ann');
	ben = await room.enter('ben');
});
after(() => room?.end());

test('admins see all, the newest first, and more as they come to the end', async () => {
	assert.equal(await ben.locator('.sidebar a[href="#/audit"]').count(), 0);
	await go_to(ann, 'Audit');
	await see(record(ann, 'login'));
	const first = await ann.locator('[data-record]').count();

	assert.ok(first >= 100 && first < 240, String(first));
	for (let i = 0; i < 4; i++)
		await ann.locator('.alerts-scroll').evaluate((list) => list.scrollTo(0, list.scrollHeight));
	await until(ann, () => document.querySelectorAll('[data-record]').length > 200);
	await ann.locator('.alerts-scroll').evaluate((list) => list.scrollTo(0, list.scrollHeight));
	await see(ann.getByText('That is all.'));
});

test('fields narrow it, and stand in the address', async () => {
	await field(ann, 'Who').fill('@ben');
	await field(ann, 'Action').fill('silence');
	await field(ann, 'Action').press('Enter');
	await see(record(ann, 'silence alertname=X 2h').filter({ hasText: 'by ben' }).filter({ hasText: 'in #ops' }));
	assert.equal(await ann.locator('[data-record]').count(), 1);
	assert.match(ann.url(), /#\/audit\?actor=ben&action=silence$/);
	await ann.reload();
	await see(record(ann, 'silence alertname=X 2h'));
	assert.equal(await field(ann, 'Who').inputValue(), 'ben');
	await ann.getByRole('link', { name: 'All', exact: true }).click();
	await field(ann, 'Words').fill('new disks');
	await field(ann, 'Channel').fill('#ops');
	await field(ann, 'Since').fill('2020-01-01T00:00');
	await field(ann, 'Words').press('Enter');
	await see(record(ann, 'silence alertname=X 2h'));
	assert.equal(await ann.locator('[data-record]').count(), 1);
	await field(ann, 'Until').fill('2020-01-02T00:00');
	await field(ann, 'Until').press('Enter');
	await see(ann.getByText('No record fits.'));
	await field(ann, 'Who').fill('nobody-here');
	await field(ann, 'Who').press('Enter');
	await see(ann.getByRole('alert').filter({ hasText: 'nobody-here' }));
});

test('an opened record tells all: what was typed, what it was read as, the rule, the hash', async () => {
	await ann.goto(`${room.daemon.url}/#/audit?actor=ben&action=silence`);
	await record(ann, 'silence').getByRole('button', { name: 'Open' }).press('Enter');
	const details = record(ann, 'silence').locator('.facts');

	await see(details.filter({ hasText: 'silence alertname=X 2h --reason "new disks"' }).filter({ hasText: 'core:silence -- alertname=X 2h' }).filter({ hasText: 'allow core:silence need role responder' })
		.filter({ hasText: 'new disks' }).filter({ hasText: /Hash[0-9a-f]{64}/ }));
	await see(record(ann, 'silence').getByLabel('Detail').filter({ hasText: '"reason": "new disks"' }));
});

test('it is verified and exported from here', async () => {
	await ann.getByRole('button', { name: 'Verify' }).click();
	await see(ann.getByRole('status').filter({ hasText: /^Whole: \d+ records in \d+ chains/ }));
	const [download] = await Promise.all([ann.waitForEvent('download'), ann.getByRole('button', { name: 'Export all' }).click()]);
	const lines = (await readFile(await download.path(), 'utf8')).trim().split('\n').map((line) => JSON.parse(line));

	assert.equal(download.suggestedFilename(), 'audit.jsonl');
	assert.ok(lines.filter((line) => line.action === 'alerts').length === 240, String(lines.length));
	assert.equal(new Set(lines.filter((line) => line.seq).map((line) => line.id)).size, lines.filter((line) => line.seq).length);
});

test('a token is made, seen once, used, and revoked', async () => {
	await go_to(ben, 'Tokens');
	await see(ben.getByText('You have none.'));
	assert.equal(await ben.getByLabel('May').locator('option').count(), 2, 'no admin');
	await ben.getByLabel('New token, for what?').fill('deploy job');
	await ben.getByLabel('May').selectOption('read');
	await ben.getByLabel('New token, for what?').press('Enter');
	const token = (await ben.getByLabel('Token', { exact: true }).innerText()).trim();

	assert.match(token, /^xoxp-/);
	await ben.getByRole('button', { name: 'I have kept it' }).click();
	await gone(ben.getByText(token));
	await see(ben.locator('[data-token="deploy job"]', { hasText: 'read' }).filter({ hasText: 'never used' }));
	const me = () => fetch(`${room.daemon.url}/v1/me`, { headers: { Authorization: `Bearer ${token}` } });

	assert.equal((await me()).status, 200);
	await go_to(ann, 'Tokens');
	await see(ann.locator('[data-report="deploy job"]', { hasText: 'of ben' }));
	await go_to(ben, 'Runs');
	await go_to(ben, 'Tokens');
	await see(ben.locator('[data-token="deploy job"]', { hasText: 'from 127.0.0.1' }));
	await ben.getByRole('button', { name: 'Revoke deploy job' }).click();
	await ben.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
	await see(ben.getByText('You have none.'));
	assert.equal((await me()).status, 401);
});
