// opsroom mfa against a real daemon: codes are read from standard input, and no argument takes one.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { daemon, folder, opsroom, start } from './helper.mjs';

// RFC 6238. A code of the next half minute counts too, so that two can be given at once.
function totp(secret, later = 0) {
	const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
	const counter = Buffer.alloc(8);
	counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + later));
	const mac = createHmac('sha1', Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)))).update(counter).digest();
	return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

test('a second factor is enrolled, given and taken away', async (t) => {
	const home = folder(t);
	const d = await daemon(t, home);
	const env = { OPSROOM_URL: d.url, OPSROOM_TOKEN: readFileSync(join(d.data, 'admin.token'), 'utf8').trim() };
	const mfa = (...args) => opsroom(home, ['mfa', ...args], { env });

	assert.match((await mfa('status')).out, /^No second factor: opsroom mfa enrol makes one\n$/);
	const none = await opsroom(home, ['mfa', 'stepup'], { env, input: '123456\n' });
	assert.equal(none.code, 6);
	assert.match(none.err, /you have no second factor yet/);

	const enrol = start(home, ['mfa', 'enrol'], { env, input: null });
	const secret = /^ {2}([A-Z2-7]{32})\n {2}otpauth:\/\/totp\//m.exec(await enrol.prints(/otpauth:.*\n/))[1];
	enrol.child.stdin.end(`${totp(secret)}\n`);
	const { out, code } = await enrol.done;
	assert.equal(code, 0);
	const recovery = [...out.matchAll(/^ {2}([a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4})$/gm)].map((m) => m[1]);
	assert.equal(new Set(recovery).size, 10);
	assert.match((await mfa('status')).out, /^A second factor, with 10 recovery codes left; a code was given with this token /);

	const wrong = await opsroom(home, ['mfa', 'stepup'], { env, input: 'nonsense\n' });
	assert.equal(wrong.code, 4);
	assert.match(wrong.err, /that code is wrong/);
	assert.equal((await opsroom(home, ['mfa', 'stepup'], { env, input: `${totp(secret, 1)}\n` })).code, 0);
	assert.equal((await mfa('stepup', '123456')).code, 2); // never an argument
	assert.equal((await opsroom(home, ['mfa', 'reset'], { env, input: `${recovery[0].toUpperCase()}\n` })).code, 0);
	assert.match((await mfa('status')).out, /^No second factor/);
	const trail = JSON.parse((await opsroom(home, ['audit', 'search', '--json', '--action', 'mfa.reset'], { env })).out);
	assert.equal(trail.records.length, 1);
	assert.ok(!JSON.stringify(trail).includes(recovery[0]));
});
