// A plugin's command respects the lock of its target, by name or as the manifest says, and can be planned: its program runs when the time comes.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { cli, daemon } from './daemon.mjs';

const sandboxed = spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/usr', '/usr', '--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64', '--symlink', 'usr/bin', '/bin', '/bin/true']).status === 0;
const command = (path, more) => ({ path, help: `Does ${path}.`, risk: 'change', examples: [`${path} x`], rules: ['allow kit:* need role viewer'], ...more });
const one = (name) => [{ name, required: true }];

test('locks and plans hold for plugins', { skip: !sandboxed && 'bubblewrap makes no namespaces here' }, async (t) => {
	const dir = mkdtempSync(join(tmpdir(), 'opsroom-locks-')), folder = join(dir, 'kit'), plugins = join(dir, 'plugins');
	mkdirSync(folder);
	mkdirSync(plugins);
	chmodSync(dir, 0o755);
	writeFileSync(join(folder, 'plugin.json'), JSON.stringify({ name: 'kit', version: '1.0.0', contract: 1, summary: 'For tests.', program: './kit', commands: [
		command('kit deploy', { args: one('target') }), command('kit push', { args: one('app'), lock: 'app' }), command('kit all', { args: one('what'), lock: 'web-prod' })] }));
	writeFileSync(join(folder, 'kit'), '#!/bin/sh\necho "done: $*"\n');
	chmodSync(join(folder, 'kit'), 0o755);
	for (const args of [['install', folder], ['enable', 'kit']])
		execFileSync(cli, ['plugin', ...args, '--plugins', plugins], { env: { ...process.env, HOME: dir } });
	const d = await daemon(['--plugins-dir', plugins, '--clock', '2026-03-02T13:00:00Z'], { provisionWith: ['--clock', '2026-03-02T13:00:00Z'] });
	t.after(async () => {
		await d.stop();
		rmSync(dir, { recursive: true, force: true });
	});
	const say = (line, token = d.token) => d.api('/v1/commands', { body: { line, channel: '#ops' }, token });

	assert.equal((await say('lock Web-Prod --for 2h release 4.2')).status, 'done');
	for (const line of ['kit deploy web-prod', 'kit push WEB-PROD', 'kit all x']) {
		const r = await say(line, d.adminToken());
		assert.equal(r.code, 'conflict', JSON.stringify(r));
		assert.equal(r.detail, 'web-prod is locked by ann until 15:00 UTC: release 4.2. `lock web-prod --queue`');
	}
	assert.equal((await say('kit deploy web-test', d.adminToken())).status, 'running');
	assert.equal((await say('kit all x')).status, 'running'); // ann's own

	const { status, data } = await say('kit deploy web-prod --at 1h');
	assert.equal(status, 'planned');
	await d.api('/v1/advance', { body: { by: '1h' }, token: d.adminToken() });
	const { runs } = await d.api('/v1/runs');
	const planned = runs.find((r) => r.via === 'schedule');
	assert.ok(planned, JSON.stringify(runs));
	assert.ok(planned.call.includes('kit:deploy -- web-prod'), JSON.stringify(planned));
	assert.equal((await say('plans')).data.length, 0, data.plan.code);
});
