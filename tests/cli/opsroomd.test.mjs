// opsroomd(8): its settings, its signals, and what it tells the service manager.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { daemon, folder, opsroom, opsroomd, root, start } from './helper.mjs';

const password = 'correct horse battery staple';

test('--check says where the file is wrong, and touches nothing', async (t) => {
	const home = folder(t);
	const file = join(home, 'opsroom.yaml');
	const check = (text, ...args) => {
		writeFileSync(file, text);
		return opsroomd(home, ['--check', '--config', file, ...args]);
	};
	const good = await check('body_max: 1M\nlog_level: debug\n', '--head-deadline=5s');
	assert.equal(good.code, 0, good.err);
	assert.equal(good.out, 'opsroomd: the configuration is good\n');
	for (const [text, args, words] of [
		['\nlisten_on: 127.0.0.1:1\n', [], `opsroomd: ${file}: line 2: there is no setting "listen_on"; did you mean listen?\n`],
		['body_max: 5G\n', [], `opsroomd: ${file}: line 1: body_max takes a size from 64K to 4M, such as 4M; not "5G"\n`],
		['a: [\n', [], /opsroom\.yaml: line 2: /],
		['', ['--queue-max', '7'], /^opsroomd: --queue-max: queue_max takes a number from 100 to 1000000/],
		['', ['--queue-mx', '7'], /^opsroomd: --queue-mx is no option; see: opsroomd --help\n/],
		['', ['--listen'], /^opsroomd: --listen asks for a value/],
		['tls_certificate: a.pem\ntls_key: b.pem\n', [], /^opsroomd: a\.pem: /],
		['', ['start'], /^opsroomd: start is not understood/],
	]) {
		const run = await check(text, ...args);
		assert.equal(run.code, 2, `${text} ${args}: ${run.err}`);
		if (words instanceof RegExp) assert.match(run.err, words);
		else assert.equal(run.err, words);
		assert.equal(run.out, '');
	}
	const none = await opsroomd(home, ['--check', '--config', join(home, 'nowhere.yaml')]);
	assert.equal(none.code, 5);
	assert.throws(() => statSync(join(home, 'var')));
});

test('--check and the start compile the sources of the folder', async (t) => {
	const home = folder(t);
	const own = join(home, 'own');
	const check = () => opsroomd(home, ['--check', '--sources-dir', own]);
	assert.equal((await check()).code, 5);
	mkdirSync(own);
	writeFileSync(join(own, 'builds.yaml'), 'tool: builds\nprogram: |\n  object | {title: .job, key: [.job]}\n');
	const good = await check();
	assert.equal(good.code, 0, good.err);
	writeFileSync(join(own, 'checks.yaml'), 'tool: checks\ntitle: Checks\nprogram: |\n  object\n  | {title: .job,\n');
	for (const args of [['--check'], ['--data', join(home, 'data'), '--listen', '127.0.0.1:0']]) {
		const run = await opsroomd(home, [...args, '--sources-dir', own]);
		assert.equal(run.code, 2, args.join(' '));
		assert.match(run.err, new RegExp(`^opsroomd: ${join(own, 'checks.yaml')}: line 5: syntax error`));
	}
});

test('sources_dir is taken up and given up at SIGHUP; the service manager is told when the sources are in force', async (t) => {
	const home = folder(t);
	const file = join(home, 'opsroom.yaml'), own = join(home, 'own');
	mkdirSync(own);
	writeFileSync(file, '');
	writeFileSync(join(own, 'builds.yaml'), 'tool: builds\nprogram: |\n  object | {title: .job, key: [.job]}\n');
	const m = await manager(t, home);
	const d = await daemon(t, home, ['--config', file], { env: { NOTIFY_SOCKET: m.path } });
	await m.says(/^<READY=1>$/m);
	const hup = (text) => {
		writeFileSync(file, text);
		d.child.kill('SIGHUP');
	};
	writeFileSync(join(home, 'p.yaml'), 'sources: [{name: ci, tool: builds, channel: general}]\n');
	const provision = () => opsroomd(home, ['provision', '--data', d.data, 'p.yaml']);
	assert.equal((await provision()).code, 2);
	hup(`sources_dir: ${own}\n`);
	await m.says(/<RELOADING=1\nMONOTONIC_USEC=\d+>\n<READY=1>\n/);
	assert.match(d.err, / info daemon\.reload changed=sources_dir\n.* info daemon\.sources dir=\S+\/own sources=1\n/);
	const run = await provision();
	assert.equal(run.code, 0, run.err);
	hup('');
	await d.prints(/ info daemon\.sources dir="" sources=0\n/, 'err');
	assert.equal((await provision()).code, 2);
});

test('a program of the folder that does not end, or dies, holds up nobody for long', async (t) => {
	const home = folder(t), own = join(home, 'own');
	mkdirSync(own);
	writeFileSync(join(own, 'loop.yaml'), 'tool: loop\nprogram: |\n  def f: f;\n  if .loop then f elif .list then [repeat("x")] else {title: .job, key: [.job]} end\n');
	const d = await daemon(t, home, ['--sources-dir', own]);
	writeFileSync(join(home, 'p.yaml'), 'sources: [{name: ci, tool: loop, channel: general}, {name: checks, tool: generic, channel: general}]\n');
	const made = await opsroomd(home, ['provision', '--data', d.data, 'p.yaml']);
	assert.equal(made.code, 0, made.err);
	const sources = JSON.parse(made.out).sources;
	const post = async (name, body) => {
		const r = await fetch(d.url + new URL(sources[name].url).pathname, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
		return { status: r.status, ...await r.json() };
	};
	const kin = () => readdirSync(`/proc/${d.child.pid}/task`).flatMap((task) =>
		readFileSync(`/proc/${d.child.pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number));
	assert.equal((await post('ci', { job: 'shop' })).changed, 1);
	assert.equal(kin().length, 1);
	process.kill(kin()[0], 'SIGKILL');
	assert.equal((await post('checks', { title: 'between' })).changed, 1);
	assert.equal((await post('ci', { job: 'cart' })).changed, 1);
	for (const body of [{ loop: true }, { list: true }, { loop: true }]) {
		const refused = await post('ci', body);
		assert.equal(refused.status, 500);
		assert.match(refused.detail, /\/own\/loop\.yaml: the program takes (longer than a second|more than 256 MiB of memory)$/);
		assert.equal((await post('checks', { title: 'between', status: 'ok' })).status, 200);
	}
	const aside = await post('ci', { job: 'till' });
	assert.equal(aside.status, 503);
	assert.match(aside.detail, /loop\.yaml: the program did not get done 3 times in a row and is put aside for a minute$/);
	assert.deepEqual(kin(), []);
	assert.match(d.err, / warn source\.refused source=ci .*takes longer than a second/);
});

test('the example of a configuration is good', async (t) => {
	for (const args of [['--config', join(root, 'etc/opsroom.yaml')], ['--alerting', join(root, 'etc/alerting.yaml')]]) {
		const run = await opsroomd(folder(t), ['--check', ...args]);
		assert.equal(run.code, 0, run.err);
	}
});

test('the limits of the settings hold', async (t) => {
	const home = folder(t);
	const d = await daemon(t, home, ['--head-max', '1K', '--body-max', '64K', '--head-deadline', '1s', '--login-failures-max', '2',
		'--session-life', '1h']);
	const post = (path, body) => fetch(d.url + path, { method: 'POST', body });
	assert.equal((await fetch(d.url, { headers: { 'x-long': 'x'.repeat(2000) } })).status, 431);
	assert.equal((await post('/v1/login', 'x'.repeat(65537))).status, 413);
	const slow = await new Promise((done, bad) => {
		const socket = connect(new URL(d.url).port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\n'));
		let answer = '';
		socket.setEncoding('utf8').on('data', (text) => { answer += text; }).on('end', () => done(answer)).on('error', bad);
	});
	assert.match(slow, /^HTTP\/1\.1 408 /);
	writeFileSync(join(home, 'people.yaml'), `users: [{name: ann, password: ${password}}]\n`);
	assert.equal((await opsroomd(home, ['provision', '--data', d.data, 'people.yaml'])).code, 0);
	const login = await post('/v1/login', JSON.stringify({ user: 'ann', password }));
	assert.match(login.headers.get('set-cookie'), /; Max-Age=3600/);
	const codes = [];
	let last;
	for (let i = 0; i < 3; i++) codes.push((last = await post('/v1/login', JSON.stringify({ user: 'ann', password: 'wrong' }))).status);
	assert.deepEqual(codes, [401, 401, 429]);
	assert.equal(last.headers.get('retry-after'), '600'); // as long as a wrong password counts
});

test('SIGHUP takes over what it may, and says what waits for a restart', async (t) => {
	const home = folder(t);
	const file = join(home, 'opsroom.yaml');
	writeFileSync(file, 'body_max: 64K\n');
	const d = await daemon(t, home, ['--config', file, '--queue-max', '500']);
	const big = async () => (await fetch(`${d.url}/v1/login`, { method: 'POST', body: 'x'.repeat(70000) })).status;
	const hup = (text, pattern) => {
		writeFileSync(file, text);
		d.child.kill('SIGHUP');
		return d.prints(pattern, 'err');
	};
	assert.equal(await big(), 413);
	await hup('body_max: 1M\nqueue_max: 1000\nsession_life: 1d\n', /warn daemon\.reload changed=body_max restart=session_life\n/);
	assert.equal(await big(), 400);
	await hup('body_max: 1\n', /error daemon\.reload error=".*opsroom\.yaml: line 1: body_max takes /);
	assert.equal(await big(), 400);
	await hup('body_max: 64K\nlog_level: debug\n', /info daemon\.reload changed="log_level body_max"\n/);
	assert.equal(await big(), 413);
	await d.prints(/ debug http\.request .* status=413/, 'err');
});

// systemd's side of sd_notify(3): a datagram socket. Node has none for files; perl is on every Debian.
function manager(t, home) {
	const path = join(home, 'notify');
	const run = start(home, ['-MSocket', '-e', `$| = 1; socket(S, AF_UNIX, SOCK_DGRAM, 0) or die; bind(S, sockaddr_un($ARGV[0])) or die $!;
		print "listening\\n"; while (defined recv(S, my $said, 4096, 0)) { print "<$said>\\n" }`, path], { command: 'perl' });
	t.after(() => run.child.kill('SIGKILL'));
	return run.prints(/listening/).then(() => ({ path, says: (pattern) => run.prints(pattern) }));
}

test('the service manager is told', async (t) => {
	const home = folder(t);
	const m = await manager(t, home);
	const d = await daemon(t, home, [], { env: { NOTIFY_SOCKET: m.path } });
	await m.says(/^<READY=1>$/m);
	assert.equal((await fetch(`${d.url}/readyz`)).status, 200);
	d.child.kill('SIGHUP');
	await m.says(/<RELOADING=1\nMONOTONIC_USEC=\d+>\n<READY=1>\n/);
	d.child.kill('SIGTERM');
	await m.says(/<STOPPING=1>\n$/);
	assert.equal((await d.done).code, 0);
	assert.match(d.err, / daemon\.drain .*\n(.*\n)* ?.* daemon\.stop reason=signal\n$/);
});

test('the store is its owner\'s alone, also in a directory that is open to all', async (t) => {
	const home = folder(t);
	mkdirSync(join(home, 'data'), { mode: 0o755 });
	const { data } = await daemon(t, home);
	const open = readdirSync(data).filter((name) => statSync(join(data, name)).mode & 0o077);
	assert.deepEqual(open, ['daemon.url']);
});

test('two daemons do not share a data directory', async (t) => {
	const home = folder(t);
	const d = await daemon(t, home);
	assert.equal(readFileSync(join(d.data, 'daemon.url'), 'utf8'), d.url);
	const second = await opsroomd(home, ['--data', d.data, '--listen', '127.0.0.1:0']);
	assert.equal(second.code, 6);
	assert.match(second.err, /is in use by another opsroomd\n$/);
	const same = await opsroomd(home, ['--data', join(home, 'other'), '--listen', new URL(d.url).host]);
	assert.equal(same.code, 6, same.err);
	assert.equal((await opsroom(home, ['--data', d.data, 'status'])).code, 0);
});
