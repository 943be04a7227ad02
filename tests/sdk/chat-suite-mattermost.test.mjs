// The suite of all chats against a Mattermost: the fake, with people who are its official client.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from './chat-suite.mjs';
import { daemon, until } from './daemon.mjs';
import { MattermostFake } from './mattermost-fake.mjs';

const { Client4 } = createRequire(import.meta.url)('@mattermost/client');
const plain = (s) => s.replace(/\\([\\`*_[\]#~|<>])/g, '$1');

suite(async () => {
	const fake = await new MattermostFake().start(), dir = mkdtempSync(join(tmpdir(), 'opsroom-suite-'));
	const bot = fake.user('srebot', { bot: true }), users = { ann: fake.user('ann'), vic: fake.user('vic', { email: '' }) };
	const ops = fake.channel('ops', [bot, users.ann, users.vic]), file = join(dir, 'chats.yaml');
	const as = Object.fromEntries(Object.entries(users).map(([who, u]) => { const c = new Client4(); c.setUrl(fake.url); c.setToken(u.token); return [who, c]; }));
	writeFileSync(join(dir, 'token'), bot.token);
	writeFileSync(file, 'chats: {}\n');
	const d = await daemon(['--chats', file]);
	writeFileSync(file, `chats: {mm: {system: mattermost, url: "${fake.url}", team: ops-team, token_file: token, channels: [ops]}}\n`);
	process.kill(d.pid, 'SIGHUP');
	await until(() => /chat\.up/.test(d.log), 'it is connected');
	return {
		name: 'mm', d,
		can: new Set(['threads', 'buttons', 'edit', 'drop', 'react', 'whisper', 'exactly']),
		say: async (who, message, root_id = '') => (await as[who].createPost({ channel_id: ops.id, message, root_id })).id,
		edit: (who, id, message) => as[who].patchPost({ id, message }),
		drop: (who, id) => as[who].deletePost(id),
		react: (who, id, name) => as[who].addReaction(users[who].id, id, name),
		seen: async () => fake.said(ops).map((p) => ({
			id: p.id, thread: p.root_id || undefined, who: fake.users.get(p.user_id).username,
			text: plain([p.message, ...(p.props.attachments ?? []).map((a) => a.text)].join(' ')),
			choices: (p.props.attachments ?? []).flatMap((a) => a.actions ?? []).map((a) => a.name), actions: (p.props.attachments ?? []).flatMap((a) => a.actions ?? []),
		})),
		press: (who, m, choice) => as[who].doPostAction(m.id, m.actions.find((a) => choice.test(a.name)).id),
		whispered: async (who) => fake.ephemerals.filter((e) => e.user_id === users[who].id).map((e) => e.post.message),
		end: async () => { await d.stop(); await fake.stop(); rmSync(dir, { recursive: true, force: true }); },
	};
});
