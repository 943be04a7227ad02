// Calls that wait for a yes: seen with what they would do, approved, rejected with a reason, cancelled, confirmed; on the page and in the channel.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { composer, go_to, gone, message, room_start, say, see, until } from './harness.mjs';

const access = `rules:
  - require core:silence need approval 1 of role:operator not requester within 15m
  - require core:resolve need approval 2 of role:operator not requester and reason
  - require core:ack need confirm
  - deny core:noise when user == "ben"
`;
let room, folder, channel, alert, ann, ben, cleo;

const request = (page, text) => page.locator('[data-request]', { hasText: text });
const section = (page, title) => page.locator('section', { has: page.getByRole('heading', { name: title, exact: true }) });
const badge = (page) => page.locator('.sidebar a[href="#/approvals"] .badge');

// Ben asks; answers the code.
async function ask(line, more = { channel }) {
	const answer = await room.ben.call('POST', '/v1/commands', { line, ...more });

	assert.equal(answer.status, 'held');
	return answer.data.held.code;
}

async function state_of(code) {
	return room.ann.call('GET', `/v1/approvals/${code}`);
}

before(async () => {
	folder = await mkdtemp(join(tmpdir(), 'opsroom-web-'));
	await writeFile(join(folder, 'access.yaml'), access);
	room = await room_start({ options: ['--access', join(folder, 'access.yaml')] });
	await room.person('cleo', 'operator');
	channel = await room.channel('ops', 'ben', 'cleo');
	await room.ann.call('POST', '/api/v2/alerts', [{ labels: { alertname: 'DbDown', severity: 'critical' }, annotations: { summary: 'Db is down' } }]);
	alert = (await room.ann.call('GET', '/v1/alerts')).alerts[0].id;
	ann = await room.enter('ann');
	ben = await room.enter('ben');
	cleo = await room.enter('cleo');
});
after(async () => {
	await room?.end();
	await rm(folder, { recursive: true, force: true });
});

test('what waits comes into view at once, with who, why, what it would do and how long; by keyboard it is approved', async () => {
	await go_to(cleo, 'Approvals');
	await see(cleo.getByText('Nothing waits for you.'));
	assert.equal(await badge(cleo).count(), 0);
	const code = await ask(`silence ${alert} 2h new disks`);

	await see(badge(ann).filter({ hasText: '1 for you' }));
	await see(section(cleo, 'Waits for you').locator(`[data-request="${code}"]`).filter({ hasText: '@ben asks for approval' }).filter({ hasText: `core:silence -- ${alert} 2h "new disks"` })
		.filter({ hasText: 'Risk: change' }).filter({ hasText: 'would keep quiet 1 alert of 1 group' }).filter({ hasText: 'needs 1 of role:operator, not who asks' })
		.filter({ hasText: /1[45] min left/ }).filter({ hasText: 'require core:silence need approval' }));
	await go_to(ben, 'Approvals');
	await see(section(ben, 'You asked for').locator(`[data-request="${code}"]`));
	assert.equal(await request(ben, code).getByRole('button', { name: 'Approve' }).count(), 0);
	await request(cleo, code).getByRole('button', { name: 'Approve' }).press('Enter');
	await see(cleo.locator('.toast', { hasText: `${code} is approved` }));
	for (const page of [cleo, ben])
		await see(section(page, 'Decided lately').locator(`[data-request="${code}"]`, { hasText: 'done' }).filter({ hasText: '✓ @cleo' }).filter({ hasText: 'What came of it' }));
	await gone(badge(ann));
	assert.equal((await room.ann.call('GET', '/v1/silences')).silences.length, 1);
});

test('a no asks why, and who asked reads it', async () => {
	const code = await ask(`silence ${alert} 3h --reason "it is loud"`);

	await request(cleo, code).filter({ hasText: 'Reason: it is loud' }).getByRole('button', { name: 'Reject…' }).press('Enter');
	await see(cleo.getByRole('dialog', { name: `Reject ${code}?` }).filter({ hasText: `core:silence -- ${alert} 3h` }));
	await cleo.keyboard.type('  ');
	await cleo.keyboard.press('Control+Enter');
	await see(cleo.getByRole('alert').filter({ hasText: 'Something must be said here.' }));
	assert.equal((await state_of(code)).state, 'pending');
	await cleo.keyboard.type('not during "the sale"\nask again -- tomorrow');
	await cleo.getByRole('dialog').getByRole('button', { name: 'Reject' }).click();
	await gone(cleo.getByRole('dialog'));
	await see(section(ben, 'Decided lately').locator(`[data-request="${code}"]`, { hasText: 'rejected by @cleo' }));
	assert.equal((await state_of(code)).why, 'not during "the sale"\nask again -- tomorrow');
	await ben.keyboard.press('Escape');
});

test('two must say yes; the first counts and goes on waiting, a second time from the same person it is not asked', async () => {
	const code = await ask(`resolve ${alert} --reason "all is well"`, {});

	await request(cleo, code).getByRole('button', { name: 'Approve' }).click();
	await see(cleo.locator('.toast', { hasText: `Your yes to ${code} counts; more are needed.` }));
	await see(section(cleo, 'Waits for others').locator(`[data-request="${code}"]`, { hasText: '✓ @cleo' }));
	await go_to(ann, 'Approvals');
	await request(ann, code).filter({ hasText: '✓ @cleo' }).getByRole('button', { name: 'Approve' }).click();
	await see(section(ben, 'Decided lately').locator(`[data-request="${code}"]`, { hasText: 'done' }).filter({ hasText: '✓ @ann' }));
	assert.equal((await room.ann.call('GET', '/v1/alerts')).alerts.length, 0);
});

test('who asked takes it back, and who is late hears so', async () => {
	const code = await ask(`silence alertname=Other 1h`);

	await request(cleo, code).getByRole('button', { name: 'Reject…' }).click();
	await see(cleo.getByRole('dialog'));
	await request(ben, code).getByRole('button', { name: 'Cancel' }).click();
	await see(ben.locator('.toast', { hasText: `${code} is cancelled.` }));
	await cleo.keyboard.type('too late');
	await cleo.keyboard.press('Control+Enter');
	await see(cleo.getByRole('dialog').getByRole('alert').filter({ hasText: `${code} is cancelled already, by ben` }));
	await cleo.keyboard.press('Escape');
	await see(section(cleo, 'Decided lately').locator(`[data-request="${code}"]`, { hasText: 'cancelled' }));
});

test('a confirmation is given where it was said', async () => {
	await room.ann.call('POST', '/api/v2/alerts', [{ labels: { alertname: 'Queue', severity: 'warning' }, annotations: { summary: 'The queue is stuck' } }]);
	const code = await ask('ack Queue');

	await see(badge(ben));
	await section(ben, 'Waits for you').locator(`[data-request="${code}"]`, { hasText: 'Are you sure?' }).getByRole('button', { name: 'Confirm' }).click();
	await see(section(ben, 'Decided lately').locator(`[data-request="${code}"]`, { hasText: 'done' }));
	assert.equal((await room.ann.call('GET', '/v1/alerts')).alerts[0].state, 'acknowledged');
});

test('what ran without approval is listed until somebody else has looked at it', async () => {
	const answer = await room.ann.call('POST', '/v1/commands', { line: 'silence alertname=Glass 1h --break-glass --reason "nobody answers"', channel });
	const waits = section(cleo, 'To be reviewed: ran without approval');

	assert.equal(answer.status, 'done');
	await see(waits.locator('[data-request]', { hasText: '@ann broke the glass' }).filter({ hasText: 'Reason: nobody answers' }));
	await go_to(ann, 'Approvals');
	await see(section(ann, 'To be reviewed: ran without approval').locator('[data-request]'));
	assert.equal(await ann.getByRole('button', { name: 'Reviewed' }).count(), 0, 'not by who did it');
	await go_to(ben, 'Approvals');
	await see(section(ben, 'To be reviewed: ran without approval').locator('[data-request]'));
	assert.equal(await ben.getByRole('button', { name: 'Reviewed' }).count(), 0, 'nor by who could not have approved it');
	await waits.getByRole('button', { name: 'Reviewed' }).press('Enter');
	await see(section(cleo, 'Decided lately').locator('[data-request]', { hasText: 'reviewed' }).filter({ hasText: 'by @cleo' }));
	await gone(waits);
});

test('in the channel: the buttons of the message, and the dialog that asks why', async () => {
	await go_to(cleo, 'ops');
	const code = await ask(`silence alertname=Queue 1h`);
	const told = message(cleo, `${code} @ben asks for approval`);

	assert.equal((await told.innerText()).split('asks for approval').length, 2, 'it says so once');
	await told.getByRole('button', { name: 'Reject' }).click();
	await see(cleo.getByRole('dialog', { name: 'Reject' }));
	await cleo.getByLabel('Why? Who asked is told.').fill('no need');
	await cleo.getByRole('dialog').getByRole('button', { name: 'Reject' }).click();
	await gone(cleo.getByRole('dialog'));
	await see(message(cleo, `${code} of @ben: rejected`).filter({ hasText: 'no need' }));
	assert.equal((await state_of(code)).why, 'no need');
	await gone(told.getByRole('button', { name: 'Reject' }));
});

test('completion knows options, what they do, and what fits where the caret stands', async () => {
	const { commands } = await room.ben.call('GET', '/v1/boot');

	assert.ok(commands.find((command) => command.name === 'alerts').params[0].choices.includes('firing'));
	await go_to(ben, 'ops');
	await composer(ben).pressSequentially('/srebot silence Queue 1h --r');
	await see(ben.getByRole('option', { name: '--reason=TEXT Why it is done' }));
	await ben.keyboard.press('Tab');
	assert.equal(await composer(ben).inputValue(), '/srebot silence Queue 1h --reason=');
	await composer(ben).fill('');
	await composer(ben).pressSequentially('/srebot alerts | co');
	await ben.keyboard.press('Tab');
	assert.equal(await composer(ben).inputValue(), '/srebot alerts | count');
	await composer(ben).fill('');
	await composer(ben).pressSequentially('/srebot alerts ');
	await see(ben.getByRole('option', { name: 'firing' }));
	await ben.keyboard.press('Enter');
	await until(ben, () => document.querySelector('.main .composer textarea').value === '');
});

test('a refused command says why, and points at the fault', async () => {
	await go_to(ben, 'ops');
	await say(ben, '/srebot noise 7d');
	await see(message(ben, 'noise is forbidden by the rule deny core:noise when user == "ben"'));
	await say(ben, '/srebot silence k7f3 2h --resaon because');
	await see(message(ben, 'Did you mean --reason?').locator('pre', { hasText: 'silence k7f3 2h' }).locator('.fault', { hasText: '--resaon' }));
	await say(ben, '/srebot silence k7f3');
	await see(message(ben, 'how-long'));
});
