// Completion of the shells: subcommands and options from the table, commands and their parameters from the daemon, and silence when something is wrong.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { folder, opsroom, program, root, server } from './helper.mjs';

const param = (name, type, more) => ({ name, type, option: false, required: true, ...more });
const option = (name, type, more) => ({ name, type, option: true, required: false, ...more });
const boot = {
	self: {}, team: {}, channels: [{ id: 'C1', name: 'ops', topic: 'All of it' }, { id: 'C2', name: 'sre-alerts' }, { id: 'D1', name: '', is_im: true, user: 'U1' }],
	users: [{ id: 'U1', name: 'ann', real_name: 'Ann' }, { id: 'U2', name: 'ben' }],
	commands: [
		{ name: 'ack', help: 'Acknowledge', params: [param('alert', 'alert')] },
		{ name: 'deploy start', help: 'Deploy', dry_run: true, params: [
			param('service', 'choice', { choices: ['web', 'worker'] }), param('where', 'channel', { required: false, repeat: true }),
			option('env', 'choice', { letter: 'e', choices: ['dev', 'prod'], help: 'Where to' }), option('force', 'bool'), option('who', 'user')] },
		{ name: 'deploy stop', help: 'Stop it', params: [] },
		{ name: 'approve', help: 'Yes', params: [param('request', 'text'), param('note', 'text', { rest: true, required: false })] },
	],
	command_flags: [option('help', 'bool', { help: 'Help' }), option('dry-run', 'bool', { help: 'Try' }), option('reason', 'text', { help: 'Why' })],
	command_filters: [{ name: 'where', help: 'Keep' }, { name: 'count', help: 'How many' }],
};
const routes = {
	'GET /v1/boot': boot, 'GET /v1/alerts': { alerts: [{ id: 'k7f3', title: 'Disk is \x1b[31mfull\nnow' }, { id: 'm2q9', title: 'Db' }] },
	'GET /v1/approvals': { approvals: [{ code: 'A-17', calls: 'core:ack -- k7f3' }] },
};

async function setup(t) {
	const home = folder(t), s = await server(t, routes);
	const env = { OPSROOM_URL: s.url, OPSROOM_TOKEN: 'xoxp-1' };
	const lines = async (...words) => (await opsroom(home, ['--complete', ...words], { env })).out.split('\n').filter(Boolean);
	const words = async (...typed) => (await lines(...typed)).map((line) => line.split('\t')[0]);

	return { home, s, env, lines, words };
}

test('subcommands, their options and what they ask for', async (t) => {
	const { words, s } = await setup(t);
	assert.deepEqual(await words('to'), ['token']);
	assert.deepEqual(await words('token', ''), ['create', 'list', 'report', 'revoke']);
	assert.deepEqual(await words('--url', 'x', '--json', 'token', 'rev'), ['revoke']);
	assert.deepEqual(await words('alerts', '--s'), ['--state']);
	assert.deepEqual(await words('alerts', '--state', 'a'), ['acknowledged', 'all']);
	assert.deepEqual(await words('--ca', ''), [':file']);
	assert.deepEqual(await words('--data', ''), [':dir']);
	assert.deepEqual(await words('source', 'test', 'grafana', ''), [':file']);
	assert.deepEqual(await words('help', 'ver'), ['version']);
	assert.deepEqual(await words('nonsense', ''), []);
	assert.equal(s.seen.length, 0, 'nothing of this asks the server');
	assert.deepEqual(await words('ack', 'k7f3', ''), ['k7f3', 'm2q9']);
	assert.deepEqual(await words('post', 's'), ['sre-alerts']);
	assert.deepEqual(await words('post', 'ops', ''), []);
	assert.deepEqual(await words('tail', 'ops', '#o'), ['#ops']);
});

test('behind run: commands, then what the parameter that stands there takes', async (t) => {
	const { words, lines } = await setup(t);
	assert.deepEqual(await words('run', ''), ['ack', 'deploy', 'approve']);
	assert.deepEqual(await words('run', 'deploy', 'sto'), ['stop']);
	assert.deepEqual(await lines('run', 'ack', 'k'), ['k7f3\tDisk is \\x1b[31mfull | now']);
	assert.deepEqual(await words('run', 'deploy', 'start', 'wo'), ['worker']);
	assert.deepEqual(await words('run', 'deploy', 'start', 'web', 'ops', 'sre'), ['sre-alerts']);
	assert.deepEqual(await words('run', '--channel', 'ops', 'approve', ''), ['A-17']);
	assert.deepEqual(await words('run', 'approve', 'A-17', 'fine', ''), []);
	assert.deepEqual(await words('run', '--ch'), ['--channel']);
	assert.deepEqual(await words('run', 'ack', 'k7f3', '|', ''), ['where', 'count', 'ack', 'deploy', 'approve']);
});

test('options with their values; each way of writing them', async (t) => {
	const { words, lines } = await setup(t);
	assert.deepEqual(await words('run', 'deploy', 'start', '-'), ['--env=', '--force', '--who=', '--help', '--dry-run', '--reason=']);
	assert.deepEqual(await lines('run', 'deploy', 'start', '--e'), ['--env=\tWhere to']);
	assert.deepEqual(await words('run', 'deploy', 'start', '--env=p'), ['--env=prod']);
	assert.deepEqual(await words('run', 'deploy', 'start', '--env', '=', 'p'), ['prod'], 'as bash cuts it');
	assert.deepEqual(await words('run', 'deploy', 'start', '--env', '='), ['dev', 'prod']);
	assert.deepEqual(await words('run', 'deploy', 'start', '-e', ''), ['dev', 'prod']);
	assert.deepEqual(await words('run', 'deploy', 'start', '--who', '@b'), ['@ben']);
	assert.deepEqual(await words('run', 'deploy', 'start', '--env', 'prod', '--force', ''), ['web', 'worker']);
	assert.deepEqual(await words('run', 'deploy', 'start', '--', '--'), []);
	assert.deepEqual(await words('run', 'ack', '--d'), [], 'it cannot be tried out');
});

test('without a server, or with one that refuses, it is silent', async (t) => {
	const home = folder(t), s = await server(t, {});
	for (const env of [{}, { OPSROOM_URL: 'http://127.0.0.1:1', OPSROOM_TOKEN: 'x' }, { OPSROOM_URL: s.url, OPSROOM_TOKEN: 'x' }]) {
		const run = await opsroom(home, ['--complete', 'run', 'ack', ''], { env });
		assert.deepEqual([run.out, run.err, run.code], ['', '', 0]);
	}
	assert.equal((await opsroom(home, ['--complete', ...Array(300).fill('x')])).code, 0);
});

test('bash and zsh hand on what is proposed', async (t) => {
	const { env, home } = await setup(t);
	const ask = (shell, script) => spawnSync(shell, shell === 'zsh' ? ['-f', '-c', script] : ['--norc', '-c', script], { encoding: 'utf8', env: { PATH: process.env.PATH, HOME: home, ...env }, timeout: 20_000 });
	const bash = (...words) => ask('bash', `source '${join(root, 'tools/opsroom.bash')}'; compopt() { :; }; COMP_WORDS=('${[program, ...words].join("' '")}'); COMP_CWORD=${words.length}; _opsroom '${program}' '${words.at(-1)}'; printf '%s\\n' "\${COMPREPLY[@]}"`);
	assert.deepEqual(bash('tok').stdout.trim().split('\n'), ['token']);
	assert.deepEqual(bash('token', '').stdout.trim().split('\n'), ['create', 'list', 'report', 'revoke']);
	if (spawnSync('sh', ['-c', 'command -v zsh']).status !== 0) return;
	const zsh = (...words) => ask('zsh', `compdef() { :; }; _describe() { print -l -- "\${(@P)2}"; }; source '${join(root, 'tools/opsroom.zsh')}'; words=('${[program, ...words].join("' '")}'); CURRENT=${words.length + 1}; _opsroom`);
	assert.deepEqual(zsh('token', '').stdout.trim().split('\n').map((line) => line.split(':')[0]), ['create', 'list', 'report', 'revoke']);
});
