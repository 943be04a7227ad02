// Debian's Alertmanager 0.25 and opsroom are asked the same: what they answer about silences is the same, but for ids and times.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missing } from './counterparts.mjs';
import { daemon, until } from './daemon.mjs';

const skip = missing('prometheus-alertmanager', 'prometheus-alertmanager');
const freePort = () => new Promise((resolve) => { const s = createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => resolve(port)); }); });
let d, dir, child, theirs, ours;

before(async () => {
	if (skip) return;
	dir = mkdtempSync(join(tmpdir(), 'opsroom-silences-'));
	const port = await freePort();
	const rules = `inhibit_rules: [{source_matchers: ['alertname="HostDown"'], target_matchers: ['severity="warning"'], equal: [host]}]\n`;
	writeFileSync(join(dir, 'am.yml'), `route: {receiver: all, group_by: [alertname]}\nreceivers: [{name: all}]\n${rules}`);
	writeFileSync(join(dir, 'alerting.yaml'), `route: {receiver: all, group_by: [alertname]}\nreceivers: [{name: all, channel: sre-alerts}]\n${rules}`);
	d = await daemon(['--alerting', join(dir, 'alerting.yaml')]);
	child = spawn('prometheus-alertmanager', [`--config.file=${join(dir, 'am.yml')}`, `--storage.path=${join(dir, 'am')}`, `--web.listen-address=127.0.0.1:${port}`, '--cluster.listen-address='], { stdio: 'ignore' });
	theirs = `http://127.0.0.1:${port}`;
	ours = d.url;
	await until(() => fetch(`${theirs}/-/ready`).then((r) => r.ok, () => false), 'Alertmanager is ready');
});
after(async () => {
	if (skip) return;
	child.kill('SIGTERM');
	await d.stop();
	rmSync(dir, { recursive: true, force: true });
});

async function ask(base, method, path, body, headers = { 'content-type': 'application/json' }) {
	const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
	const r = await fetch(`${base}/api/v2${path}`, { method, body: text, headers }).catch(() => null);
	if (!r) return { status: 0 }; // its connection was closed: the handler of 0.25 panics
	const answer = await r.text();
	let json = answer;
	try { json = JSON.parse(answer); } catch { /* no JSON: the text itself */ }
	if (r.status === 405) json.message = json.message.replace(/\[.*\]/, (list) => list.slice(1, -1).split(',').sort().join()); // they come in any order
	return { status: r.status, type: r.headers.get('content-type'), json };
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
// Ids are numbered as they come, times are only that.
function plain(json, ids) {
	return JSON.parse(JSON.stringify(json), (key, v) => {
		if (typeof v !== 'string') return v;
		if (uuid.test(v)) return ids.get(v) ?? 'id';
		return time.test(v) ? 'time' : v;
	});
}

// A story: each step is [method, path, body]; a step may name ids by what step gave them: $0 is that of the first.
async function play(base, steps, names = new Map()) {
	const ids = [], out = [];
	for (const [method, path, body, headers] of steps) {
		const put = (s) => s.replace(/\$(\d+)/g, (all, n) => ids[n]);
		const answer = await ask(base, method, put(path), body === undefined ? undefined : JSON.parse(put(JSON.stringify(body))), headers);
		const id = answer.json?.silenceID;
		if (id && !names.has(id)) names.set(id, `id ${names.size}`);
		ids.push(id);
		out.push({ ...answer, json: plain(answer.json ?? null, names) });
	}
	return out;
}
async function same(steps, known = () => false) {
	const [a, b] = [await play(theirs, steps), await play(ours, steps)];
	const differ = [];
	for (const [i, step] of steps.entries())
		if (a[i].status === 0) assert.equal(Math.trunc(b[i].status / 100), 4, JSON.stringify(step));
		else if (!known(i, a[i], b[i]))
			try { assert.deepEqual(b[i], a[i]); } catch { differ.push(`${JSON.stringify(step)}\n  Alertmanager ${JSON.stringify(a[i])}\n  opsroom      ${JSON.stringify(b[i])}`); }
	assert.equal(differ.join('\n'), '');
}

const at = (minutes) => new Date(Date.now() + minutes * 60000).toISOString();
const m = (name, value, isRegex = false, isEqual = true) => ({ name, value, isRegex, isEqual });
const silence = (more = {}) => ({ matchers: [m('a', 'b')], startsAt: at(-1), endsAt: at(60), createdBy: 'ann', comment: 'c', ...more });
const without = (key) => { const s = silence(); delete s[key]; return s; };

const start = at(-1), later = at(90);
const story = [
	['POST', '/silences', silence({ startsAt: start })], // 0
	['POST', '/silences', silence({ startsAt: at(30), endsAt: later, matchers: [m('p', 'q', true), m('r', 's', false, false)] })],
	['GET', '/silence/$0'], ['GET', '/silence/$1'], ['GET', '/silences'],
	['GET', '/silences?filter=a%3Db'], ['GET', '/silences?filter=a%3D~b'], ['GET', '/silences?filter=p%3D~%22q%22'], ['GET', '/silences?filter=a%21%3Db'], ['GET', '/silences?filter=r%21%3Ds&filter=p%3D~q'],
	['GET', '/silences?filter=%7Ba'], ['GET', '/silences?filter=a%3D~('], ['GET', '/silences?filter='], ['GET', '/silences?filter=x%3Dy'],
	['DELETE', '/silence/$0'], ['GET', '/silence/$0'], ['DELETE', '/silence/$0'], ['DELETE', '/silence/$1'], ['GET', '/silence/$1'], ['GET', '/silences'],
];
test('made, listed, filtered, ended', { skip }, () => same(story));

const bad = [
	silence({ matchers: [] }), silence({ matchers: [m('a-b', 'c')] }), silence({ matchers: [m('', 'c')] }), silence({ matchers: [m('a:b', 'c')] }),
	silence({ matchers: [m('a', '')] }), silence({ matchers: [m('a', '.*', true)] }), silence({ matchers: [m('a', 'b', false, false)] }),
	silence({ matchers: [m('a', '('  , true)] }), silence({ matchers: [m('a', '[', true)] }), silence({ matchers: [m('x', 'y'), m('a', '*', true)] }),
	silence({ matchers: null }), silence({ matchers: {} }), silence({ matchers: 'a=b' }), silence({ matchers: [1] }), silence({ matchers: [null] }), silence({ matchers: [{}] }),
	silence({ matchers: [{ name: 'a' }] }), silence({ matchers: [{ name: 'a', value: 'b' }] }), silence({ matchers: [{ name: 1, value: 'b', isRegex: false }] }),
	silence({ matchers: [{ name: 'a', value: 'b', isRegex: 'no' }] }), silence({ matchers: [{ name: 'a', value: 'b', isRegex: false, isEqual: 'x' }] }),
	silence({ matchers: [{ name: 'a', value: 2, isRegex: false }] }), silence({ matchers: [{ name: null, value: 'b', isRegex: false }] }),
	silence({ endsAt: at(-60) }), silence({ startsAt: at(-60), endsAt: at(-30) }), silence({ startsAt: at(60), endsAt: at(30) }), silence({ startsAt: at(30), endsAt: at(30) }),
	silence({ startsAt: 'today' }), silence({ endsAt: 5 }), silence({ endsAt: '' }), silence({ startsAt: null }), silence({ comment: 5 }), silence({ comment: null }), silence({ createdBy: {} }),
	silence({ startsAt: '0001-01-01T00:00:00Z' }), silence({ endsAt: '0001-01-01T00:00:00.000Z' }), silence({ startsAt: '2026-01-01' }),
	without('matchers'), without('startsAt'), without('endsAt'), without('createdBy'), without('comment'),
	silence({ id: '00000000-0000-0000-0000-000000000001' }), silence({ id: 'abc' }), silence({ id: 5 }), silence({ id: '' }),
	{}, [], null, 5,
];
const raw = ['', '{', '{"matchers":', 'x', '{"a":1,}', '[', '"text"'];

test('a body that is no silence is refused with the same status and words', { skip }, async () => {
	// Go's own words for what is no time and no object are not ours: there status and code count.
	await same(bad.map((b) => ['POST', '/silences', b]), (i, a, b) => /parsing time|struct \{ ID/.test(a.json?.message) && a.status === b.status && a.json.code === b.json.code);
});
test('so is one that is no JSON, of another type, or empty', { skip }, async () => {
	for (const text of raw) {
		const [a, b] = [await ask(theirs, 'POST', '/silences', text), await ask(ours, 'POST', '/silences', text)];
		assert.equal(b.status, a.status, `${text}: ${JSON.stringify([a, b])}`);
		assert.equal(b.json?.code, a.json?.code, `${text}: ${JSON.stringify([a, b])}`);
	}
	await same([['POST', '/silences', silence(), { 'content-type': 'text/plain' }], ['PUT', '/silences', silence()], ['POST', '/silence/x', silence()], ['PATCH', '/alerts', {}]]);
});
test('ids: wrong, unknown, in capitals', { skip }, async () => {
	await same([
		['GET', '/silence/abc'], ['DELETE', '/silence/abc'], ['GET', '/silence/00000000-0000-0000-0000-000000000001'], ['GET', '/silence/'], ['GET', '/silence'],
		['GET', '/silence/00000000-0000-0000-0000-00000000000g'], ['GET', '/silence/00000000000000000000000000000001'], ['GET', '/silence/a/b'],
	]);
	// 0.25 answers 500 with a sentence, which 0.26 made a 404 (#3352); we say what the newer ones say.
	const [a, b] = [await ask(theirs, 'DELETE', '/silence/00000000-0000-0000-0000-000000000001'), await ask(ours, 'DELETE', '/silence/00000000-0000-0000-0000-000000000001')];
	assert.deepEqual([a.status, b.status], [500, 404]);
});

// What may become what under the same id; the answers' ids are numbered, so an id that stays or changes is seen.
const made = () => at(-1);
test('an update keeps the id or gives a new one', { skip }, async () => {
	const s0 = made(), p0 = at(30);
	await same([
		['POST', '/silences', silence({ matchers: [m('u', '1')], startsAt: s0 })],
		['GET', '/silences?filter=u%3D1'],
	]);
	const rules = async (base) => {
		const out = [];
		const post = async (body) => { const r = await ask(base, 'POST', '/silences', body); return r.json.silenceID ?? r.json; };
		const get = async (id) => (await ask(base, 'GET', `/silence/${id}`)).json;
		const step = async (what, first, change) => {
			const id = await post(first), now = await get(id), next = change(now, id), again = await post(next);
			const before = (await get(id)).status.state, after = uuid.test(again) ? await get(again) : again;
			out.push([what, again === id ? 'the same' : uuid.test(again) ? 'another' : again, before, after.status?.state, after.comment, after.matchers?.length]);
		};
		await step('active: end later', silence({ matchers: [m('u', '2')] }), (s) => ({ ...s, endsAt: at(120), comment: 'longer' }));
		await step('active: end sooner', silence({ matchers: [m('u', '3')] }), (s) => ({ ...s, endsAt: at(1) }));
		await step('active: end now', silence({ matchers: [m('u', '4')] }), (s) => ({ ...s, endsAt: at(-0.1) }));
		await step('active: start earlier', silence({ matchers: [m('u', '5')] }), (s) => ({ ...s, startsAt: at(-10) }));
		await step('active: start later', silence({ matchers: [m('u', '6')] }), (s) => ({ ...s, startsAt: at(10) }));
		await step('active: other matchers', silence({ matchers: [m('u', '7')] }), (s) => ({ ...s, matchers: [m('u', '77')] }));
		await step('active: one more matcher', silence({ matchers: [m('u', '8')] }), (s) => ({ ...s, matchers: [m('u', '8'), m('v', '8')] }));
		await step('pending: start sooner', silence({ matchers: [m('u', '10')], startsAt: p0 }), (s) => ({ ...s, startsAt: at(10) }));
		await step('pending: start past', silence({ matchers: [m('u', '11')], startsAt: p0 }), (s) => ({ ...s, startsAt: at(-10) }));
		await step('pending: comment', silence({ matchers: [m('u', '12')], startsAt: p0 }), (s) => ({ ...s, comment: 'other' }));
		await step('pending: end before start', silence({ matchers: [m('u', '13')], startsAt: p0 }), (s) => ({ ...s, endsAt: at(20) }));
		await step('active: bad matcher', silence({ matchers: [m('u', '14')] }), (s) => ({ ...s, matchers: [m('u', '')] }));
		await step('active: end before start', silence({ matchers: [m('u', '15')] }), (s) => ({ ...s, endsAt: at(-30) }));
		const id = await post(silence({ matchers: [m('u', '16')] }));
		await ask(base, 'DELETE', `/silence/${id}`);
		const again = await post({ ...await get(id), startsAt: at(0), endsAt: at(30) });
		out.push(['expired', again === id, (await get(id)).status.state, (await get(again)).status.state]);
		return out;
	};
	const [a, b] = [await rules(theirs), await rules(ours)];
	// A refused update costs the old silence its life there; here it stays as it was.
	const refused = ([what]) => what === 'active: bad matcher';
	assert.deepEqual([a.find(refused)[2], b.find(refused)[2]], ['expired', 'active']);
	// The order of matchers counts there; here it is the same silence.
	for (const i of a.keys()) if (!refused(a[i])) assert.deepEqual(b[i], a[i]);
});

test('silences come in the same order', { skip }, async () => {
	const list = async (base) => {
		for (const id of (await ask(base, 'GET', '/silences')).json) await ask(base, 'DELETE', `/silence/${id.id}`);
		const order = [[-1, 50], [10, 60], [-1, 40], [5, 61], [-1, 70], [10, 59]];
		for (const [i, [from, to]] of order.entries())
			await ask(base, 'POST', '/silences', silence({ matchers: [m('order', `${i}`)], startsAt: at(from), endsAt: at(to) }));
		return (await ask(base, 'GET', '/silences')).json.map((s) => [s.status.state, s.matchers[0].value]).filter(([state]) => state !== 'expired');
	};
	assert.deepEqual(await list(ours), await list(theirs));
});

test('GET /alerts: active, silenced, inhibited, unprocessed, filter, receiver', { skip }, async () => {
	const labels = [{ alertname: 'HostDown', host: 'a', severity: 'critical' }, { alertname: 'Slow', host: 'a', severity: 'warning' }, { alertname: 'Slow', host: 'b', severity: 'warning' },
		{ alertname: 'Quiet', host: 'b', severity: 'warning' }, { alertname: 'QuietAndInhibited', host: 'a', severity: 'warning' }];
	for (const base of [theirs, ours]) {
		for (const s of (await ask(base, 'GET', '/silences')).json) await ask(base, 'DELETE', `/silence/${s.id}`);
		await ask(base, 'POST', '/silences', silence({ matchers: [m('alertname', 'Quiet.*', true)] }));
		assert.equal((await ask(base, 'POST', '/alerts', labels.map((l) => ({ labels: l, endsAt: at(60) })))).status, 200);
	}
	const look = async (base, query) => {
		const { status, json } = await ask(base, 'GET', `/alerts${query}`);
		return [status, Array.isArray(json) ? json.map((a) => [a.labels.alertname, a.labels.host, a.status.state, a.status.silencedBy.length, a.status.inhibitedBy, a.fingerprint, a.receivers]) : json];
	};
	await until(async () => JSON.stringify(await look(theirs, '')).split('suppressed').length === 4, 'Alertmanager has looked at all of them');
	const flags = ['active', 'silenced', 'inhibited', 'unprocessed'];
	const queries = [];
	for (let i = 0; i < 16; i++) queries.push(`?${flags.map((f, k) => `${f}=${Boolean(i & (1 << k))}`).join('&')}`);
	queries.push('?active=maybe', '?silenced=1', '?inhibited=FALSE', '?active=', '?filter=alertname%3DSlow', '?filter=alertname%3D~%22S.*%22&filter=host%21%3Da', '?filter=%7B', '?filter=', '?receiver=all', '?receiver=al',
		'?receiver=a.*', '?receiver=(', '?filter=host%3D&silenced=false');
	for (const q of queries) assert.deepEqual(await look(ours, q), await look(theirs, q), q);
	for (const q of ['', '?silenced=false', '?inhibited=false&filter=severity%3Dwarning', '?active=false', '?receiver=none']) {
		const groups = async (base) => (await ask(base, 'GET', `/alerts/groups${q}`)).json.map((g) => [g.labels, g.receiver, g.alerts.map((a) => a.fingerprint)]);
		assert.deepEqual(await groups(ours), await groups(theirs), q);
	}
});
