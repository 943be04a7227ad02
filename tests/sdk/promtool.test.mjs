// Debian's promtool reads /metrics and has nothing to say against it.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { missing, run } from './counterparts.mjs';
import { daemon } from './daemon.mjs';

const skip = missing('promtool', 'prometheus');
let d;
before(async () => { d = skip ? null : await daemon(['--clock', '2026-03-02T02:00:00Z']); });
after(() => d?.stop());

test('promtool check metrics', { skip }, async () => {
	await fetch(`${d.url}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '[{"labels":{"alertname":"DiskFull"}}]' });
	const answer = await fetch(`${d.url}/metrics`);
	assert.match(answer.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
	const text = await answer.text();
	assert.match(text, /^opsroom_alerts_active 1$/m);
	const { code, out, err } = await run('promtool', ['check', 'metrics'], text);
	assert.equal(code, 0, `${err}${out}`);
	assert.equal(`${err}${out}`, '', 'no advice either');
});
