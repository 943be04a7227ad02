// The suite of all chats against a Slack: another opsroomd.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { people } from './chat-people.mjs';
import { suite } from './chat-suite.mjs';
import { cli, daemon, until } from './daemon.mjs';

suite(async () => {
	const dir = mkdtempSync(join(tmpdir(), 'opsroom-suite-')), put = (name, text) => (writeFileSync(join(dir, name), text), join(dir, name));
	const slack = await daemon();
	const app = await slack.api('/v1/apps', { body: { name: 'sre', manifest: JSON.parse(execFileSync(cli, ['slack', 'manifest', '--command', '/sre', '--name', 'sre'], { encoding: 'utf8' })) } });
	const p = await people(slack, app.bot_user_id);
	put('token', app.bot_token);
	put('app-token', app.app_token);
	const d = await daemon(['--chats', put('chats.yaml', `chats: {slack: {system: slack, url: "${slack.url}/api/", token_file: token, app_token_file: app-token, post_every: 20ms, channels: [ops]}}\n`)]);
	await until(() => /chat\.up/.test(d.log), 'it is connected');
	return { ...p, name: 'slack', d, end: async () => { p.leave(); await d.stop(); await slack.stop(); rmSync(dir, { recursive: true, force: true }); } };
});
