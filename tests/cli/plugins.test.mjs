// Plugins from the first file to the daemon: new, check, install, enable, rollback, and what a wrong one does to the others.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { daemon, folder, opsroom, opsroomd, root } from './helper.mjs';

const good = (run) => {
	assert.equal(run.code, 0, run.err);
	return run.out;
};

function edit(home, name, change) {
	const file = join(home, name, 'plugin.json'), manifest = JSON.parse(readFileSync(file, 'utf8'));
	writeFileSync(file, JSON.stringify(change(manifest) ?? manifest, null, 2));
}

for (const lang of ['sh', 'python', 'node'])
	test(`plugin new --lang ${lang}: it works at once`, async (t) => {
		const home = folder(t);
		assert.match(good(await opsroom(home, ['plugin', 'new', 'web', '--lang', lang])), /^web\/ is made: .*\nNext: web\/test\.sh; opsroom plugin check web;/);
		assert.equal(execFileSync(join(home, 'web/test.sh'), { encoding: 'utf8' }), 'ok\n');
		assert.match(good(await opsroom(home, ['plugin', 'check', 'web'])), /^web 0\.1\.0 \(exec\).*\n {2}web hello \[who\] \[-n\|--times=int\]\n.*\n {2}web restart <service>/);
		assert.equal((await opsroom(home, ['plugin', 'new', 'web'])).code, 6);
		assert.match((await opsroom(home, ['plugin', 'new', 'Web'])).err, /'Web' is no name of a plugin/);
	});

test('plugin check names file, line and place', async (t) => {
	const home = folder(t);
	good(await opsroom(home, ['plugin', 'new', 'web']));
	edit(home, 'web', (m) => { m.commands[1].timout = '2m'; });
	const run = await opsroom(home, ['plugin', 'check', 'web']);
	assert.equal(run.code, 2);
	assert.match(run.err, /^opsroom: web\/plugin\.json: line \d+: commands\[1\]: there is no key `timout`; did you mean `timeout`\?\n$/);
});

test('plugin check --run runs what can do no harm, in the sandbox', { skip: !existsSync('/usr/bin/bwrap') && 'there is no bwrap here' }, async (t) => {
	const home = folder(t);
	chmodSync(home, 0o755);
	for (const lang of ['sh', 'python', 'node']) {
		good(await opsroom(home, ['plugin', 'new', 'web', '--lang', lang, '--dir', lang]));
		const tried = good(await opsroom(home, ['plugin', 'check', lang, '--run'])).split('\n').slice(-4, -1);
		assert.deepEqual(tried, ['ok  `web hello`: exit code 0, done', 'ok  `web hello ann --times 2`: exit code 0, done', 'ok  `web restart web --env prod` with --dry-run: exit code 0, done']);
	}
	writeFileSync(join(home, 'sh/web'), '#!/bin/sh\ncat /etc/shadow 2>/dev/null && exit 1\n[ "$1" = hello ] || touch /plugin/x\n');
	edit(home, 'sh', (m) => { m.commands.push({ ...m.commands[1], path: 'web stop', dry_run: false, examples: ['web stop web'], rules: ['allow web:stop need role operator'] }); });
	const run = await opsroom(home, ['plugin', 'check', 'sh', '--run']);
	assert.equal(run.code, 1);
	assert.match(run.out, /\nok {2}`web hello`: exit code 0, done\n {4}note: it said nothing\n/);
	assert.match(run.out, /\nBAD `web restart web --env prod` with --dry-run: exit code 1, failed\n {4}.*Read-only file system/);
	assert.match(run.out, /\n-- {2}`web stop` is not tried: it changes things, and has no dry_run\n$/);
});

test('etc/plugins are good', async (t) => {
	for (const name of readdirSync(join(root, 'etc/plugins')))
		assert.match(good(await opsroom(folder(t), ['plugin', 'check', join(root, 'etc/plugins', name)])), new RegExp(`^${name} `));
});

test('docs/plugins.md shows manifests that are taken, and all keys', async (t) => {
	const home = folder(t), page = readFileSync(join(root, 'docs/plugins.md'), 'utf8');
	const [rpc] = [...page.matchAll(/```json\n(\{"name".*?\})\n```/gs)];
	mkdirSync(join(home, 'cd'));
	writeFileSync(join(home, 'cd/plugin.json'), rpc[1]);
	assert.match(good(await opsroom(home, ['plugin', 'check', 'cd'])), /^cd 1\.0\.0 \(rpc\): The deploy service\./);
	for (const keys of readFileSync(join(root, 'src/ops/plugin.c'), 'utf8').match(/" name version contract [^"]*"|" path help args [^"]*"|" name short type [^"]*"/g))
		for (const key of keys.slice(2, -2).split(' ')) assert.ok(page.includes(`\`${key}\``), key);
});

async function started(t, ...args) {
	const home = folder(t), plugins = join(home, 'plugins');
	mkdirSync(plugins);
	const d = await daemon(t, home, ['--plugins-dir', plugins, ...args]);
	const cli = (...words) => opsroom(home, ['--data', d.data, ...words]);
	const api = async () => JSON.parse(good(await cli('plugin', 'list', '--json')));
	return { home, plugins, d, cli, api };
}

test('install, enable, upgrade, rollback and disable through the daemon, each in the audit', async (t) => {
	const { home, plugins, cli, api } = await started(t);
	good(await opsroom(home, ['plugin', 'new', 'web']));
	assert.equal(good(await cli('plugin', 'install', 'web')), `web 0.1.0 is in ${plugins}, and not enabled. Next: opsroom plugin enable web 0.1.0\n`);
	assert.ok(!good(await cli('run', 'help')).includes('web hello'));
	assert.equal(good(await cli('plugin', 'enable', 'web')), 'web 0.1.0 is enabled.\n');
	assert.ok(good(await cli('run', 'help')).includes('web hello'));
	assert.match(good(await cli('run', 'help web restart')), /Example: .*web restart web --env prod/);
	assert.match(good(await cli('run', 'web restart web -e prod --explain')), /once you give a --reason/);
	edit(home, 'web', (m) => { m.version = '0.2.0'; m.commands[0].path = 'web hi'; m.commands[0].examples = ['web hi']; m.commands[0].rules = ['allow web:hi need role viewer']; });
	good(await cli('plugin', 'install', 'web'));
	assert.equal(good(await cli('plugin', 'enable', 'web')), 'web 0.2.0 is enabled. Back to 0.1.0: opsroom plugin rollback web\n');
	assert.ok(good(await cli('run', 'help')).includes('web hi'));
	const [one] = (await api()).plugins;
	assert.deepEqual([one.name, one.enabled, one.in_force, one.before, one.versions], ['web', '0.2.0', '0.2.0', '0.1.0', ['0.1.0', '0.2.0']]);
	assert.match(one.digest, /^[0-9a-f]{64}$/);
	assert.equal(good(await cli('plugin', 'rollback', 'web')), 'web 0.1.0 is enabled. Back to 0.2.0: opsroom plugin rollback web\n');
	assert.ok(good(await cli('run', 'help')).includes('web hello'));
	assert.equal(good(await cli('plugin', 'disable', 'web')), 'web is disabled. Back to 0.1.0: opsroom plugin rollback web\n');
	assert.ok(!good(await cli('run', 'help')).includes('web h'));
	assert.equal((await cli('plugin', 'disable', 'web')).err, 'opsroom: web is not enabled\n');
	const audit = JSON.parse(good(await cli('audit', 'search', '--json')));
	const changes = (audit.records ?? audit.audit ?? audit.entries).filter((r) => r.action.startsWith('plugin.'));
	assert.deepEqual(changes.map((r) => r.action), ['plugin.disable', 'plugin.rollback', 'plugin.enable', 'plugin.enable']);
	const detail = typeof changes[2].detail === 'string' ? JSON.parse(changes[2].detail) : changes[2].detail;
	assert.deepEqual([detail.version, detail.was, detail.digest], ['0.2.0', '0.1.0', one.digest]);
	assert.match((await cli('plugin', 'enable', 'web', '9.9.9')).err, /9\.9\.9\/plugin\.json: No such file/);
	assert.match((await cli('plugin', 'enable', 'nope')).err, /nope: No such file/);
});

test('a plugin cannot have our commands, nor stand under the name of another', async (t) => {
	const { home, cli } = await started(t);
	for (const [name, path, why] of [['thief', 'ack all', /cannot have the command `ack all`: `ack` is ours/], ['other', 'web up', /its first word is the name of another plugin/]]) {
		good(await opsroom(home, ['plugin', 'new', 'web', '--dir', `${name}.web`]));
		if (name === 'other') {
			good(await cli('plugin', 'install', 'other.web'));
			good(await cli('plugin', 'enable', 'web'));
		}
		good(await opsroom(home, ['plugin', 'new', name]));
		edit(home, name, (m) => { Object.assign(m.commands[0], { path, examples: [path], rules: [`allow "${name}:${path}" need role viewer`] }); });
		good(await cli('plugin', 'install', name));
		const run = await cli('plugin', 'enable', name);
		assert.equal(run.code, 6);
		assert.match(run.err, why);
	}
	const audit = good(await cli('audit', 'search', '--action', 'plugin.enable'));
	assert.ok(!audit.includes('thief'));
});

test('a wrong plugin is left out, the others stay, and of one in use its version stays', async (t) => {
	const { home, plugins, d, cli, api } = await started(t);
	for (const name of ['web', 'db']) {
		good(await opsroom(home, ['plugin', 'new', name]));
		good(await cli('plugin', 'install', name));
		good(await cli('plugin', 'enable', name));
	}
	appendFileSync(join(plugins, 'db/0.1.0/plugin.json'), '}');
	d.child.kill('SIGHUP');
	assert.match(await d.prints(/plugin\.fault .*\n/, 'err'), /plugin\.fault plugin=db kept=0\.1\.0 error=.*db\/0\.1\.0\/plugin\.json: JSON/);
	const { plugins: list } = await api();
	assert.deepEqual(list.map((p) => [p.name, p.in_force, Boolean(p.fault)]), [['db', '0.1.0', true], ['web', '0.1.0', false]]);
	const check = await opsroomd(home, ['--check', '--plugins-dir', plugins, '--data', d.data]);
	assert.equal(check.code, 2);
	assert.match(check.err, /db\/0\.1\.0\/plugin\.json: JSON.*\nopsroomd: 1 plugin cannot be taken\n/);
	d.child.kill('SIGTERM');
	await d.done;
	const again = await daemon(t, home, ['--plugins-dir', plugins]);
	assert.match(again.err, /plugins\.read dir=\S+ plugins="?web 0\.1\.0"? commands=2/);
	assert.match(again.err, /plugin\.fault plugin=db kept=none/);
});

test('files that changed after they were enabled are not taken until they are enabled again', async (t) => {
	const { home, plugins, d, cli } = await started(t);
	good(await opsroom(home, ['plugin', 'new', 'web']));
	good(await cli('plugin', 'install', 'web'));
	good(await cli('plugin', 'enable', 'web'));
	appendFileSync(join(plugins, 'web/0.1.0/web'), 'rm -rf /\n');
	d.child.kill('SIGHUP');
	assert.match(await d.prints(/plugin\.fault .*\n/, 'err'), /the files are not those that were enabled; look at them, then `opsroom plugin enable web 0\.1\.0`/);
	good(await cli('plugin', 'enable', 'web', '0.1.0'));
	assert.ok(!JSON.parse(good(await cli('plugin', 'list', '--json'))).plugins[0].fault);
});

test('--plugins works on the folder, says that the daemon knows nothing of it, and lists what is wrong', async (t) => {
	const home = folder(t);
	mkdirSync(join(home, 'p'));
	good(await opsroom(home, ['plugin', 'new', 'web']));
	good(await opsroom(home, ['plugin', 'install', 'web', '--plugins', 'p']));
	assert.ok(existsSync(join(home, 'p/web/0.1.0/test.sh')));
	assert.match((await opsroom(home, ['plugin', 'install', 'web', '--plugins', 'p'])).err, /is there already; what is installed does not change: raise the version/);
	const run = await opsroom(home, ['plugin', 'enable', 'web', '--plugins', 'p']);
	assert.equal(good(run), 'web 0.1.0 is enabled.\n');
	assert.match(run.err, /past the daemon: no audit has it/);
	appendFileSync(join(home, 'p/web/0.1.0/web'), '#\n');
	assert.match(good(await opsroom(home, ['plugin', 'list', '--plugins', 'p'])), /web +0\.1\.0 +yes +the files changed after it was enabled/);
	assert.match((await opsroom(home, ['plugin', 'list'])).err, /which server\?/);
});
