// Who may run what: a line tried as oneself and as others, here and there; the rules, and who has which roles.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { go_to, room_start, see } from './harness.mjs';

const access = `roles:
  deployer: {perms: [deploy.run], includes: [operator]}
groups:
  release: [ann, ben]
grants:
  - {to: group:release, roles: [deployer], in: "#ops", until: 2036-12-01T00:00:00Z}
on_call:
  payments: [ben]
channels:
  "#lounge": {env: dev, only: ["core:status"]}
rules: |
  require core:silence need approval 1 of role:admin not requester
  deny core:noise when user == "ben" and room != "#ops"
`;
let room, folder, ann, ben;

before(async () => {
	folder = await mkdtemp(join(tmpdir(), 'opsroom-web-'));
	await writeFile(join(folder, 'access.yaml'), access);
	room = await room_start({ options: ['--access', join(folder, 'access.yaml')] });
	await room.channel('ops', 'ben');
	await room.channel('lounge', 'ben');
	ann = await room.enter('ann');
	ben = await room.enter('ben');
});
after(async () => {
	await room?.end();
	await rm(folder, { recursive: true, force: true });
});

const line = (page) => page.getByLabel('What would be said');
const rule = (page, text) => page.locator('[data-rule]', { hasText: text });

async function try_line(page, text, as = '', where = '') {
	await line(page).fill(text);
	if (as)
		await page.getByLabel('Said by').selectOption({ label: as });
	await page.getByLabel('Said in').selectOption(where ? { label: where } : '');
	await line(page).press('Enter');
}

test('a line is tried, as oneself, in a channel, and as somebody else; nothing runs', async () => {
	await go_to(ann, 'Access');
	await try_line(ann, '/srebot silence alertname=X 2h');
	await see(ann.getByRole('status').filter({ hasText: 'core:silence -- alertname=X 2h' }).filter({ hasText: 'Allowed, once 1 of role:admin approve it, other than you.' }));
	await see(rule(ann, 'require core:silence need approval').filter({ hasText: 'fits' }).filter({ hasText: 'access.yaml:12' }));
	await try_line(ann, 'noise 7d', 'ben');
	await see(ann.getByRole('status').filter({ hasText: 'Refused' }).filter({ hasText: 'deny core:noise when user == "ben"' }));
	await try_line(ann, 'noise 7d', 'ben', '#ops');
	await see(ann.getByRole('status').filter({ hasText: 'Allowed' }));
	await see(rule(ann, 'deny core:noise').filter({ hasText: 'false' }));
	await try_line(ann, 'noise 7d', 'me', '#lounge');
	await see(ann.getByRole('status').filter({ hasText: 'Refused: `noise` cannot be run in #lounge' }));
	await try_line(ann, 'slience x 2h');
	await see(ann.getByRole('alert').filter({ hasText: 'Did you mean `silence`?' }));
	assert.equal((await room.ann.call('GET', '/v1/silences')).silences.length, 0);
});

test('the rules with their lines, groups, roles and grants; who is no admin sees only oneself', async () => {
	await see(ann.locator('.rules li', { hasText: 'require core:silence' }).filter({ hasText: 'access.yaml:12' }));
	assert.equal(await ann.locator('.rules li').count(), 2);
	await ann.getByRole('button', { name: /^Show the \d+ that commands bring along$/ }).click();
	await see(ann.locator('.rules li', { hasText: 'allow core:ack need role responder' }));
	await see(ann.locator('[data-person="ben"]', { hasText: 'responder' }).filter({ hasText: 'in release' }).filter({ hasText: 'on call for payments' }));
	await see(ann.locator('.facts > div', { hasText: 'ann, ben' }).filter({ hasText: 'has deployer in #ops, until' }));
	await see(ann.locator('.facts > div', { hasText: 'deploy.run' }).filter({ hasText: 'all of operator' }));
	await see(ann.locator('.facts > div', { hasText: '#lounge' }).filter({ hasText: 'is dev takes only core:status' }));
	await go_to(ben, 'Access');
	await see(ben.locator('[data-person="ben"]'));
	assert.equal(await ben.locator('[data-person]').count(), 1);
	assert.equal(await ben.getByLabel('Said by').count(), 0);
	await try_line(ben, 'noise');
	await see(ben.getByRole('status').filter({ hasText: 'Refused' }));
	const refused = await fetch(`${room.daemon.url}/v1/access/test`, { method: 'POST', headers: { Cookie: room.ben.cookie, 'X-Opsroom': 'console', 'Content-Type': 'application/json' }, body: JSON.stringify({ line: 'status', as: 'ann' }) });

	assert.equal(refused.status, 403);
});
