// People in front of an opsroomd, as its console shows them things: for the suite of all chats (chat-suite.mjs).
import { createRequire } from 'node:module';

const require = createRequire(new URL('../package.json', import.meta.url));
const WebSocket = require('ws');
const unescape = (s) => s.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
const buttonsOf = (m) => [...(m.blocks ?? []), ...(m.attachments ?? []).flatMap((a) => a.blocks ?? [])].filter((b) => b.type === 'actions').flatMap((b) => b.elements.filter((e) => e.type === 'button' && !e.url).map((e) => ({ ...e, block_id: b.block_id })));
const wordsOf = (v) => (typeof v === 'string' ? [] : Array.isArray(v) ? v.flatMap(wordsOf) : v && typeof v === 'object' ? [...(typeof v.text === 'string' ? [v.text] : []), ...Object.values(v).flatMap(wordsOf)] : []);

// d: whose chat it is; bot: the id of the person that @srebot is there; channel: the name of its channel
export async function people(d, bot, channel = 'ops') {
	const id = d.made.channels[channel].id, tokens = { ann: d.made.tokens.kit.token, vic: d.made.tokens.look.token }, told = { ann: [], vic: [] }, links = [];
	const call = async (who, method, body = {}) => {
		const r = await d.api(`/api/${method}`, { body: { channel: id, ...body }, token: tokens[who] });
		if (!r.ok) throw new Error(`${method}: ${r.error} ${r.detail ?? ''}`);
		return r;
	};
	for (const who of ['ann', 'vic']) {
		const link = new WebSocket(`${d.url.replace('http', 'ws')}/stream`, { headers: { authorization: `Bearer ${tokens[who]}` } });
		link.on('message', (data) => { const f = JSON.parse(data); if (f.type === 'ephemeral') told[who].push(f.message.text); });
		link.on('error', () => {});
		link.on('open', () => link.send('{"type":"resume","channels":{}}'));
		await new Promise((resolve) => link.once('message', resolve));
		links.push(link);
	}
	const names = new Map();
	return {
		can: new Set(['threads', 'buttons', 'edit', 'drop', 'react', 'whisper', 'exactly']),
		say: async (who, text, thread_ts) => (await call(who, 'chat.postMessage', { text, thread_ts })).ts,
		edit: (who, ts, text) => call(who, 'chat.update', { ts, text }),
		drop: (who, ts) => call(who, 'chat.delete', { ts }),
		react: (who, timestamp, name) => call(who, 'reactions.add', { timestamp, name }),
		async seen() {
			const { messages } = await call('ann', 'conversations.history', { limit: 200 }), all = [];
			for (const root of messages.reverse()) all.push(...(root.reply_count ? (await call('ann', 'conversations.replies', { ts: root.ts, limit: 200 })).messages : [root]));
			for (const m of all) if (!names.has(m.user)) names.set(m.user, (await call('ann', 'users.info', { user: m.user })).user.name);
			return all.map((m) => ({ id: m.ts, text: unescape([m.text, ...wordsOf(m.blocks), ...wordsOf(m.attachments)].join(' ')), who: m.username ?? names.get(m.user), thread: m.thread_ts && m.thread_ts !== m.ts ? m.thread_ts : undefined, choices: buttonsOf(m).map((b) => b.text.text), buttons: buttonsOf(m) }));
		},
		async press(who, m, choice) {
			const b = m.buttons.find((o) => choice.test(o.text.text));
			await d.api('/api/blocks.actions', { token: tokens[who], body: { container: { type: 'message', channel_id: id, message_ts: m.id }, actions: [{ action_id: b.action_id, block_id: b.block_id, value: b.value }] } });
		},
		whispered: async (who) => told[who],
		direct: bot && {
			say: async (who, text) => (await d.api('/api/chat.postMessage', { token: tokens[who], body: { channel: bot, text } })).ts,
			seen: async (who) => (await d.api('/api/conversations.history', { token: tokens[who], body: { channel: (await d.api('/api/conversations.open', { token: tokens[who], body: { users: bot } })).channel.id } })).messages.reverse(),
		},
		leave() { for (const link of links) link.terminate(); },
	};
}
