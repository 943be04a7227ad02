// Apps: made by the client and by a file, seen by the official SDK as Slack's.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { daemon, cli } from './daemon.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const { WebClient, LogLevel } = require('@slack/web-api');
const { IncomingWebhook } = require('@slack/webhook');
const dir = mkdtempSync(join(tmpdir(), 'opsroom-apps-'));
let d;
const opsroom = (...args) => spawnSync(cli, ['--url', d.url, '--token', d.token, ...args], { encoding: 'utf8' });
const client = (token) => new WebClient(token, { slackApiUrl: `${d.url}/api/`, retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR });
const refused = (error) => (e) => e.data?.error === error || assert.fail(`expected ${error}, got ${e.data?.error ?? e.message}`);
const manifest = { display_information: { name: 'Deploy Bot' }, features: { bot_user: { display_name: 'Deploy Bot' }, slash_commands: [{ command: '/deploy', url: 'http://127.0.0.1:9/' }] },
	oauth_config: { scopes: { bot: ['chat:write', 'channels:join', 'channels:read', 'users:read', 'commands'] } } };
const file = (name, what) => { const path = join(dir, name); writeFileSync(path, typeof what === 'string' ? what : JSON.stringify(what)); return path; };

before(async () => { d = await daemon(); });
after(() => d.stop());

test('an app is made, speaks with its own name, may what its scopes say, and ends', async () => {
	const made = JSON.parse(execFileSync(cli, ['--url', d.url, '--token', d.token, 'app', 'create', 'deployer', '--manifest', file('m.json', manifest), '--json'], { encoding: 'utf8' }));
	for (const key of ['app_id', 'bot_token', 'user_token', 'app_token', 'signing_secret', 'client_id', 'client_secret', 'webhook_url']) assert.ok(made[key], key);
	const web = client(made.bot_token), me = await web.auth.test();
	assert.equal(me.user, 'deploy-bot');
	assert.match(me.bot_id, /^B/);
	await web.conversations.join({ channel: d.made.channels.ops.id });
	const said = await web.chat.postMessage({ channel: d.made.channels.ops.id, text: 'hello' });
	assert.equal(said.message.bot_profile.name, 'deployer');
	assert.equal(said.message.app_id, made.app_id);
	assert.equal(said.message.user, me.user_id);
	const bot = (await web.bots.info({ bot: me.bot_id })).bot;
	assert.deepEqual([bot.app_id, bot.user_id, bot.name], [made.app_id, me.user_id, 'deployer']);
	const user = (await web.users.info({ user: me.user_id })).user;
	assert.deepEqual([user.is_bot, user.profile.api_app_id, user.profile.bot_id], [true, made.app_id, me.bot_id]);
	await assert.rejects(web.conversations.history({ channel: d.made.channels.ops.id }), (e) => e.data.error === 'missing_scope' && e.data.needed === 'channels:history' && e.data.provided.includes('chat:write'));
	await assert.rejects(client(made.app_token).auth.test(), refused('not_allowed_token_type'));
	assert.equal((await client(made.user_token).auth.test()).user, 'ann');
	assert.equal((await d.api('/v1/me', { token: made.app_token })).code, 'unauthenticated');
	assert.equal((await new IncomingWebhook(made.webhook_url).send({ text: 'by webhook' })).text, 'ok');

	assert.match(opsroom('app', 'create', 'deployer').stderr, /exists already/);
	assert.match(opsroom('app', 'list').stdout, /deployer +0 +- +\/deploy/);
	const { code } = await d.api('/v1/apps', { body: { name: 'second', manifest: { features: { slash_commands: [{ command: '/deploy', url: 'http://x' }] } } } });
	assert.equal(code, 'conflict');
	assert.equal(opsroom('app', 'update', 'deployer', '--manifest', file('m2.yaml', 'oauth_config: {scopes: {bot: ["channels:history"]}}\n')).status, 0);
	await web.conversations.history({ channel: d.made.channels.ops.id });
	await assert.rejects(web.chat.postMessage({ channel: d.made.channels.ops.id, text: 'x' }), refused('missing_scope'));

	assert.equal(opsroom('app', 'delete', made.app_id).stdout, 'Ended.\n');
	for (const token of [made.bot_token, made.user_token, made.app_token]) await assert.rejects(client(token).auth.test(), (e) => /invalid_auth|token_revoked/.test(e.data.error));
	await assert.rejects(new IncomingWebhook(made.webhook_url).send({ text: 'x' }));
	assert.equal(opsroom('app', 'create', 'deployer').status, 0, 'the name is free again');
});

test('apps.manifest makes, shows, changes and ends an app', async () => {
	const admin = client(d.adminToken());
	const made = await admin.apps.manifest.create({ manifest: JSON.stringify({ display_information: { name: 'By API' }, settings: { socket_mode_enabled: true } }) });
	assert.ok(made.credentials.signing_secret && made.credentials.bot_token);
	assert.equal((await client(made.credentials.bot_token).auth.test()).user, 'by-api');
	const wrong = { settings: { event_subscriptions: { request_url: 'nowhere' } } };
	const has_place = (e) => e.data.error === 'invalid_manifest' && e.data.errors[0].pointer === '/settings/event_subscriptions/request_url';
	await assert.rejects(admin.apps.manifest.validate({ manifest: JSON.stringify(wrong) }), has_place);
	await assert.rejects(admin.apps.manifest.update({ app_id: made.app_id, manifest: JSON.stringify(wrong) }), has_place);
	await admin.apps.manifest.update({ app_id: made.app_id, manifest: JSON.stringify(manifest).replaceAll('/deploy', '/other') });
	assert.equal((await admin.apps.manifest.export({ app_id: made.app_id })).manifest.features.slash_commands[0].command, '/other');
	await assert.rejects(client(d.made.tokens.look.token).apps.manifest.validate({ manifest: '{}' }), refused('missing_scope'));
	await admin.apps.manifest.delete({ app_id: made.app_id });
	await assert.rejects(admin.apps.manifest.export({ app_id: made.app_id }), refused('invalid_app_id'));
});

test('who may not, and what is wrong with a manifest', async () => {
	const look = spawnSync(cli, ['--url', d.url, '--token', d.made.tokens.look.token, 'app', 'create', 'x'], { encoding: 'utf8' });
	assert.match(look.stderr, /role admin/);
	assert.match(opsroom('app', 'create', 'x', '--manifest', file('bad.yaml', 'settings: {event_subscriptions: {bot_events: [A b]}}\n')).stderr, /bad.yaml: \/settings\/event_subscriptions\/bot_events\/0: /);
});
