// Requests and their approvals while the daemon is killed again and again: nothing that was answered is lost, and what was approved runs once.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { bin, daemon } from './daemon.mjs';

const kills = 25, requests = 6;

test(`${kills} kills: a request that was answered is there, an approval that was answered holds, each approved call ran exactly once`, async (t) => {
	const dir = mkdtempSync(join(tmpdir(), 'opsroom-killed-')), access = join(dir, 'access.yaml'), file = join(dir, 'cyd.yaml');
	writeFileSync(access, 'rules: |\n  require core:silence need approval 1 of user:cyd\n');
	const d = await daemon(['--access', access]);
	t.after(async () => {
		await d.stop();
		rmSync(dir, { recursive: true, force: true });
	});
	writeFileSync(file, 'users: [{name: cyd, role: responder}]\nchannels: [{name: ops, members: [cyd]}]\ntokens: [{name: cyd, user: cyd}]\n');
	const cyd = JSON.parse(execFileSync(bin, ['provision', '--data', d.data, file], { encoding: 'utf8' })).tokens.cyd.token;
	// null: the daemon went before it answered. A fetch whose connection dies at the wrong moment never says so.
	const say = (line, token) => new Promise((answer) => {
		const given_up = setTimeout(answer, 2000, null);
		d.api('/v1/commands', { body: { line, channel: '#ops' }, token }).then(answer, () => answer(null)).finally(() => clearTimeout(given_up));
	});
	const asked = new Map(), approved = new Set(); // comment -> code, codes whose yes was answered
	let n = 0;
	for (let round = 0; round < kills; round++) {
		const work = [];
		for (let i = 0; i < requests; i++) {
			const comment = `c${n++}`;
			work.push((async () => {
				const answer = await say(`silence team=${comment} 1h ${comment}`, d.token);
				if (!answer) return;
				assert.equal(answer.status, 'held', JSON.stringify(answer));
				const { code } = answer.data.held;
				asked.set(comment, code);
				const yes = await say(`approve ${code}`, cyd);
				if (yes?.ok) approved.add(code);
			})());
		}
		await new Promise((later) => setTimeout(later, (round * 7) % 40));
		await d.kill();
		await Promise.all(work);
		await d.restart();
	}
	const { approvals } = await d.api('/v1/approvals?state=all&limit=1000');
	const byCode = new Map(approvals.map((a) => [a.code, a]));
	assert.equal(byCode.size, approvals.length, 'a code is given once');
	for (const code of asked.values()) assert.ok(byCode.has(code), `${code} was answered and is gone`);
	for (const code of approved) assert.notEqual(byCode.get(code).state, 'pending', `${code} was approved`);
	for (const a of approvals.filter((one) => one.state === 'pending')) assert.equal((await say(`approve ${a.code}`, cyd)).ok, true);
	let left;
	for (let i = 0; i < 400; i++) {
		left = (await d.api('/v1/approvals?state=all&limit=1000')).approvals.filter((a) => a.state !== 'done');
		if (!left.length) break;
		await new Promise((later) => setTimeout(later, 25));
	}
	assert.deepEqual(left, []);
	const { silences } = await d.api('/v1/silences?state=all');
	const count = new Map();
	for (const s of silences) count.set(s.comment, (count.get(s.comment) ?? 0) + 1);
	assert.equal(silences.length, approvals.length);
	for (const [comment, times] of count) assert.equal(times, 1, comment);
	assert.ok(approvals.length > kills, `${approvals.length} requests`);
	const verified = await d.api('/v1/audit/verify', { token: d.adminToken() });
	assert.equal(verified.ok, true, JSON.stringify(verified));
	// each request has one message where it was said, and none has buttons any more
	for (let i = 0; i < 200; i++) {
		const status = await d.api('/v1/status');
		if (!status.outbox.waiting) break;
		await new Promise((later) => setTimeout(later, 25));
	}
	const history = await d.api('/api/conversations.history', { body: { channel: (await d.api('/v1/boot')).channels.find((c) => c.name === 'ops').id, limit: 1000 } });
	for (const a of approvals) {
		const told = history.messages.filter((m) => m.text.includes(`*${a.code}*`));
		assert.equal(told.length, 1, `${a.code} is told ${told.length} times`);
	}
});
