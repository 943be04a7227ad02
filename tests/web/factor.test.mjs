// A second factor in the console: set up, given for a command that asks for it, taken away; its codes stand in no channel.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { message, room_start, say, see } from './harness.mjs';

let room, folder, ben, secret;

// RFC 6238. A code of the next half minute counts too, so that two can be given at once.
function totp(later = 0) {
	const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
	const counter = Buffer.alloc(8);

	counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later));
	const mac = createHmac('sha1', Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))).update(counter).digest();

	return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

const factor = () => ben.getByRole('dialog', { name: 'Second factor' });

before(async () => {
	folder = await mkdtemp(join(tmpdir(), 'opsroom-web-'));
	await writeFile(join(folder, 'access.yaml'), 'rules:\n  - require core:silence need mfa < 10m\n');
	room = await room_start({ options: ['--access', join(folder, 'access.yaml')] });
	ben = await room.enter('ben');
});
after(async () => {
	await room?.end();
	await rm(folder, { recursive: true, force: true });
});

test('a command asks for it, and says where a code is given', async () => {
	await say(ben, '/srebot silence team=db 1h');
	await see(message(ben, 'this asks for a second factor not older than 10 min'));
});

test('it is set up with its first code', async () => {
	await ben.getByRole('button', { name: '2FA' }).click();
	await factor().getByRole('button', { name: 'Set one up' }).click();
	await see(factor().getByText('otpauth://totp/'));
	secret = (await factor().locator('pre').innerText()).replaceAll(' ', '');
	await factor().getByLabel('The code that it shows').fill('000000');
	await factor().getByRole('button', { name: 'Confirm' }).click();
	await see(factor().getByRole('alert').filter({ hasText: 'that code is wrong' }));
	await factor().getByLabel('The code that it shows').fill(totp());
	await factor().getByRole('button', { name: 'Confirm' }).click();
	await see(factor().getByText('each of which counts once'));
	assert.equal((await factor().locator('pre').innerText()).trim().split('\n').length, 10);
	await factor().getByRole('button', { name: 'I have kept them' }).click();
	await say(ben, '/srebot silence team=db 1h');
	await see(message(ben, 'Silence '));
});

test('it is given, and taken away', async () => {
	await ben.getByRole('button', { name: '2FA' }).click();
	await see(factor().getByText('for this login'));
	await see(factor().getByText('10 recovery codes are left'));
	await factor().getByLabel('Code').fill(totp(1));
	await factor().getByRole('button', { name: 'Take it away' }).click();
	await see(factor().getByText('You have none yet'));
});
