// opsroom source deliveries, delivery, replay: against a real daemon, and against one that says what a test says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { daemon, folder, opsroom, server } from './helper.mjs';

const alert = [{ labels: { alertname: 'DbDown', severity: 'critical' }, annotations: { summary: 'Db is down' } }];
const post = (url, path, body, type = 'application/json') => fetch(url + path, { method: 'POST', body, headers: { 'content-type': type, 'x-trace': 't-1' } });

test('what came is listed, shown and sent once more', async (t) => {
	const home = folder(t);
	const d = await daemon(t, home);
	const ask = (...args) => opsroom(home, ['--data', d.data, 'source', ...args]);
	assert.match((await ask('deliveries')).out, /No sources\./);
	assert.equal((await post(d.url, '/api/v2/alerts', JSON.stringify(alert))).status, 200);
	assert.equal((await post(d.url, '/api/v2/alerts', '{')).status, 400);
	assert.equal((await post(d.url, '/hooks/pingdom/nobody-has-this-key-at-all', '{}')).status, 401);

	const all = await ask('deliveries');
	assert.equal(all.code, 0, all.err);
	assert.match(all.out, /^api +alertmanager +2 +1 +\S.* ago +JSON, line 1/m);
	assert.match(all.out, /^- +1 +1 +\S.* ago +this key is not known/m);
	assert.match((await ask('deliveries', '-')).out, /^\d+ +\S.* ago +1 +401 +127\.0\.0\.1 +2 +this key is not known/m);

	const list = await ask('deliveries', 'api');
	assert.match(list.out, /^\d+ +\S.* ago +1 +400 +127\.0\.0\.1 +1 +JSON, line 1.*\n\d+ +\S.* ago +1 +200 +127\.0\.0\.1 +\d+ +1 alert, 1 changed something$/m);
	const { deliveries } = JSON.parse((await ask('deliveries', 'api', '--json')).out);
	assert.deepEqual(deliveries.map((one) => one.status), [400, 200]);

	const one = await ask('delivery', deliveries[1].id);
	assert.equal(one.code, 0, one.err);
	assert.match(one.out, /^became {4}firing critical: Db is down$/m);
	assert.match(one.out, /^POST \/api\/v2\/alerts$/m);
	assert.match(one.out, /^x-trace: t-1$/m);
	assert.ok(one.out.includes(`\n\n${JSON.stringify(alert)}\n`), one.out);

	const again = await ask('replay', deliveries[1].id);
	assert.deepEqual([again.code, again.out], [0, 'Taken (200): 1 alert, nothing changed\n'], again.err);
	const refused = await ask('replay', deliveries[0].id);
	assert.equal(refused.code, 1, refused.err);
	assert.match(refused.out, /^Refused \(400\): JSON, line 1/);
	assert.equal((await ask('replay', '12345')).code, 5);
	assert.equal((await ask('deliveries', 'nobody')).code, 5);
});

test('what a tool sent cannot drive the terminal', async (t) => {
	const evil = 'a\u001b]0;owned\u0007b';
	const s = await server(t, { 'GET /v1/deliveries/7': { source: 'a\u001b[2J', at: 'x', from: 'y', status: 200, alerts: 0, changed: 0, method: 'POST', path: '/', query: '',
		headers: [{ name: 'X', value: evil }], body: `${evil}\nsecond`, events: [{ status: 'firing', severity: 'info', title: evil }] } });
	const run = await opsroom(folder(t), ['--url', s.url, '--token', 'x', 'source', 'delivery', '7']);
	assert.equal(run.code, 0, run.err);
	assert.ok(run.out.includes('\nX: a\\x1b]0;owned\\x07b\n\na\\x1b]0;owned\\x07b\nsecond\n'), run.out);
	assert.doesNotMatch(run.out, /[\u0000-\u0009\u000b-\u001f]/);
});
