// opsroom(1) against a server that answers what each test says: what it sends, prints, keeps, and ends with.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folder, opsroom, problem, program, server } from './helper.mjs';

const status = { version: '9.9', uptime_ms: 7500000, now: '2026-03-02T02:15:00.000Z', alerts: { firing: 2, acknowledged: 1 },
	outbox: { waiting: 0, oldest_ms: 0 }, store: {}, clients: 4 };
const bearer = (r) => r.headers.authorization;

function dataDir(home, name, url, token) {
	const dir = join(home, name);
	mkdirSync(dir);
	writeFileSync(join(dir, 'daemon.url'), `${url}/\n`);
	writeFileSync(join(dir, 'admin.token'), `${token}\n`);
	return dir;
}

function saved(home, value) {
	mkdirSync(join(home, '.config/opsroom'), { recursive: true });
	writeFileSync(join(home, '.config/opsroom/cli.json'), JSON.stringify(value));
}

test('status is printed for people, and as it came with --json', async (t) => {
	const home = folder(t);
	const s = await server(t, { 'GET /v1/status': status });
	const env = { OPSROOM_URL: s.url, OPSROOM_TOKEN: 'xoxp-1' };
	const plain = await opsroom(home, ['status'], { env });
	assert.equal(plain.code, 0, plain.err);
	assert.match(plain.out, /^server {4}http:.*opsroomd 9\.9, up 2 h 5 min$/m);
	assert.match(plain.out, /^alerts {4}2 firing, 1 acknowledged$/m);
	const json = await opsroom(home, ['--json', 'status'], { env });
	assert.deepEqual(JSON.parse(json.out), status);
	assert.equal(bearer(s.seen[0]), 'Bearer xoxp-1');
});

test('flags come before the environment, that before what login kept, that before ./var', async (t) => {
	const home = folder(t);
	const s = await server(t, { 'GET /v1/status': status });
	dataDir(home, 'var', s.url, 'from-var');
	const other = dataDir(home, 'other', s.url, 'from-data');
	const asked = async (args = [], env = {}) => {
		const run = await opsroom(home, ['status', ...args], { env });
		assert.equal(run.code, 0, run.err);
		return bearer(s.seen.at(-1));
	};
	assert.equal(await asked(), 'Bearer from-var');
	saved(home, { url: s.url, token: 'from-login' });
	assert.equal(await asked(), 'Bearer from-login');
	assert.equal(await asked([], { OPSROOM_DATA: other }), 'Bearer from-data');
	assert.equal(await asked([], { OPSROOM_URL: s.url, OPSROOM_TOKEN: 'from-env', OPSROOM_DATA: other }), 'Bearer from-env');
	assert.equal(await asked(['--data', other], { OPSROOM_TOKEN: 'from-env' }), 'Bearer from-data');
	assert.equal(await asked([`--token=from-flag`, '--data', other], { OPSROOM_TOKEN: 'from-env' }), 'Bearer from-flag');
});

test('a kept token goes to its own server and to no other', async (t) => {
	const home = folder(t);
	const mine = await server(t, { 'GET /v1/status': status });
	const other = await server(t, { 'GET /v1/status': status });
	saved(home, { url: mine.url, token: 'secret' });
	dataDir(home, 'var', mine.url, 'secret too');
	const run = await opsroom(home, ['status', '--url', other.url]);
	assert.equal(run.code, 3);
	assert.match(run.err, /not logged in at http/);
	assert.equal(other.seen.length, 0);
});

test('without a server to ask it says so', async (t) => {
	const run = await opsroom(folder(t), ['alerts']);
	assert.equal(run.code, 3);
	assert.match(run.err, /opsroom login/);
});

test('the exit code tells what went wrong', async (t) => {
	const home = folder(t);
	const answers = [[400, 'invalid', 2], [401, 'unauthenticated', 3], [403, 'forbidden', 4], [404, 'not_found', 5], [409, 'conflict', 6],
		[413, 'too_big', 2], [429, 'too_many', 7], [503, 'unavailable', 7], [507, 'storage_full', 7], [500, 'internal', 8]];
	let now;
	const s = await server(t, { 'POST /v1/commands': () => problem(now[0], now[1], `it is ${now[1]}`, now[1] === 'too_many' ? { 'retry-after': '7' } : {}) });
	for (now of answers) {
		const run = await opsroom(home, ['--url', s.url, '--token', 'x', 'ack', 'k7f3']);
		assert.equal(run.code, now[2], `${now}: ${run.err}`);
		assert.ok(run.err.startsWith(`opsroom: it is ${now[1]}`), run.err);
		assert.equal(run.out, '');
	}
	now = answers[6];
	const late = await opsroom(home, ['--url', s.url, '--token', 'x', '--json', 'ack', 'k7f3']);
	assert.match(late.err, /try again in 7 s/);
	assert.equal(JSON.parse(late.out).code, 'too_many');
	const gone = await opsroom(home, ['--url', 'http://127.0.0.1:1', '--token', 'x', 'status']);
	assert.equal(gone.code, 7);
});

test('what answers but is no opsroom is told apart', async (t) => {
	const s = await server(t, { 'GET /v1/status': { status: 200, headers: { 'content-type': 'text/html' }, text: '<html>' } });
	const run = await opsroom(folder(t), ['--url', s.url, '--token', 'x', 'status']);
	assert.equal(run.code, 7);
	assert.match(run.err, /is no opsroom/);
});

test('wrong use is refused before anything is sent', async (t) => {
	const home = folder(t);
	const s = await server(t);
	const env = { OPSROOM_URL: s.url, OPSROOM_TOKEN: 'x' };
	for (const [args, words] of [[['akc', 'k7f3'], /did you mean 'ack'/], [['ack'], /usage: opsroom ack <alert>/], [['token'], /second word/],
		[['status', 'now'], /usage/], [['alerts', '--stat', 'all'], /no option '--stat'/], [['alerts', '--state'], /asks for a value/],
		[['post', '--raw=1', '#a', 'b'], /takes no value/], [[], /which command/], [['ack', 'a b'], /not the name of an alert/],
		[['tail', '--count', '0'], /--count/], [['demo', '--channel', 'a: b'], /not the name of a channel/]]) {
		const run = await opsroom(home, args, { env });
		assert.equal(run.code, 2, `${args}: ${run.err}`);
		assert.match(run.err, words);
	}
	assert.equal(s.seen.length, 0);
});

test('alerts stand in columns, and foreign text cannot drive the terminal', async (t) => {
	const home = folder(t);
	const evil = 'disk \u001b]0;owned\u0007 \u009b31m\u202egnp.exe \u007f 100\r\n% full';
	const s = await server(t, { 'GET /v1/alerts': { alerts: [
		{ id: 'k7f3', state: 'firing', severity: 'critical', title: evil, since: new Date(Date.now() - 3600e3).toISOString(), firing: 12 },
		{ id: 'q2', state: 'acknowledged', severity: 'warning', title: '磁盘 full', since: 'x', firing: 1, acked_by_name: 'bén' }] } });
	const env = { OPSROOM_URL: s.url, OPSROOM_TOKEN: 'x' };
	const run = await opsroom(home, ['alerts', '--state', 'a&b', '--limit=3'], { env });
	assert.equal(run.code, 0, run.err);
	assert.deepEqual(s.seen[0].query, { state: 'a&b', limit: '3' });
	const lines = run.out.split('\n');
	assert.equal(lines.length, 4, run.out);
	assert.equal(lines[0], 'ALERT  STATE         SEVERITY  SINCE  FIRING  WHO  TITLE');
	assert.equal(lines[1], 'k7f3   firing        critical  1 h    12           disk \\x1b]0;owned\\x07 \\x9b31m\\u202egnp.exe \\x7f 100 | % full');
	assert.equal(lines[2], 'q2     acknowledged  warning          1       bén  磁盘 full');
	const json = await opsroom(home, ['alerts', '--json'], { env });
	assert.equal(JSON.parse(json.out).alerts[0].title, evil);
	assert.doesNotMatch(json.out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});

test('the error text of a server is made safe too', async (t) => {
	const s = await server(t, { 'GET /v1/status': problem(404, 'not_found', 'no \u001b[2J\nopsroom: all is well') });
	const run = await opsroom(folder(t), ['--url', s.url, '--token', 'x', 'status']);
	assert.equal(run.err, 'opsroom: no \\x1b[2J | opsroom: all is well\n');
});

test('ack, resolve and run send the line; the answer is readable', async (t) => {
	const home = folder(t);
	const s = await server(t, {
		'POST /v1/commands': { ok: true, text: '<https://ops/a|k7f3> is yours, <@U1|ann> &amp; <#C1|sre>: *2* &lt; 3 < 4' },
		'GET /v1/boot': { channels: [{ id: 'C9', name: 'payments', is_member: true }], users: [] },
	});
	const env = { OPSROOM_URL: s.url, OPSROOM_TOKEN: 'x' };
	const lines = () => s.seen.filter((r) => r.path === '/v1/commands').map((r) => JSON.parse(r.body));
	const run = await opsroom(home, ['ack', 'k7f3', 'q2'], { env });
	assert.equal(run.out, 'k7f3 (https://ops/a) is yours, @ann & #sre: *2* < 3 < 4\n'.repeat(2));
	await opsroom(home, ['resolve', 'k7f3'], { env });
	await opsroom(home, ['run', '--channel', '#payments', 'silence', '--for', '2h', '--json', 'x'], { env });
	await opsroom(home, ['run', 'alerts | count'], { env });
	await opsroom(home, ['run', 'silence', 'k7f3', '2h', '--reason=a b', 'say "x" -- “y”'], { env });
	assert.deepEqual(lines(), [{ exact: 'ack k7f3' }, { exact: 'ack q2' }, { exact: 'resolve k7f3' },
		{ exact: 'silence --for 2h --json x', channel: 'C9' }, { line: 'alerts | count' },
		{ exact: 'silence k7f3 2h --reason="a b" "say \\"x\\" -- “y”"' }]);
});

test('login makes a token and keeps that alone; logout revokes it', async (t) => {
	const home = folder(t);
	const s = await server(t, {
		'POST /v1/login': (r) => (JSON.parse(r.body).password === 'pa ss"w' ? { status: 200, text: '{"name":"ann","role":"admin"}',
			headers: { 'set-cookie': 'opsroom_session=s3ss; HttpOnly; SameSite=Strict' } } : problem(401, 'unauthenticated', 'no such user or password')),
		'POST /v1/tokens': { id: 'K/1', name: 'x', token: 'xoxp-new' },
		'POST /v1/logout': {},
		'DELETE /v1/tokens/K%2F1': {},
	});
	const wrong = await opsroom(home, ['login', '--url', s.url, '--user', 'ann'], { input: 'wrong\n' });
	assert.equal(wrong.code, 3);
	assert.equal(existsSync(join(home, '.config')), false);
	const run = await opsroom(home, ['login', '--url', `${s.url}/`], { input: 'ann\npa ss"w' });
	assert.equal(run.code, 0, run.err);
	assert.match(run.out, /as ann$/m);
	const file = join(home, '.config/opsroom/cli.json');
	assert.equal(statSync(file).mode & 0o777, 0o600);
	assert.equal(statSync(join(home, '.config/opsroom')).mode & 0o777, 0o700);
	assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { url: s.url, token: 'xoxp-new', token_id: 'K/1', user: 'ann' });
	const [login, made, end] = s.seen.slice(1);
	assert.equal(login.headers['x-opsroom'], 'console');
	assert.equal(made.headers.cookie, 'opsroom_session=s3ss');
	assert.deepEqual(JSON.parse(made.body).scopes, ['admin']);
	assert.equal(end.path, '/v1/logout');
	const out = await opsroom(home, ['logout']);
	assert.equal(out.code, 0, out.err);
	assert.equal(bearer(s.seen.at(-1)), 'Bearer xoxp-new');
	assert.equal(s.seen.at(-1).method, 'DELETE');
	assert.equal(existsSync(file), false);
});

test('login keeps a given token only if it is good', async (t) => {
	const home = folder(t);
	const s = await server(t, { 'GET /v1/me': (r) => (bearer(r) === 'Bearer good' ? { name: 'ben' } : problem(401, 'unauthenticated', 'no')) });
	const bad = await opsroom(home, ['login', '--url', s.url, '--token', 'bad']);
	assert.equal(bad.code, 3);
	const run = await opsroom(home, ['login', '--url', s.url, '--token', 'good'], { env: { XDG_CONFIG_HOME: join(home, 'xdg') } });
	assert.equal(run.code, 0, run.err);
	assert.equal(JSON.parse(readFileSync(join(home, 'xdg/opsroom/cli.json'), 'utf8')).token, 'good');
});

test('post says what was typed, or what comes in', async (t) => {
	const home = folder(t);
	const s = await server(t, {
		'GET /v1/boot': { channels: [{ id: 'C1', name: 'sre-alerts', is_member: true }, { id: 'D1', is_im: true, user: 'U2' }], users: [{ id: 'U2', name: 'ben' }] },
		'POST /api/chat.postMessage': (r) => (JSON.parse(r.body).text === 'full' ? { ok: false, error: 'not_in_channel' } : { ok: true, ts: '1700000000.000100' }),
		'POST /api/conversations.open': { ok: true, channel: { id: 'D1' } },
	});
	const env = { OPSROOM_URL: s.url, OPSROOM_TOKEN: 'x' };
	const posted = () => JSON.parse(s.seen.at(-1).body);
	const run = await opsroom(home, ['post', '#sre-alerts', 'a', '<b>', '&', '--json'], { env });
	assert.equal(run.out, '1700000000.000100\n');
	assert.deepEqual(posted(), { channel: 'C1', text: 'a &lt;b&gt; &amp; --json' });
	await opsroom(home, ['post', '--thread', '17.1', '--raw', 'C1', '<@U2>'], { env });
	assert.deepEqual(posted(), { channel: 'C1', text: '<@U2>', thread_ts: '17.1' });
	await opsroom(home, ['post', '@ben', '-'], { env, input: `${'line ä\n'.repeat(2000)}\n\n` });
	assert.equal(posted().channel, 'D1');
	assert.equal(posted().text, 'line ä\n'.repeat(2000).trimEnd());
	const big = await opsroom(home, ['post', 'C1', '-'], { env, input: 'x'.repeat(2 ** 20 + 1) });
	assert.equal(big.code, 2);
	const refused = await opsroom(home, ['post', 'C1', 'full'], { env });
	assert.equal(refused.code, 4);
	assert.match(refused.err, /not_in_channel/);
	const nowhere = await opsroom(home, ['post', 'nowhere', 'x'], { env });
	assert.equal(nowhere.code, 5);
});

const boot = { self: { user_id: 'U1', name: 'ann' }, users: [{ id: 'U1', name: 'ann' }, { id: 'U2', name: 'ben' }],
	channels: [{ id: 'C1', name: 'sre', is_member: true }, { id: 'C2', name: 'dev', is_member: true }, { id: 'C3', name: 'far', is_member: false }] };
const message = (channel, seq, event) => ({ type: 'event', channel, seq, event: { type: 'message', ts: `17000000${seq}.000100`, user: 'U2', ...event } });

test('tail goes on where it was after the connection was lost', async (t) => {
	const resumes = [];
	const s = await server(t, { 'GET /v1/boot': boot }, (socket, request) => {
		assert.equal(request.headers.authorization, 'Bearer x');
		const send = (...frames) => frames.forEach((f) => socket.send(JSON.stringify(f)));
		socket.on('message', (data) => {
			const resume = JSON.parse(data);
			resumes.push(resume.channels);
			if (resumes.length === 1) {
				send({ type: 'hello', user: 'U1', channels: { C1: 40, C2: 7 } }, message('C1', 41, { text: 'one\nline &lt;2' }),
					message('C2', 8, { text: 'not asked for' }), { type: 'typing', channel: 'C1', user: 'U2' });
				socket.terminate();
			} else {
				send({ type: 'hello', user: 'U1', channels: { C1: 43, C2: 9 } }, message('C1', 41, { text: 'twice' }),
					message('C1', 42, { text: 'missed', user: undefined, username: 'Alertmanager' }),
					message('C1', 43, { text: 'answer', thread_ts: '1.0' }),
					{ type: 'event', channel: 'C1', seq: 44, event: { type: 'message', subtype: 'message_changed', message: { ts: '1700000042.000100', user: 'U2', text: 'missed', reply_count: 1 } } },
					{ type: 'event', channel: 'C1', seq: 45, event: { type: 'message', subtype: 'message_changed', message: { ts: '1700000042.000100', user: 'U2', text: 'mended' } } },
					{ type: 'event', channel: 'C1', seq: 46, event: { type: 'message', subtype: 'message_deleted', deleted_ts: '1700000042.000100' } });
			}
		});
	});
	const run = await opsroom(folder(t), ['--url', s.url, '--token', 'x', 'tail', '#sre', '--count', '5'], { env: { TZ: 'UTC' } });
	assert.equal(run.code, 0, run.err);
	assert.deepEqual(run.out.trimEnd().split('\n').map((l) => l.replace(/^\d\d:\d\d:\d\d /, '')),
		['#sre   ben: one | line <2', '#sre   Alertmanager: missed', '#sre > ben: answer', '#sre ~ ben: mended', '#sre x (deleted)']);
	assert.match(run.out, /^22:14:01 /);
	assert.deepEqual(resumes, [{}, { C1: 41, C2: 8 }]);
	assert.match(run.err, /listening to 1 channel\n/);
});

test('tail --json prints the events; a reset moves it on', async (t) => {
	const s = await server(t, { 'GET /v1/boot': boot }, (socket) => socket.on('message', () => {
		for (const f of [{ type: 'hello', user: 'U1', channels: { C1: 1 } }, { type: 'reset', channel: 'C1', seq: 900 }, message('C1', 900, { text: 'old' }),
			message('C1', 901, { text: 'new' })]) socket.send(JSON.stringify(f));
	}));
	const run = await opsroom(folder(t), ['--url', s.url, '--token', 'x', 'tail', '--json', '--count=1']);
	assert.equal(run.code, 0, run.err);
	assert.deepEqual(JSON.parse(run.out), message('C1', 901, { text: 'new' }));
});

test('tail ends when the token is no longer good, and needs a channel that one is in', async (t) => {
	const home = folder(t);
	const s = await server(t, { 'GET /v1/boot': boot }, (socket) => socket.on('message', () => {
		socket.send(JSON.stringify({ type: 'hello', user: 'U1', channels: { C1: 1 } }));
		socket.send(JSON.stringify({ type: 'bye', reason: 'logged_out' }));
		socket.close();
	}));
	const env = { OPSROOM_URL: s.url, OPSROOM_TOKEN: 'x' };
	assert.equal((await opsroom(home, ['tail'], { env })).code, 3);
	assert.equal((await opsroom(home, ['tail', 'far'], { env })).code, 4);
	assert.equal((await opsroom(home, ['tail', 'nope'], { env })).code, 5);
});

test('audit search turns the pages, audit verify says no with exit code 1', async (t) => {
	const home = folder(t);
	const record = (i) => ({ id: String(i), at: '2026-03-02T02:15:00.000Z', actor: 'U1', actor_name: 'ann', action: 'alert.ack', via: 'cli', detail: { alert: `k${i}` }, result: 'ok' });
	let verified = { ok: true, records: 3, chains: 1 };
	const s = await server(t, {
		'GET /v1/audit': (r) => (r.query.before ? { records: [record(1)] } : { records: [record(3), record(2)], next: 'n&2' }),
		'GET /v1/audit/verify': () => verified,
	});
	const env = { OPSROOM_URL: s.url, OPSROOM_TOKEN: 'x' };
	const run = await opsroom(home, ['audit', 'search', '--since', '2h', '--until', '2026-03-02T03:00:00Z', '--actor', 'ann', 'two', 'words'], { env });
	assert.equal(run.code, 0, run.err);
	assert.match(run.out, /^2026-03-02T02:15:00 {2}ann {2}alert\.ack {2}cli {2}ok {6}\{"alert":"k3"\}$/m);
	assert.equal(run.out.trimEnd().split('\n').length, 4);
	const { since, ...query } = s.seen[0].query;
	assert.ok(Math.abs(Date.now() - 7200e3 - Date.parse(since)) < 600e3, since);
	assert.deepEqual(query, { q: 'two words', actor: 'ann', until: '2026-03-02T03:00:00Z', limit: '50' });
	assert.equal(s.seen[1].query.before, 'n&2');
	assert.equal((await opsroom(home, ['audit', 'verify'], { env })).code, 0);
	verified = { ok: false, bad: [{ home: 'C1', seq: 17, why: 'the hash does not fit' }] };
	const bad = await opsroom(home, ['audit', 'verify'], { env });
	assert.equal(bad.code, 1);
	assert.equal(bad.out, 'chain C1, record 17: the hash does not fit\n');
});

test('tokens are made, listed and revoked', async (t) => {
	const home = folder(t);
	const s = await server(t, {
		'POST /v1/tokens': { id: 'K1', name: 'ci', token: 'xoxp-secret' },
		'GET /v1/tokens': { tokens: [{ id: 'K1', name: 'ci', user: 'ann', scopes: ['read', 'write'], created: new Date(Date.now() - 60e3).toISOString() }] },
		'DELETE /v1/tokens/K1': {},
	});
	const env = { OPSROOM_URL: s.url, OPSROOM_TOKEN: 'x' };
	const made = await opsroom(home, ['token', 'create', 'ci', '--scopes', 'read, write', '--user', 'ben'], { env });
	assert.equal(made.out, 'xoxp-secret\n'); // alone, so that a script can take it
	assert.deepEqual(JSON.parse(s.seen[0].body), { name: 'ci', user: 'ben', scopes: ['read', 'write'] });
	assert.match((await opsroom(home, ['token', 'list'], { env })).out, /^K1 {2}ci {4}ann {3}read,write {2}1 min ago {2}never$/m);
	assert.equal((await opsroom(home, ['token', 'revoke', 'K1'], { env })).code, 0);
});

test('demo provisions a source, and sends it what an Alertmanager would', async (t) => {
	const posted = [];
	const alert = { id: 'k7f3', state: 'firing', source: 'demo', labels: { alertname: 'CheckoutSlow' } };
	const s = await server(t, {
		'POST /v1/provision': () => ({ sources: { demo: { url: `${s.url}/hooks/alertmanager/key` } } }),
		'POST /hooks/alertmanager/key': (r) => {
			posted.push(JSON.parse(r.body));
			return {};
		},
		'GET /v1/alerts': (r) => ({ alerts: r.query.state === 'all' ? [{ ...alert, id: 'q2' }, { ...alert, state: 'resolved', acked_by_name: 'ann' }]
			: [{ ...alert, id: 'no', source: 'other' }, alert] }),
	});
	const run = await opsroom(folder(t), ['--url', s.url, '--token', 'x', 'demo', '--fast', '--channel', '#payments']);
	assert.equal(run.code, 0, run.err);
	assert.match(run.out, /^1\. CheckoutSlow fires: alert k7f3 stands in #payments\.\n[^]*opsroom ack k7f3\n2\. Two more[^]*3\. [^\n]* k7f3 is resolved\.\n {3}ann had it/);
	assert.equal(s.seen[0].headers['content-type'], 'application/yaml');
	assert.match(s.seen[0].body, /^sources: .*name: demo, tool: alertmanager, channel: payments/m);
	assert.deepEqual(posted.map((p) => [p.version, p.status, p.alerts.map((a) => a.status).join()]),
		[['4', 'firing', 'firing'], ['4', 'firing', 'firing,firing,firing'], ['4', 'resolved', 'resolved,resolved,resolved']]);
	assert.equal(new Set(posted.map((p) => p.groupKey)).size, 1);
	assert.equal(new Set(posted[2].alerts.map((a) => a.fingerprint)).size, 3);
	assert.equal(posted[2].alerts[0].startsAt, posted[0].alerts[0].startsAt);
	assert.equal(s.seen.filter((r) => r.path.startsWith('/hooks'))[0].headers.authorization, undefined);
});

test('help and manual know every command and option', async (t) => {
	const home = folder(t);
	const [help, man] = await Promise.all([['help'], ['--man']].map((a) => opsroom(home, a)));
	const commands = [...help.out.matchAll(/^ {2}((?:token|audit|mfa|source|routes|rule|import|plugin|secret|app|mail|slack) \w+|[a-z]+)/gm)].map((m) => m[1]);
	assert.ok(commands.length >= 18, help.out);
	for (const command of commands) {
		assert.ok(man.out.includes(`.SS "opsroom ${command}`), command);
		const own = await opsroom(home, [...command.split(' '), '--help']);
		assert.equal(own.code, 0);
		assert.ok(own.out.startsWith(`usage: opsroom ${command}`), own.out);
	}
	assert.match((await opsroom(home, ['--version'])).out, /^opsroom \d+\.\d+\.\d+\n$/);
});

test('output that cannot be written is an error', () => {
	assert.equal(spawnSync('sh', ['-c', `'${program}' version >/dev/full`]).status, 7);
});
