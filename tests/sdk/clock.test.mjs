// POST /v1/advance, by which all tests with a virtual clock live.
import { test, after, before } from 'node:test';
import assert from 'node:assert/strict';
import { daemon } from './daemon.mjs';

let d;
before(async () => { d = await daemon(['--clock', '2026-03-02T02:00:00Z']); });
after(() => d.stop());

const advance = (body, of = d) => of.api('/v1/advance', { body, token: of.adminToken() });

test('it answers with the time, which never goes back', async () => {
	assert.deepEqual(await advance({ by: '0s' }), { now: '2026-03-02T02:00:00.000Z' });
	assert.deepEqual(await advance({ by: '1h30m' }), { now: '2026-03-02T03:30:00.000Z' });
	assert.deepEqual(await advance({ to: '2026-03-02T04:00:00Z' }), { now: '2026-03-02T04:00:00.000Z' });
	assert.deepEqual(await advance({ to: '2026-03-02T01:00:00Z' }), { now: '2026-03-02T04:00:00.000Z' });
	assert.equal((await advance({ by: 'a while' })).code, 'invalid');
});

test('who is no admin does not move it', async () => {
	assert.equal((await d.api('/v1/advance', { body: { by: '1h' }, token: d.made.tokens.look.token })).code, 'forbidden');
});

test('two at once: each is answered, none is forgotten', { timeout: 20000 }, async () => {
	const answers = await Promise.all(Array.from({ length: 20 }, () => advance({ by: '1s' })));
	for (const a of answers) assert.ok(a.now || a.code === 'conflict', JSON.stringify(a));
	assert.ok(answers.some((a) => a.now));
});

test('the real clock is nobody\'s to move', async (t) => {
	const real = await daemon();
	t.after(() => real.stop());
	const refused = await advance({ by: '1h' }, real);
	assert.equal(refused.code, 'forbidden');
	assert.match(refused.detail, /start the daemon with --clock/);
});
