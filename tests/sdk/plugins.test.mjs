// Plugins end to end: made, checked, installed and enabled by the client, run by the daemon in its sandbox, seen in the chat, in the log and in the audit.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'node:test';
import { WebClient } from '@slack/web-api';
import { bin, cli, daemon, until } from './daemon.mjs';

const WebSocket = createRequire(new URL('../package.json', import.meta.url))('ws');
const sandboxed = spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/usr', '/usr', '--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64', '--symlink', 'usr/bin', '/bin', '/bin/true']).status === 0;
const opts = { skip: !sandboxed && 'bubblewrap makes no namespaces here' };

const manifest = (commands, more = {}) => JSON.stringify({ name: 'kit', version: '1.0.0', contract: 1, summary: 'For tests.', program: './kit', commands, ...more });
const command = (path, more = {}) => ({ path, help: `Does ${path}.`, risk: 'read', examples: [path], rules: ['allow kit:* need role viewer'], ...more });

const script = `#!/bin/sh
cmd=$1; shift
case $cmd in
hello) echo "hello $OPSROOM_USER in $OPSROOM_ROOM"; echo "on stderr" >&2 ;;
rows) echo opsroom/1; for i in 1 2 3; do echo "{\\"row\\":{\\"n\\":$i,\\"host\\":\\"h$i\\"}}"; done; echo '{"button":{"label":"Say hello","command":"kit hello"}}' ;;
many) i=0; while [ $i -lt 2000 ]; do echo "line $i of $OPSROOM_ID"; i=$((i+1)); done ;;
once) echo busy; exit 75 ;;
fail) echo nearly; echo "no such thing" >&2; exit 1 ;;
none) exit 3 ;;
slow) echo started; sleep 60; echo never ;;
deploy) case "$*" in *--dry-run*) echo "would deploy: $*" ;; *) echo "deployed: $*" ;; esac ;;
secret) echo "the key is $(cat $OPSROOM_SECRETS/API_KEY)" ;;
count) python3 -c '
import json, os, socket
s = socket.socket(socket.AF_UNIX); s.connect(os.environ["OPSROOM_SOCKET"]); f = s.makefile("rw")
def ask(**q):
    f.write(json.dumps(q) + "\\n"); f.flush(); return json.loads(f.readline())
print("count", ask(do="incr", key="n")["value"])
print("status", ask(do="run", line="alerts | count")["text"].split()[1])
print("put", ask(do="put", key="n", value=9, version=7)["error"])
' ;;
speak) i=0; while [ $i -lt 80 ]; do echo "word $i"; i=$((i+1)); sleep 0.04; done ;;
later) python3 -c '
import json, os, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(os.environ["OPSROOM_SOCKET"]); f = s.makefile("rw")
f.write(json.dumps({"do": "incr", "key": "later"}) + "\\n"); f.flush(); n = json.loads(f.readline())["value"]
print("try", n, len(json.load(sys.stdin)["rows"]), "rows", flush=True)
sys.exit(75 if n % int(sys.argv[1].split("=")[1]) else 0)
' "$1" ;;
net) python3 -c 'import socket; socket.create_connection(("127.0.0.1", int("$1" or 1)), 1)' ;;
esac
`;

const commands = [
	command('kit hello'), command('kit rows', { produces: 'rows' }), command('kit many'), command('kit fail'), command('kit none'), command('kit slow'),
	command('kit deploy', { risk: 'change', dry_run: true, examples: ['kit deploy web'], args: [{ name: 'app', required: true }], options: [{ name: 'env', values: ['dev', 'prod'], default: 'dev' }] }),
	command('kit secret', { secrets: ['API_KEY'] }), command('kit count'), command('kit speak'), command('kit once', { examples: ['kit once'] }),
	command('kit later', { idempotent: true, consumes: 'rows', risk: 'change', examples: ['kit later --of 2'], options: [{ name: 'of', type: 'int', default: '2' }] }),
	command('kit quick', { timeout: '1s', examples: ['kit quick'] }),
];

async function world(t, { access, options = [] } = {}) {
	const dir = mkdtempSync(join(tmpdir(), 'opsroom-plugins-')), folder = join(dir, 'kit'), plugins = join(dir, 'plugins');
	mkdirSync(folder);
	mkdirSync(plugins);
	chmodSync(dir, 0o755);
	writeFileSync(join(folder, 'plugin.json'), manifest(commands));
	writeFileSync(join(folder, 'kit'), script.replace('slow)', 'quick) sleep 60 ;;\nslow)'));
	chmodSync(join(folder, 'kit'), 0o755);
	const run = (...args) => execFileSync(cli, args, { encoding: 'utf8', env: { ...process.env, HOME: dir } });
	run('plugin', 'install', folder, '--plugins', plugins);
	run('plugin', 'enable', 'kit', '--plugins', plugins);
	if (access) writeFileSync(join(dir, 'access.yaml'), access);
	const d = await daemon(['--plugins-dir', plugins, ...(access ? ['--access', join(dir, 'access.yaml')] : []), ...options]);
	t.after(async () => {
		await d.stop();
		rmSync(dir, { recursive: true, force: true });
	});
	const admin = d.adminToken();
	const said = (line, token = d.token) => d.api('/v1/commands', { body: { line, channel: '#ops' }, token });
	const over = async (code) => {
		for (let i = 0; i < 400; i++) {
			const run = await d.api(`/v1/runs/${code}`);
			if (!['queued', 'running', 'waiting'].includes(run.state)) return run;
			await new Promise((later) => setTimeout(later, 25));
		}
		throw new Error(`${code} does not end: ${d.log}`);
	};
	const ran = async (line) => {
		const r = await said(line);
		assert.equal(r.status, 'running', JSON.stringify(r));
		return over(r.data.run.code);
	};
	const state = (code, wanted) => until(async () => {
		const run = await d.api(`/v1/runs/${code}`);
		return run.state === wanted && run;
	}, `${code} is ${wanted}`);
	const advance = (by) => d.api('/v1/advance', { body: { by }, token: admin });
	const web = new WebClient(d.token, { slackApiUrl: `${d.url}/api/` });
	const history = async () => {
		const { channels } = await web.conversations.list();
		return (await web.conversations.history({ channel: channels.find((c) => c.name === 'ops').id })).messages;
	};
	const shown = async (code) => {
		for (let i = 0; i < 200; i++) {
			const m = (await history()).find((one) => JSON.stringify(one).includes(`*${code}*`) && !/is running|waits for its turn/.test(one.text));
			if (m) return m;
			await new Promise((later) => setTimeout(later, 25));
		}
		throw new Error(`${code} is not told: ${JSON.stringify(await history())}`);
	};
	return { d, dir, run, said, ran, over, state, advance, shown, history, admin, plugins };
}

test('a program runs, its message shows what it said, its log keeps every line, the audit its end', opts, async (t) => {
	const { d, said, ran, shown, admin } = await world(t);
	const run = await ran('kit hello');
	assert.equal(run.state, 'done');
	assert.match(run.shown, /hello ann in ops/);
	const { lines } = await d.api(`/v1/runs/${run.code}/log`);
	assert.deepEqual(lines.map((l) => [l.n, l.stream, l.text]).sort(), [[1, 'out', 'hello ann in ops'], [2, 'err', 'on stderr']].sort());
	const message = await shown(run.code);
	assert.match(message.text, /is done/);
	assert.match(JSON.stringify(message), /hello ann in ops/);
	const { records } = await d.api('/v1/audit?limit=20', { token: admin });
	const end = records.find((r) => r.action === 'kit end');
	assert.equal(end.result, 'done');
	assert.equal(end.detail.run, run.code);
	assert.match(end.detail.digest, /^[0-9a-f]{64}$/);
	assert.equal(end.detail.output, run.output_sha256);
	const start = records.find((r) => r.action === 'kit:hello');
	assert.equal(start.result, 'started');
	assert.match((await said('kit helo')).detail, /Did you mean `kit hello`/);
});

test('exit codes, cancelling and the time limit are told as they are', opts, async (t) => {
	const { d, said, ran, over } = await world(t);
	const fail = await ran('kit fail');
	assert.equal(fail.state, 'failed');
	assert.equal(fail.exit_code, 1);
	assert.match(fail.why, /failed/);
	assert.equal((await ran('kit none')).state, 'done');
	assert.equal((await ran('kit quick')).state, 'timed_out');
	const slow = (await said('kit slow')).data.run.code;
	assert.match((await said('jobs')).text, new RegExp(`${slow}.*kit slow`));
	const cancelled = await said(`job cancel ${slow}`);
	assert.match(cancelled.text, /cancelled/);
	assert.equal((await over(slow)).state, 'cancelled');
	assert.match((await said(`job cancel ${slow}`)).detail, /is over: cancelled/);
	assert.match((await said(`job log ${fail.code}`)).text, /nearly[^]*no such thing/);
});

test('rows go on down the pipe when the program is over; its buttons run commands as who presses', opts, async (t) => {
	const { d, ran, shown } = await world(t);
	const run = await ran('kit rows | where n > 1 | select host');
	assert.equal(run.state, 'done');
	assert.match(run.shown, /host\nh2\nh3/);
	const plain = await ran('kit rows');
	const message = await shown(plain.code);
	const button = message.attachments[0].blocks.find((b) => b.type === 'actions').elements[0];
	assert.equal(button.text.text, 'Say hello');
	const { channels } = await d.api('/v1/boot');
	const pressed = await d.api('/api/blocks.actions', { body: { actions: [button], container: { type: 'message', message_ts: message.ts, channel_id: channels.find((c) => c.name === 'ops').id } } });
	assert.equal(pressed.ok, true, JSON.stringify(pressed));
	const { runs } = await d.api('/v1/runs?plugin=kit&state=all');
	assert.equal(runs[0].command, 'kit hello');
	assert.equal(runs[0].via, 'plugin button');
});

test('an approval shows the dry run, and its yes starts the program', opts, async (t) => {
	const { d, dir, said, over } = await world(t, { access: 'rules: |\n  require kit:deploy when opt.env == "prod" need approval 1 of user:cyd\n' });
	const file = join(dir, 'cyd.yaml');
	writeFileSync(file, 'users: [{name: cyd, role: responder}]\nchannels: [{name: ops, members: [cyd]}]\ntokens: [{name: cyd, user: cyd}]\n');
	const cyd = JSON.parse(execFileSync(bin, ['provision', '--data', d.data, file], { encoding: 'utf8' })).tokens.cyd.token;
	const dev = await said('kit deploy web');
	assert.equal(dev.status, 'running');
	assert.match((await over(dev.data.run.code)).shown, /deployed: --env=dev -- web/);
	const prod = await said('kit deploy web --env=prod');
	assert.equal(prod.status, 'held', JSON.stringify(prod));
	let request;
	for (let i = 0; i < 200 && !request?.preview; i++) {
		request = await d.api(`/v1/approvals/${prod.data.held.code}`);
		await new Promise((later) => setTimeout(later, 25));
	}
	assert.match(request.preview, /would deploy: --dry-run --env=prod -- web/);
	assert.equal((await said(`approve ${request.code}`, cyd)).status, 'done');
	for (let i = 0; i < 200 && !['done', 'failed'].includes(request.state); i++) {
		request = await d.api(`/v1/approvals/${prod.data.held.code}`);
		await new Promise((later) => setTimeout(later, 25));
	}
	assert.equal(request.state, 'done', JSON.stringify(request));
	assert.match(request.outcome, /deployed: --env=prod -- web/);
});

test('the memory, nested commands and secrets, which are masked', opts, async (t) => {
	const { d, run, said, ran } = await world(t);
	assert.match((await ran('kit count')).shown, /count 1[^]*put conflict/);
	assert.match((await ran('kit count')).shown, /count 2/);
	assert.match((await said('kit secret')).detail, /the secret `API_KEY` is not set/);
	execFileSync(cli, ['--data', d.data, 'secret', 'set', 'kit', 'API_KEY'], { input: 'sesame-open-42\n' });
	const told = await ran('kit secret');
	assert.equal(told.state, 'done');
	assert.doesNotMatch(JSON.stringify([told, await d.api(`/v1/runs/${told.code}/log`)]), /sesame/);
	assert.match(execFileSync(cli, ['--data', d.data, 'secret', 'list'], { encoding: 'utf8' }), /kit +API_KEY +plugin/);
	assert.doesNotMatch(d.log, /sesame/);
	void run;
});

test('two hundred at once lose no line', opts, async (t) => {
	const { d, said, over } = await world(t, { options: ['--runs-max', '200'] });
	const codes = (await Promise.all(Array.from({ length: 200 }, () => said('kit many')))).map((r) => r.data.run.code);
	for (const code of codes) {
		const run = await over(code);
		assert.equal(run.state, 'done', JSON.stringify(run));
		assert.equal(run.lines, 2000);
		const { lines } = await d.api(`/v1/runs/${code}/log?limit=5000`);
		assert.equal(lines.length, 2000);
		lines.forEach((l, i) => assert.ok(l.n === i + 1 && l.text === `line ${i} of ${run.id}`, `${code} ${i}: ${l.text}`));
	}
});

test('what was under way when the daemon was killed is unknown, and is not run again', opts, async (t) => {
	const { d, said, shown } = await world(t);
	const slow = (await said('kit slow')).data.run.code;
	for (let i = 0; i < 200 && (await d.api(`/v1/runs/${slow}`)).state !== 'running'; i++) await new Promise((later) => setTimeout(later, 25));
	await d.kill();
	await d.restart();
	const run = await d.api(`/v1/runs/${slow}`);
	assert.equal(run.state, 'unknown');
	assert.match((await shown(slow)).text, /unknown outcome/);
	assert.equal((await d.api('/v1/runs?state=open')).runs.length, 0);
	assert.match((await said(`job cancel ${slow}`)).detail, /is over: unknown/);
});

test('the client follows a program and has its exit code', opts, async (t) => {
	const { d } = await world(t);
	const ok = spawnSync(cli, ['--data', d.data, 'run', 'kit', 'hello'], { encoding: 'utf8' });
	assert.equal(ok.status, 0, ok.stderr);
	assert.match(ok.stdout, /^hello local-admin in $/m);
	assert.equal(spawnSync(cli, ['--data', d.data, 'run', 'kit fail'], { encoding: 'utf8' }).status, 1);
});

for (const lang of ['sh', 'python', 'node'])
	test(`what \`plugin new --lang ${lang}\` makes works as it is`, opts, async (t) => {
		const { d, dir, run, plugins, ran, said, over } = await world(t);
		run('plugin', 'new', 'mine', '--lang', lang, '--dir', join(dir, 'mine'));
		run('plugin', 'check', join(dir, 'mine'));
		const here = (...args) => execFileSync(cli, ['--data', d.data, ...args], { encoding: 'utf8' });
		here('plugin', 'install', join(dir, 'mine'), '--plugins', plugins);
		here('plugin', 'enable', 'mine');
		assert.match(here('plugin', 'list'), /mine/);
		const hello = await ran('mine hello');
		assert.equal(hello.state, 'done', JSON.stringify(hello));
		const { commands: all } = await d.api('/v1/boot');
		const danger = all.find((c) => c.plugin === 'mine' && c.risk === 'danger');
		const line = `${danger.name} ${danger.params.filter((p) => p.required).map(() => 'web').join(' ')}`.trim();
		const held = await said(line);
		assert.equal(held.status, 'held', JSON.stringify(held));
		assert.equal((await said(`confirm ${held.data.held.code}`)).status, 'done');
		let request;
		for (let i = 0; i < 400 && !['done', 'failed'].includes(request?.state); i++) {
			request = await d.api(`/v1/approvals/${held.data.held.code}`);
			await new Promise((later) => setTimeout(later, 25));
		}
		assert.equal(request.state, 'done', JSON.stringify(request));
		here('plugin', 'disable', 'mine');
		assert.match((await said('mine hello')).detail, /there is no command/);
		void over;
	});

test('a program that serves answers many calls in one process, at once', opts, async (t) => {
	const { d, dir, plugins, said, over } = await world(t);
	const folder = join(dir, 'srv');
	mkdirSync(folder);
	writeFileSync(join(folder, 'plugin.json'), JSON.stringify({ name: 'srv', version: '1.0.0', contract: 1, summary: 'Serves.', carrier: 'serve', program: ['python3', './srv.py'],
		commands: [{ path: 'srv add', help: 'Adds.', risk: 'read', examples: ['srv add 1 2'], rules: ['allow srv:* need role viewer'], concurrency: 50, args: [{ name: 'a', type: 'int', required: true }, { name: 'b', type: 'int', required: true }] }] }));
	writeFileSync(join(folder, 'srv.py'), `import json, os, sys
for line in sys.stdin:
    q = json.loads(line)
    if "id" not in q: continue
    print(json.dumps({"id": q["id"], "line": "%d in %d" % (q["args"]["a"] + q["args"]["b"], os.getpid())}))
    print(json.dumps({"id": q["id"], "exit": 0}), flush=True)
`);
	const here = (...args) => execFileSync(cli, ['--data', d.data, ...args], { encoding: 'utf8' });
	here('plugin', 'install', folder, '--plugins', plugins);
	here('plugin', 'enable', 'srv');
	const codes = (await Promise.all(Array.from({ length: 40 }, (_, i) => said(`srv add ${i} 100`)))).map((r) => r.data.run.code);
	const pids = new Set();
	for (const [i, code] of codes.entries()) {
		const run = await over(code);
		const [, sum, pid] = /(\d+) in (\d+)/.exec(run.shown) ?? assert.fail(JSON.stringify(run));
		assert.equal(Number(sum), i + 100);
		pids.add(pid);
	}
	assert.equal(pids.size, 1);
});

const clock = ['--clock', '2026-03-02T02:00:00Z'];

test('one that says "not now" is tried again by itself, as the same run, three times at most', opts, async (t) => {
	const { d, said, state, advance, shown } = await world(t, { options: clock });
	const { code } = (await said('kit later --of=3')).data.run;
	let run = await state(code, 'waiting');
	assert.deepEqual([run.tries, run.again, run.exit_code], [1, '2026-03-02T02:00:10.000Z', undefined]);
	assert.match(JSON.stringify(await shown(code)), /cannot be done now[^]*tries again at[^]*1 of 3[^]*Cancel/);
	assert.match((await said('jobs')).text, new RegExp(`${code}.*waiting`));
	await advance('10s');
	run = await d.api(`/v1/runs/${code}`);
	assert.deepEqual([run.state, run.tries, run.again], ['waiting', 2, '2026-03-02T02:01:10.000Z']);
	await advance('60s');
	run = await d.api(`/v1/runs/${code}`);
	assert.deepEqual([run.state, run.exit_code, run.shown.trim(), run.lines], ['done', 0, 'try 3 0 rows', 3]);
	const { lines } = await d.api(`/v1/runs/${code}/log`);
	assert.deepEqual(lines.map((l) => `${l.n} ${l.text}`), ['1 try 1 0 rows', '2 try 2 0 rows', '3 try 3 0 rows']);
	assert.equal(run.output_sha256, createHash('sha256').update(lines.map((l) => `${l.text}\n`).join('')).digest('hex'));

	const never = (await said('kit later --of=1000')).data.run.code;
	await state(never, 'waiting');
	await advance('10m');
	run = await d.api(`/v1/runs/${never}`);
	assert.deepEqual([run.state, run.exit_code, run.tries, run.lines], ['failed', 75, 3, 4]);
	assert.match(run.why, /cannot be done now/);
	const { records } = await d.api('/v1/audit?limit=50', { token: d.adminToken() });
	assert.deepEqual(records.filter((r) => r.action === 'kit end').map((r) => [r.detail.run, r.result]), [[never, 'failed'], [code, 'done']]);
	assert.equal((await said('kit once')).status, 'running');
	assert.equal((await state((await d.api('/v1/runs?limit=1')).runs[0].code, 'failed')).exit_code, 75, 'it is not idempotent');
});

test('what waits outlives a kill of the daemon, can be cancelled, keeps its rows, and asks again whether it may', opts, async (t) => {
	const { d, run: client, said, state, advance, plugins } = await world(t, { options: clock });
	const { code } = (await said('kit later')).data.run;
	await state(code, 'waiting');
	await d.kill();
	await d.restart();
	assert.equal((await d.api(`/v1/runs/${code}`)).state, 'waiting');
	assert.equal((await d.api('/v1/runs?state=waiting')).runs.length, 1);
	await advance('10s');
	assert.equal((await d.api(`/v1/runs/${code}`)).state, 'done');

	const second = (await said('kit later')).data.run.code;
	await state(second, 'waiting');
	assert.match((await said(`job cancel ${second}`)).text, /cancelled/);
	assert.equal((await d.api(`/v1/runs/${second}`)).state, 'cancelled');
	await advance('10m');
	assert.equal((await d.api(`/v1/runs/${second}`)).lines, 1);

	assert.equal((await said('kit rows | kit later --of=5')).status, 'running'); // the fourth and the fifth try of all
	const piped = (await until(async () => (await d.api('/v1/runs?state=waiting')).runs[0], 'the second of the pipe waits')).code;
	await advance('10s');
	assert.match((await d.api(`/v1/runs/${piped}`)).shown, /try 5 3 rows/);

	const last = (await said('kit later --of=1000')).data.run.code;
	await state(last, 'waiting');
	client('--data', d.data, 'plugin', 'disable', 'kit');
	await advance('10s');
	assert.match((await d.api(`/v1/runs/${last}`)).why, /not tried again: there is no command/);
	void plugins;
});

test('who speaks all the time changes the message once a second at most, and the last word is told', opts, async (t) => {
	const { d, said, over } = await world(t);
	const socket = new WebSocket(`${d.url.replace('http', 'ws')}/stream?token=${d.token}`);
	const changes = [];
	socket.on('message', (raw) => {
		const frame = JSON.parse(raw);
		if (/message_changed/.test(raw)) changes.push(String(raw));
	});
	await new Promise((done, fail) => socket.once('open', done).once('error', fail));
	socket.send(JSON.stringify({ type: 'resume' }));
	const run = await over((await said('kit speak')).data.run.code);
	assert.equal(run.lines, 80);
	const last = () => changes.find((c) => /is done/.test(c));
	await until(last, 'the end is told');
	socket.close();
	assert.match(last(), /word 79/);
	const seconds = (Date.parse(run.ended) - Date.parse(run.started)) / 1000;
	assert.ok(seconds > 3, `${seconds}`);
	assert.ok(changes.length >= 2 && changes.length <= Math.floor(seconds) + 2, `${changes.length} changes in ${seconds} s`); // its start, each second, its end
	assert.equal(changes.at(-1), last(), 'nothing comes behind the end');
});
