// A fake Slack: incoming webhooks at /services/T0001/B0001/good, and the methods of the Web API by which messages come and change.
// It answers as slack.com is known to; nothing of opsroom is in it.
import { FakeWeb } from './web.mjs';

const channels = { ops: 'C0001', payments: 'C0002' };
const json = (value) => ({ headers: { 'content-type': 'application/json; charset=utf-8' }, text: JSON.stringify(value) });
const plain = (status, text) => ({ status, headers: { 'content-type': 'text/html' }, text });
const refused = (error, more) => json({ ok: false, error, ...more });

export class FakeSlack extends FakeWeb {
	messages = {}; // by the id of a channel
	clock = 1700000000000000;

	static start() {
		const s = new FakeSlack();
		return s.listen((request) => s.take(request));
	}

	take({ path, headers, body }) {
		if (path.startsWith('/services/')) return this.webhook(path.split('/').slice(2), headers, body);
		const method = path.replace(/^\/api\//, '').replace(/\?.*/, '');
		if (!Object.hasOwn(methods, method)) return refused('unknown_method', { req_method: method });
		const form = (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
		const args = form ? Object.fromEntries(new URLSearchParams(body)) : JSON.parse(body || '{}');
		const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? args.token;
		if (method !== 'api.test' && !token) return refused('not_authed');
		if (method !== 'api.test' && token !== 'xoxb-good') return refused('invalid_auth');
		return methods[method](this, args);
	}

	webhook([team, bot, key], headers, body) {
		let payload;
		if (team !== 'T0001') return plain(404, 'no_team');
		if (bot !== 'B0001') return plain(404, 'no_service');
		if (key !== 'good') return plain(403, 'invalid_token');
		try {
			payload = JSON.parse(body.startsWith('payload=') ? new URLSearchParams(body).get('payload') : body);
		} catch {
			return plain(400, 'invalid_payload');
		}
		if (!payload.text && !payload.blocks && !payload.attachments) return plain(400, 'no_text');
		const channel = this.channel(payload.channel ?? 'ops');
		if (!channel) return plain(404, 'channel_not_found');
		this.add(channel, { subtype: 'bot_message', bot_id: 'B0001', username: 'ci', ...payload });
		return plain(200, 'ok');
	}

	channel(name) {
		const bare = name.replace(/^#/, '');
		return channels[bare] ?? Object.values(channels).find((id) => id === bare);
	}

	add(channel, message) {
		const ts = (++this.clock / 1e6).toFixed(6);
		const whole = { type: 'message', ts, ...message };
		(this.messages[channel] ??= []).push(whole);
		return whole;
	}

	say(name, user, text) {
		const channel = this.channel(name);
		if (!channel) throw new Error(`the fake Slack has no channel ${name}; it has: ${Object.keys(channels).join(' ')}`);
		this.add(channel, { user, text });
	}

	async history(name) {
		return { messages: this.messages[this.channel(name)] ?? [], names: { U0BOT: 'opsbot' } };
	}
}

const methods = {
	'api.test': () => json({ ok: true }),
	'auth.test': () => json({ ok: true, url: 'https://ops.example.com/', team: 'Ops', user: 'opsbot', team_id: 'T0001', user_id: 'U0BOT', bot_id: 'B0BOT' }),

	'chat.postMessage': (slack, { channel, text, blocks, attachments, thread_ts }) => {
		if (channel === undefined) return refused('invalid_arguments', { response_metadata: { messages: ['[ERROR] missing required field: channel'] } });
		const id = slack.channel(channel);
		if (!id) return refused('channel_not_found');
		if (!text && !blocks && !attachments) return refused('no_text');
		const message = slack.add(id, { user: 'U0BOT', bot_id: 'B0BOT', text, blocks, attachments, thread_ts });
		return json({ ok: true, channel: id, ts: message.ts, message });
	},

	'chat.update': (slack, { channel, ts, text, blocks, attachments }) => {
		const id = slack.channel(channel ?? '');
		if (!id) return refused('channel_not_found');
		const message = slack.messages[id]?.find((m) => m.ts === ts);
		if (!message) return refused('message_not_found');
		Object.assign(message, { text, ...(blocks && { blocks }), ...(attachments && { attachments }), edited: { user: 'U0BOT', ts } });
		return json({ ok: true, channel: id, ts, text, message });
	},
};
