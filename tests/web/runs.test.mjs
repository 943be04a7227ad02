// Plugins in the console: enabled, what they run seen line by line, cancelled, looked up later; a dangerous one is asked for twice.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { go_to, gone, room_start, see, violations } from './harness.mjs';

const sandboxed = spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/usr', '/usr', '--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64', '--symlink', 'usr/bin', '/bin', '/bin/true']).status === 0;
const options = { skip: !sandboxed && 'bubblewrap makes no namespaces here' };
const programs = resolve(process.env.OPSROOM_BUILD ?? process.env.OPSROOM_BIN_DIR ?? 'build');

const command = (path, more = {}) => ({ path, help: `Does ${path}.`, risk: 'change', examples: [path], ...more });
const manifest = (version) => JSON.stringify({
	name: 'kit', version, contract: 1, summary: 'For tests.', program: './kit', rules: ['allow kit:* need role responder'],
	commands: [command('kit hello'), command('kit slow'), command('kit wipe', { risk: 'danger', dry_run: true }), ...version === '1.0.0' ? [] : [command('kit more')]],
});
const script = `#!/bin/sh
case $1 in
hello) echo "hello <b>& *you*"; echo "on stderr" >&2 ;;
slow) echo "first line"; sleep 60 ;;
wipe) case "$*" in *--dry-run*) echo "would wipe 3 disks" ;; *) echo wiped ;; esac ;;
esac
`;
let room, folder, channel, ann, ben, cleo;

const run = (page, text) => page.locator('[data-run]', { hasText: text });
const section = (page, title) => page.locator('section', { has: page.getByRole('heading', { name: title, exact: true }) });

async function install(version) {
	const kit = join(folder, 'kit');

	await mkdir(kit, { recursive: true });
	await writeFile(join(kit, 'plugin.json'), manifest(version));
	await writeFile(join(kit, 'kit'), script);
	await chmod(join(kit, 'kit'), 0o755);
	execFileSync(join(programs, 'opsroom'), ['plugin', 'install', kit, '--plugins', join(folder, 'plugins')], { env: { ...process.env, HOME: folder } });
}

async function start(line) {
	return (await room.ben.call('POST', '/v1/commands', { line, channel })).data.run.code;
}

before(async () => {
	folder = await mkdtemp(join(tmpdir(), 'opsroom-web-'));
	await chmod(folder, 0o755);
	await mkdir(join(folder, 'plugins'));
	await install('1.0.0');
	await install('1.1.0');
	await writeFile(join(folder, 'access.yaml'), 'rules: [require kit:wipe need approval 1 of role:operator]\n');
	room = await room_start({ options: ['--plugins-dir', join(folder, 'plugins'), '--access', join(folder, 'access.yaml')] });
	await room.person('cleo', 'operator');
	channel = await room.channel('ops', 'ben', 'cleo');
	ann = await room.enter('ann');
	ben = await room.enter('ben');
});
after(async () => {
	await room?.end();
	await rm(folder, { recursive: true, force: true });
});

test('a plugin is enabled, another version, back, and disabled; others only look', async () => {
	const kit = ann.locator('[data-plugin="kit"]');
	const yes = (name) => ann.getByRole('dialog').getByRole('button', { name }).click();

	await go_to(ann, 'Plugins');
	await see(kit.filter({ hasText: 'not enabled' }).filter({ hasText: 'versions 1.0.0, 1.1.0' }));
	await ann.getByLabel('Version of kit').selectOption('1.0.0');
	await kit.getByRole('button', { name: 'Enable kit' }).click();
	await yes('Enable');
	await see(kit.filter({ hasText: 'in force' }).filter({ hasText: 'kit 1.0.0' }).filter({ hasText: 'kit wipe' }));
	await ann.getByLabel('Version of kit').selectOption('1.1.0');
	await kit.getByRole('button', { name: 'Enable kit' }).click();
	await yes('Enable');
	await see(kit.filter({ hasText: 'kit 1.1.0' }).filter({ hasText: 'kit more' }));
	await kit.getByRole('button', { name: 'Back to 1.0.0 of kit' }).click();
	await yes('Rollback');
	await see(kit.filter({ hasText: 'kit 1.0.0' }));
	assert.equal(await ben.locator('.sidebar a[href="#/plugins"]').count(), 0);
	cleo = await room.enter('cleo');
	await go_to(cleo, 'Plugins');
	await see(cleo.locator('[data-plugin="kit"]', { hasText: 'in force' }));
	assert.equal(await cleo.getByRole('button', { name: 'Enable kit' }).count(), 0);
});

test('what runs is seen with its lines as they come, and cancelled', options, async () => {
	const code = await start('kit slow');

	await go_to(ben, 'Runs');
	await see(section(ben, 'Now').locator(`[data-run="${code}"]`, { hasText: 'kit slow' }).filter({ hasText: 'by @ben' }));
	await ben.getByRole('link', { name: `Log of ${code}` }).press('Enter');
	await see(ben.getByRole('log').filter({ hasText: 'first line' }));
	await see(ben.locator('[data-run]', { hasText: 'running' }));
	await ben.getByRole('button', { name: `Cancel ${code}` }).press('Enter');
	await see(ben.locator('[data-run]', { hasText: 'cancelled' }));
	await gone(ben.getByRole('button', { name: `Cancel ${code}` }));
	await ben.getByRole('link', { name: 'All runs' }).click();
	await see(section(ben, 'Before').locator(`[data-run="${code}"]`, { hasText: 'cancelled' }));
});

test('what ran: each line as it was said, stderr marked, and its exit code', options, async () => {
	const code = await start('kit hello');

	await run(ben, code).filter({ hasText: 'exit code 0' }).getByRole('link', { name: 'Log' }).click();
	await see(ben.getByRole('log').filter({ hasText: 'hello <b>& *you*' }));
	await see(ben.locator('.run-log .err', { hasText: 'on stderr' }));
	await see(ben.getByRole('heading', { name: /^Log 2 lines/ }));
	assert.deepEqual(await violations(ben), []);
	assert.deepEqual(await violations(ann), [], 'plugins');
});

test('a dangerous call: confirmed by who says it, and approved after a second look at what it would do', options, async () => {
	const held = (await room.ben.call('POST', '/v1/commands', { line: 'kit wipe', channel })).data.held;

	assert.equal(held.kind, 'confirm');
	await go_to(ben, 'Approvals');
	await ben.locator(`[data-request="${held.code}"]`).getByRole('button', { name: 'Confirm' }).click();
	await go_to(cleo, 'Approvals');
	const request = cleo.locator('[data-request^="A-"]', { hasText: 'Risk: danger' });

	await request.getByRole('button', { name: 'Approve' }).click();
	await see(cleo.getByRole('dialog', { name: /^Approve A-/ }).filter({ hasText: 'kit:wipe' }));
	await cleo.getByRole('dialog').getByRole('button', { name: 'Not now' }).click();
	await see(request.filter({ hasText: 'waits' }));
	await request.getByRole('button', { name: 'Approve' }).click();
	await cleo.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
	await see(cleo.locator('[data-request^="A-"]', { hasText: 'done' }));
	await go_to(ben, 'Runs');
	await see(section(ben, 'Before').locator('[data-run]', { hasText: 'kit wipe' }).filter({ hasText: 'done' }));
});

test('disabled, its commands are gone', async () => {
	await ann.locator('[data-plugin="kit"]').getByRole('button', { name: 'Disable kit' }).click();
	await ann.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
	await see(ann.locator('[data-plugin="kit"]', { hasText: 'not enabled' }));
	assert.ok(!(await room.ann.call('GET', '/v1/boot')).commands.some((command) => command.plugin === 'kit'));
});
