// opsroom slack: the manifest of our app is taken by a Slack (another opsroomd), and check says what is missing.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { daemon, folder, opsroom } from './helper.mjs';

async function setup(t) {
	const home = folder(t), d = await daemon(t, home);
	const write = (name, text) => (writeFileSync(join(home, name), text), join(home, name));
	const make = async (name, manifest) => {
		const made = await opsroom(home, ['--data', d.data, 'app', 'create', name, '--manifest', write(`${name}.json`, JSON.stringify(manifest)), '--json']);
		assert.equal(made.code, 0, made.err);
		return JSON.parse(made.out);
	};
	const check = async (app, ...more) => {
		const run = await opsroom(home, ['slack', 'check', '--token-file', write('token', `${app.bot_token}\n`), '--url', `${d.url}/api`, ...more]);
		return { ...run, line: (what) => run.out.split('\n').find((l) => l.slice(8).startsWith(what)) };
	};
	return { home, d, write, make, check };
}
const manifest = async (home, ...args) => {
	const run = await opsroom(home, ['slack', 'manifest', ...args]);
	assert.equal(run.code, 0, run.err);
	return JSON.parse(run.out);
};

test('the manifest says Socket Mode, or the address of the Events API', async (t) => {
	const home = folder(t), m = await manifest(home), e = await manifest(home, '--url', 'https://ops.example.com/', '--name', 'ops "x"', '--chat', 'work', '--command', '/ops2');

	assert.equal(m.settings.socket_mode_enabled, true);
	assert.deepEqual([m.display_information.name, m.features.slash_commands[0].command, m.features.slash_commands[0].url], ['srebot', '/srebot', undefined]);
	assert.deepEqual([e.settings.socket_mode_enabled, e.settings.event_subscriptions.request_url, e.settings.interactivity.request_url, e.features.slash_commands[0].url],
		[false, ...Array(3).fill('https://ops.example.com/chats/work/events')]);
	assert.deepEqual([e.display_information.name, e.features.slash_commands[0].command], ['ops "x"', '/ops2']);
	for (const scope of ['chat:write', 'chat:write.customize', 'channels:history', 'commands', 'files:write', 'users:read.email']) assert.ok(m.oauth_config.scopes.bot.includes(scope), scope);
	assert.notEqual((await opsroom(home, ['slack', 'manifest', '--name', 'x'.repeat(36)])).code, 0);
	assert.notEqual((await opsroom(home, ['slack', 'manifest', '--url', 'ops.example.com'])).code, 0);
	assert.notEqual((await opsroom(home, ['slack', 'manifest', '--command', 'ops'])).code, 0);
});

test('check goes step by step', async (t) => {
	const { home, d, write, make, check } = await setup(t), app = await make('bridge', await manifest(home, '--command', '/bridge')), xapp = write('app-token', app.app_token);
	let run = await check(app, '--app-token-file', xapp);

	assert.equal(run.code, 0, run.out + run.err);
	for (const step of ['reachable', 'bot token', 'chat:write ', 'users:read.email', 'app token', 'Socket Mode']) assert.match(run.line(step) ?? '', /^ok /, `${step}:\n${run.out}`);
	assert.match(run.line('channels '), /^missing +channels +the bot is in none/);
	assert.ok(!run.out.includes(app.bot_token) && !run.out.includes(app.app_token));
	await fetch(`${d.url}/api/conversations.join`, { method: 'POST', headers: { authorization: `Bearer ${app.bot_token}` }, body: new URLSearchParams({ channel: '#general' }) });
	run = await check(app);
	assert.match(run.line('channels '), /^ok .*#general/);
	assert.match(run.line('Socket Mode'), /^- .*no --app-token-file/);
	run = await opsroom(home, ['slack', 'check', '--json', '--token-file', xapp, '--url', `${d.url}/api/`]);
	assert.equal(run.code, 1);
	assert.equal(JSON.parse(run.out).ok, false);
});

test('what is missing is named with what to do about it', async (t) => {
	const { home, d, write, make, check } = await setup(t), app = await make('small', { oauth_config: { scopes: { bot: ['chat:write', 'channels:read', 'users:read'] } } });
	let run = await check(app, '--app-token-file', write('app-token', app.bot_token));

	assert.equal(run.code, 1);
	assert.match(run.line('channels:history'), /^failed .*add it under OAuth & Permissions and install the app again/);
	assert.match(run.line('pins:write'), /^missing /);
	assert.match(run.line('app token'), /^failed .*xapp-/);
	run = await check({ bot_token: 'xoxb-nobody' });
	assert.match(run.line('bot token'), /^failed .*does not know the token/);
	run = await check(app, '--url', 'http://127.0.0.1:1/api/');
	assert.match(run.line('reachable'), /^failed /);
	run = await check(app, '--url', `${d.url}/nothing/`);
	assert.match(run.line('bot token'), /^failed .*is the address right/);
	assert.equal((await opsroom(home, ['slack', 'check'])).code, 2);
});
