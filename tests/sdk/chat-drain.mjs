// node tests/sdk/chat-drain.mjs [MESSAGES] [RESTARTS] [POST_EVERY]: so many messages wait for a Slack (another opsroomd) while opsroom is killed and started
// again and again; prints how many came, in which order, how fast.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cli, daemon, until } from './daemon.mjs';

const [messages = 10000, restarts = 20, every = 10] = process.argv.slice(2).map(Number);
const dir = mkdtempSync(join(tmpdir(), 'opsroom-drain-')), put = (name, text) => (writeFileSync(join(dir, name), text), join(dir, name));
const slack = await daemon(['--slack-rates', '0']), manifest = JSON.parse(execFileSync(cli, ['slack', 'manifest', '--command', '/sre', '--name', 'sre'], { encoding: 'utf8' }));
const app = await slack.api('/v1/apps', { body: { name: 'sre', manifest } });
put('token', app.bot_token);
put('app-token', app.app_token);
const d = await daemon(['--slack-rates', '0', '--chats', put('chats.yaml', `chats: {slack: {system: slack, url: "${slack.url}/api/", token_file: token, app_token_file: app-token, post_every: ${every}ms, channels: [ops]}}\n`)]);
const waiting = async () => (await d.api('/v1/commands', { body: { line: 'chats' } })).data.chats[0].channels[0]?.waiting;
await until(async () => (await waiting()) === 0, 'it is linked');
const id = d.made.channels.ops.id;
for (let i = 0; i < messages; i += 50)
	await Promise.all(Array.from({ length: 50 }, (_, k) => d.api('/api/chat.postMessage', { body: { channel: id, text: `m ${i + k}` } })));
console.log(`${messages} messages said, ${await waiting()} wait`);
const began = Date.now(), spans = [];
for (let i = 0; i < restarts; i++) {
	await new Promise((r) => setTimeout(r, 200 + Math.random() * (messages * every / restarts)));
	await d.kill();
	await d.restart();
}
await until(async () => (await waiting()) === 0, 'all is told', 600000);
const seen = [];
for (let cursor = ''; cursor !== undefined;) {
	const r = await slack.api('/api/conversations.history', { body: { channel: slack.made.channels.ops.id, limit: 999, cursor: cursor || undefined } });
	seen.push(...r.messages.filter((m) => /^m \d+$/.test(m.text)));
	cursor = r.response_metadata?.next_cursor || undefined;
}
seen.reverse();
const here = [];
for (let cursor = ''; cursor !== undefined;) {
	const r = await d.api('/api/conversations.history', { body: { channel: id, limit: 999, cursor: cursor || undefined } });
	here.push(...r.messages.filter((m) => /^m \d+$/.test(m.text)));
	cursor = r.response_metadata?.next_cursor || undefined;
}
here.reverse();
const times = seen.map((m) => Number(m.ts) * 1000), gaps = times.slice(1).map((t, i) => t - times[i]);
const same = seen.length === here.length && seen.every((m, i) => m.text === here[i].text);
console.log(JSON.stringify({ told: seen.length, different: new Set(seen.map((m) => m.text)).size, inOrder: same, restarts, seconds: (Date.now() - began) / 1000, gapMin: Math.min(...gaps).toFixed(1), underThePace: gaps.filter((g) => g < every - 0.5).length, perSecond: (seen.length / ((times.at(-1) - times[0]) / 1000)).toFixed(1) }));
await d.stop();
await slack.stop();
rmSync(dir, { recursive: true, force: true });
