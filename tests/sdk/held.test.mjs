// What must be asked first, with programs and pipes around it: a program is nobody who says yes, and what waited runs as it was asked for.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { bin, cli, daemon, until } from './daemon.mjs';

const sandboxed = spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/usr', '/usr', '--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64', '--symlink', 'usr/bin', '/bin', '/bin/true']).status === 0;
const opts = { skip: !sandboxed && 'bubblewrap makes no namespaces here' };

const command = (path, more = {}) => ({ path, help: `Does ${path}.`, risk: 'read', examples: [path], rules: ['allow kit:* need role viewer'], ...more });
const commands = [
	command('kit rows', { produces: 'rows' }),
	command('kit boom', { risk: 'danger', lock: 'app', examples: ['kit boom web'], args: [{ name: 'app', required: true }] }),
	command('kit deploy', { risk: 'change', examples: ['kit deploy web'], args: [{ name: 'app', required: true }], consumes: 'rows' }),
	command('kit itself'), command('kit button'), command('kit secret', { secrets: ['API_KEY'] }), command('kit large', { produces: 'rows' }),
];

const script = `#!/usr/bin/python3
import json, os, socket, sys
cmd = sys.argv[1]; q = json.load(sys.stdin)
def ask(**a):
    s = socket.socket(socket.AF_UNIX); s.connect(os.environ["OPSROOM_SOCKET"]); f = s.makefile("rw")
    f.write(json.dumps(a) + "\\n"); f.flush(); return json.loads(f.readline())
if cmd == "rows":
    print("opsroom/1")
    for n in (1, 2): print(json.dumps({"row": {"n": n, "app": "app%d" % n}}))
elif cmd == "large":
    print("opsroom/1")
    for n in range(9999): print(json.dumps({"row": {"n": n, "text": "x" * 50}}))
elif cmd in ("boom", "deploy"):
    print(cmd, "ran", q["args"], "incident", q.get("incident"), "rows", len(q.get("rows") or []), "version", VERSION)
elif cmd == "itself":
    said = ask(do="run", line="kit boom web")["text"]; print(said)
    code = said.split("confirm ")[1][:4]
    print(ask(do="run", line="confirm " + code))
elif cmd == "button":
    print("opsroom/1"); print(json.dumps({"button": {"label": "Show the log", "command": "approve A-1"}}))
elif cmd == "secret":
    print(ask(do="say", text="said: the key is " + open(os.environ["OPSROOM_SECRETS"] + "/API_KEY").read()))
`;

async function world(t, access) {
	const dir = mkdtempSync(join(tmpdir(), 'opsroom-held-')), folder = join(dir, 'kit'), plugins = join(dir, 'plugins');
	mkdirSync(folder);
	mkdirSync(plugins);
	chmodSync(dir, 0o755);
	const run = (...args) => execFileSync(cli, args, { encoding: 'utf8', env: { ...process.env, HOME: dir } });
	const install = (version) => {
		writeFileSync(join(folder, 'plugin.json'), JSON.stringify({ name: 'kit', version, contract: 1, summary: 'For tests.', program: './kit', commands }));
		writeFileSync(join(folder, 'kit'), script.replace('VERSION', `"${version}"`));
		chmodSync(join(folder, 'kit'), 0o755);
		run('plugin', 'install', folder, '--plugins', plugins);
	};
	install('1.0.0');
	run('plugin', 'enable', 'kit', '--plugins', plugins);
	if (access) writeFileSync(join(dir, 'access.yaml'), access);
	const d = await daemon(['--plugins-dir', plugins, ...(access ? ['--access', join(dir, 'access.yaml')] : [])]);
	t.after(async () => {
		await d.stop();
		rmSync(dir, { recursive: true, force: true });
	});
	const more = join(dir, 'more.yaml');
	writeFileSync(more, `users: [{name: cyd, role: responder}, {name: ben, role: responder}]
channels: [{name: ops, members: [cyd, ben]}, {name: war, private: true, members: [ben, cyd]}]
tokens: [{name: cyd, user: cyd}, {name: ben, user: ben}, {name: peek, user: ben, scopes: read}]
`);
	const { tokens } = JSON.parse(execFileSync(bin, ['provision', '--data', d.data, more], { encoding: 'utf8' }));
	const said = (line, who, channel = '#ops') => d.api('/v1/commands', { body: { line, channel }, token: who ? tokens[who].token : undefined });
	const ask = (path, who) => d.api(path, { token: who ? tokens[who].token : undefined });
	const over = (code, who) => until(async () => {
		const one = await ask(`/v1/runs/${code}`, who);
		return !['queued', 'running'].includes(one.state) && one;
	}, `${code} ends`);
	const ran = async (line, who, channel) => {
		const r = await said(line, who, channel);
		assert.equal(r.status, 'running', JSON.stringify(r));
		return over(r.data.run.code, who);
	};
	const decided = (code, who) => until(async () => {
		const h = await ask(`/v1/approvals/${code}`, who);
		return !['pending', 'approved', 'running'].includes(h.state) && h;
	}, `${code} is decided`);
	const messages = async (name, who) => {
		const { channels } = await ask('/v1/boot', who), id = channels.find((c) => c.name === name).id;
		return (await d.api('/api/conversations.history', { body: { channel: id }, token: who ? tokens[who].token : undefined })).messages;
	};
	return { d, dir, install, run, plugins, said, ask, over, ran, decided, messages, tokens };
}

const PROD = 'rules: |\n  require kit:deploy when arg.app == "prod" need approval 1 of user:cyd\n';

test('a list of dangerous calls behind a program waits, and each of it runs', opts, async (t) => {
	const { ran, said, ask, decided } = await world(t);
	const rows = await ran('kit rows | kit boom $app');
	const code = /confirm ([A-Z0-9]{4})/.exec(rows.shown)?.[1];
	assert.match(rows.shown, /This is dangerous: `kit:boom -- app1\nkit:boom -- app2`/);
	assert.equal((await said(`confirm ${code}`)).status, 'done');
	assert.equal((await decided(code)).state, 'done');
	await until(async () => (await ask('/v1/runs?state=done')).runs.filter((r) => r.command === 'kit boom').length === 2, 'both ran');
});

test('a program says no yes: not for who started it, not by its button, and neither does a plan', opts, async (t) => {
	const { d, ran, said, ask, messages, tokens } = await world(t, PROD);
	assert.match((await ran('kit itself')).shown, /a person says this themselves/);
	assert.equal((await said('kit deploy prod', 'ben')).data.held.code, 'A-1');
	await ran('kit button', 'ben');
	const message = await until(async () => (await messages('ops', 'cyd')).find((m) => /Show the log/.test(JSON.stringify(m))), 'the button is there');
	const { channels } = await ask('/v1/boot'), id = channels.find((c) => c.name === 'ops').id;
	const button = message.attachments[0].blocks.find((b) => b.type === 'actions').elements[0];
	const pressed = await d.api('/api/blocks.actions', { body: { actions: [button], container: { type: 'message', message_ts: message.ts, channel_id: id } }, token: tokens.cyd.token });
	assert.equal(pressed.error, 'not_allowed', JSON.stringify(pressed));
	assert.equal((await ask('/v1/approvals/A-1')).state, 'pending');
	assert.equal((await said('approve A-1', 'cyd')).status, 'done');
});

test('what is only explained is not asked about, and does not run', opts, async (t) => {
	const { ran, said, ask } = await world(t);
	await ran('kit rows');
	const r = await said('jobs all | kit boom $code --explain');
	assert.equal(r.status, 'done', JSON.stringify(r));
	assert.match(r.text, /You may, once you confirm it/);
	assert.equal((await ask('/v1/approvals?state=all')).approvals.length, 0);
});

test('what was approved is what runs: with its incident, of the same files, by itself', opts, async (t) => {
	const { d, said, ask, decided, install } = await world(t, PROD);
	const held = async (line) => {
		const r = await said(line, 'ben');
		assert.equal(r.status, 'held', JSON.stringify(r));
		return r.data.held;
	};
	assert.match((await said('alerts | kit deploy prod', 'ben')).detail, /asks for an approval: no rows can wait with it/);
	assert.equal((await ask('/v1/approvals?state=all')).approvals.length, 0);
	const first = await held('kit deploy prod --incident INC-7');
	assert.equal(first.calls, 'kit:deploy --incident=INC-7 -- prod');
	assert.match((await said('kit deploy prod --incident INC-7', 'ben')).text, /You asked for the same already/);
	assert.notEqual((await held('kit deploy prod --incident INC-8')).code, first.code);
	await said(`approve ${first.code}`, 'cyd');
	assert.match((await decided(first.code)).outcome, /deploy ran .* incident INC-7/);
	const old = await held('kit deploy prod');
	install('1.1.0');
	await d.api('/v1/plugins/kit/enable', { body: { version: '1.1.0' }, token: d.adminToken() });
	await said(`approve ${old.code}`, 'cyd');
	const failed = await decided(old.code);
	assert.equal(failed.state, 'failed', JSON.stringify(failed));
	assert.match(failed.why, /is another by now than was approved; ask again/);
});

test('the glass is broken at once, also where a confirmation would be asked', opts, async (t) => {
	const { said, decided, over } = await world(t, 'roles:\n  fire: {perms: [break-glass]}\ngrants:\n  - {to: ben, roles: [fire]}\nrules: |\n  require kit:boom need approval 1 of user:cyd\n');
	const r = await said('kit boom web --break-glass --reason "it burns"', 'ben');
	assert.equal(r.status, 'running', JSON.stringify(r));
	await over(r.data.run.code);
	const asked = async () => {
		const code = (await said('kit boom web', 'ben')).data.held.code;
		await said(`confirm ${code}`, 'ben');
		return decided(code, 'ben');
	};
	assert.match((await asked()).outcome, /A-2\* waits for approval/);
	assert.match((await asked()).outcome, /You asked for the same already: \*A-2\*/);
});

test('where an answer goes is looked at before anything runs; a token that only reads sends and plans nothing', opts, async (t) => {
	const { said, ran, ask, messages } = await world(t);
	const texts = async () => (await messages('war', 'ben')).map((m) => m.text).join('\n');
	assert.match((await said('alias x status > #war')).detail, /you may not post to `#war`/);
	assert.doesNotMatch((await said('aliases')).text, /`x`/);
	assert.match((await said('alerts > #war', 'peek')).detail, /needs a token with the scope write/);
	assert.match((await said('alerts --every 1h', 'peek')).detail, /to plan a call needs a token with the scope write/);
	assert.equal((await said('alerts > here', 'peek')).status, 'done');
	assert.equal((await said('> #war', 'ben')).detail, 'a line begins with a command');
	const run = await ran('kit button > #war', 'ben');
	assert.match(run.shown, /Sent to #war/);
	assert.equal((await ran('kit rows | where n > 1 | select app > #war', 'ben')).shown, 'Sent to #war.');
	await until(async () => /app\napp2/.test(await texts()), 'the rows are in #war');
	const large = await ran('kit large | json', 'ben');
	assert.ok(large.shown.length <= 12000 && /"n":1,/.test(large.shown), `${large.shown.length}`);
});

test('of a list the call that is refused is told, though another runs', opts, async (t) => {
	const { ran, said, decided } = await world(t);
	const lock = await said('lock app2 mine', 'cyd');
	assert.equal(lock.status, 'done', JSON.stringify(lock));
	const code = /confirm ([A-Z0-9]{4})/.exec((await ran('kit rows | kit boom $app', 'ben')).shown)[1];
	await said(`confirm ${code}`, 'ben');
	const h = await decided(code, 'ben');
	assert.equal(h.state, 'failed', JSON.stringify(h));
	assert.match(h.why, /app2/);
});

test('an approval may be used again only as long as each of its rules says so', opts, async (t) => {
	const rule = (app, more) => `  require kit:deploy when arg.app == "${app}" need approval 1 of user:cyd valid 1h\n  require kit:deploy when arg.app == "${app}" need approval 1 of user:ann${more}\n`;
	const { said, decided } = await world(t, `rules: |\n${rule('once', '')}${rule('again', ' valid 1h')}`);
	for (const [app, then] of [['once', 'held'], ['again', 'running']]) {
		const { code } = (await said(`kit deploy ${app}`, 'ben')).data.held;
		await said(`approve ${code}`, 'cyd');
		await said(`approve ${code}`);
		assert.equal((await decided(code)).state, 'done');
		assert.equal((await said(`kit deploy ${app}`, 'ben')).status, then, app);
	}
});

test('requests and plans of a private channel are for those who may read it, who may say yes, and operators', opts, async (t) => {
	const { d, said, ask, tokens } = await world(t, PROD);
	const look = d.made.tokens.look.token, vic = async (path) => d.api(path, { token: look });
	const { code } = (await said('kit deploy prod --reason hush', 'ben', '#war')).data.held;
	await said('kit rows --every 1h', 'ben', '#war');
	assert.deepEqual((await vic('/v1/approvals')).approvals, []);
	assert.equal((await vic(`/v1/approvals/${code}`)).status, 403);
	for (const line of ['approvals', 'plans']) {
		const seen = async (token) => (await d.api('/v1/commands', { body: { line }, token })).text;
		assert.doesNotMatch(await seen(look), /kit:/, line);
		assert.match(await seen(tokens.cyd.token), /kit:/, line);
	}
	assert.equal((await ask('/v1/approvals')).approvals.length, 1);
	assert.equal((await ask('/v1/approvals', 'cyd')).approvals[0].waits_for_me, true);
});

test('what is asked for in a direct message reaches those who may say yes', opts, async (t) => {
	const { d, said, ask, tokens } = await world(t, PROD);
	assert.equal((await said('kit deploy prod', 'ben', '@srebot')).status, 'held');
	await until(async () => {
		for (const c of (await ask('/v1/boot', 'cyd')).channels) {
			const { messages = [] } = await d.api('/api/conversations.history', { body: { channel: c.id }, token: tokens.cyd.token });
			if (messages.some((m) => /asks for approval/.test(JSON.stringify(m)))) return true;
		}
		return false;
	}, 'cyd is asked', 5000);
});

test('a secret is masked in what a program says in the channel, too', opts, async (t) => {
	const { d, ran, ask, messages, tokens } = await world(t);
	execFileSync(cli, ['--data', d.data, 'secret', 'set', 'kit', 'API_KEY'], { input: 'sesame-open-42\n' });
	const run = await ran("kit secret", "ben");
	assert.match(run.shown, /True/, JSON.stringify(run));
	const { channels } = await ask('/v1/boot', 'ben'), channel = channels.find((c) => c.name === 'ops').id;
	const message = await until(async () => {
		const root = (await messages('ops', 'ben')).find((m) => m.text.includes(`*${run.code}*`));
		const replies = root && (await d.api('/api/conversations.replies', { body: { channel, ts: root.ts }, token: tokens.ben.token })).messages;
		return [...(await messages('ops', 'ben')), ...(replies ?? [])].find((m) => /said: the key is/.test(m.text));
	}, 'it is said');
	assert.equal(message.text, 'said: the key is ***');
});
