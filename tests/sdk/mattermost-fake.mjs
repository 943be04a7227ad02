// A Mattermost server as far as a bot and the people around it need one: API v4, its WebSocket, buttons, dialogs and slash commands, in
// memory, on loopback. What it answers is judged by @mattermost/client and @mattermost/types (mattermost-fake.test.mjs); what it refuses
// follows mattermost/server (app/post.go, app/integration_action.go, model/*.go).
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

export const newId = () => [...randomBytes(26)].map((b) => 'abcdefghijklmnopqrstuvwxyz0123456789'[b % 36]).join('');
const MESSAGE_MAX = 16383, TRIGGER_LIFE = 3000, PENDING_LIFE = 30_000;

class Refusal extends Error {
	constructor(status, id, message, headers = {}) { super(message); Object.assign(this, { status, id, headers }); }
}
const forbidden = (what) => new Refusal(403, 'api.context.permissions.app_error', `You do not have the appropriate permissions: ${what}.`);
const missing = (what) => new Refusal(404, `app.${what}.get.app_error`, `Unable to find the existing ${what}.`);

export class MattermostFake {
	users = new Map(); channels = new Map(); posts = new Map(); files = new Map(); commands = new Map();
	tokens = new Map(); members = new Map(); ephemerals = []; dialogs = []; calls = []; sockets = new Set(); triggers = new Map(); pending = new Map(); hooks = new Map();
	bots_may_whisper = true;
	verifies_emails = true;
	inject = null; // (method, path, body) => undefined | {status, headers, body, after: true}: instead of an answer; after: it is done first
	silent = false; // takes bytes and answers nothing
	#last = 0;

	constructor() {
		this.team = { id: newId(), create_at: 1, update_at: 1, delete_at: 0, display_name: 'Ops', name: 'ops-team', description: '', email: '', type: 'O', company_name: '', allowed_domains: '', invite_id: '', allow_open_invite: false, scheme_id: '', group_constrained: false };
	}

	// ---- what is there ----

	now() { this.#last = Math.max(this.#last + 1, Date.now()); return this.#last; } // no two things at one time
	user(name, { email = `${name}@example.com`, bot = false, first = '', last = '' } = {}) {
		const u = { id: newId(), create_at: this.now(), update_at: this.now(), delete_at: 0, username: name, password: '', auth_service: '', email, nickname: '', first_name: first, last_name: last, position: '', roles: 'system_user', props: {}, notify_props: {}, last_password_update: 0, last_picture_update: 0, locale: 'en', timezone: {}, mfa_active: false, last_activity_at: 0, is_bot: bot, bot_description: '', terms_of_service_id: '', terms_of_service_create_at: 0, remote_id: '', status: '' };
		this.users.set(u.id, u);
		const token = newId();
		this.tokens.set(token, u.id);
		return { ...u, token };
	}
	channel(name, members = [], { type = 'O', header = '' } = {}) {
		const c = { id: newId(), create_at: this.now(), update_at: this.now(), delete_at: 0, team_id: type === 'D' ? '' : this.team.id, type, display_name: name, name, header, purpose: '', last_post_at: this.now(), last_root_post_at: 0, creator_id: '', scheme_id: '', group_constrained: false, total_msg_count: 0, total_msg_count_root: 0, extra_update_at: 0, props: null };
		this.channels.set(c.id, c);
		this.members.set(c.id, new Set(members.map((m) => m.id)));
		return c;
	}
	join(user_id, channel_id) {
		this.members.get(channel_id).add(user_id);
		this.tell('user_added', { team_id: this.team.id, user_id }, { channel_id });
	}
	leave(user_id, channel_id, remover_id = user_id) {
		this.tell('user_removed', { user_id, remover_id }, { channel_id });
		this.members.get(channel_id).delete(user_id);
		this.tell('user_removed', { channel_id, remover_id }, { user_id });
	}

	// ---- the server ----

	async start(port = 0) {
		this.http = createServer((req, res) => this.#request(req, res));
		this.wss = new WebSocketServer({ noServer: true });
		this.http.on('upgrade', (req, socket, head) => {
			if (!req.url.startsWith('/api/v4/websocket') || this.inject?.('WS', req.url)) { socket.end('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n'); return; }
			this.wss.handleUpgrade(req, socket, head, (ws) => this.#socket(ws, req));
		});
		await new Promise((r) => this.http.listen(port, '127.0.0.1', r));
		this.port = this.http.address().port;
		this.url = `http://127.0.0.1:${this.port}`;
		return this;
	}
	async stop() {
		for (const s of this.sockets) s.ws.terminate();
		this.http.closeAllConnections();
		await new Promise((r) => this.http.close(r));
	}
	async restart() { await this.start(this.port); }

	async #request(req, res) {
		const chunks = [];
		for await (const c of req) chunks.push(c);
		const raw = Buffer.concat(chunks), url = new URL(req.url, this.url), type = req.headers['content-type'] ?? '';
		if (this.silent) return;
		let body = raw, answer, status = 200, headers = {};
		if (type.startsWith('application/json') && raw.length) { try { body = JSON.parse(raw); } catch { body = {}; } }
		const path = url.pathname.replace(/^\/api\/v4/, '');
		this.calls.push({ method: req.method, path, body });
		try {
			const wrong = await this.inject?.(req.method, path, body);
			if (wrong && !wrong.after) answer = wrong.body ?? {}, status = wrong.status, headers = wrong.headers ?? {};
			else answer = await this.#route(req, path, url.searchParams, body, type);
			if (wrong?.after) answer = wrong.body ?? {}, status = wrong.status, headers = wrong.headers ?? {};
			if (wrong?.cut) { req.socket.destroy(); return; }
			if (status === 200 && req.method === 'POST' && ['/posts', '/posts/ephemeral', '/channels', '/channels/direct', '/files', '/reactions'].includes(path)) status = 201;
		} catch (e) {
			if (!(e instanceof Refusal)) throw e;
			({ status, headers } = e);
			answer = { id: e.id, message: e.message, detailed_error: '', request_id: newId(), status_code: e.status };
		}
		res.writeHead(status, { 'content-type': 'application/json', 'x-version-id': '11.9.0.fake', ...headers });
		res.end(JSON.stringify(answer));
	}

	#who(req) {
		const id = this.tokens.get(/^Bearer (\S+)$/i.exec(req.headers.authorization ?? '')?.[1]);
		if (!id) throw new Refusal(401, 'api.context.session_expired.app_error', 'Invalid or expired session, please login again.');
		return this.users.get(id);
	}
	#member(me, channel_id) {
		if (!this.channels.has(channel_id)) throw missing('channel');
		if (!this.members.get(channel_id).has(me.id)) throw forbidden('read_channel');
		return this.channels.get(channel_id);
	}

	async #route(req, path, query, body, type) {
		const hook = /^\/hooks\/commands\/(\w+)$/.exec(path);
		if (hook) return this.#response_url(hook[1], body);
		const me = this.#who(req), key = `${req.method} ${path}`;
		for (const [pattern, run] of this.#routes) {
			const m = pattern.exec(key);
			if (m) return run.call(this, me, m.slice(1).map(decodeURIComponent), body, query, type);
		}
		throw new Refusal(404, 'api.context.404.app_error', 'Sorry, we could not find the page.');
	}

	#routes = [
		[/^GET \/config\/client$/, () => ({ Version: '11.9.0', SiteName: 'fake', RequireEmailVerification: String(this.verifies_emails), EnableBotAccountCreation: 'true', MaxFileSize: '104857600' })],
		[/^GET \/users\/me$/, (me) => me],
		[/^GET \/users$/, (me, _, __, q) => [...this.users.values()].slice(+(q.get('page') ?? 0) * +(q.get('per_page') ?? 60)).slice(0, +(q.get('per_page') ?? 60))],
		[/^POST \/users\/ids$/, (me, _, ids) => ids.map((id) => this.users.get(id)).filter(Boolean)],
		[/^GET \/users\/(\w+)$/, (me, [id]) => { if (!this.users.has(id)) throw missing('user'); return this.users.get(id); }],
		[/^GET \/teams\/name\/([^/]+)$/, (me, [name]) => { if (name !== this.team.name) throw missing('team'); return this.team; }],
		[/^GET \/users\/me\/teams\/(\w+)\/channels$/, (me) => [...this.channels.values()].filter((c) => this.members.get(c.id).has(me.id))],
		[/^GET \/teams\/(\w+)\/channels\/name\/([^/]+)$/, (me, [, name]) => {
			const c = [...this.channels.values()].find((x) => x.name === name);
			if (!c || (c.type === 'P' && !this.members.get(c.id).has(me.id))) throw missing('channel');
			return c;
		}],
		[/^POST \/channels$/, (me, _, b) => {
			if (!/^[a-z0-9][a-z0-9_-]*$/.test(b.name)) throw new Refusal(400, 'model.channel.is_valid.1_or_more.app_error', 'Name must be 1 or more lowercase alphanumeric characters.');
			const c = this.channel(b.name, [me], { type: b.type });
			return c;
		}],
		[/^POST \/channels\/direct$/, (me, _, ids) => this.#direct(ids)],
		[/^GET \/channels\/(\w+)$/, (me, [id]) => this.#member(me, id)],
		[/^POST \/channels\/(\w+)\/members$/, (me, [id], b) => { this.join(b.user_id, id); return { channel_id: id, user_id: b.user_id, roles: 'channel_user', last_viewed_at: 0, msg_count: 0, mention_count: 0, notify_props: {}, last_update_at: this.now() }; }],
		[/^DELETE \/channels\/(\w+)\/members\/(\w+)$/, (me, [id, user]) => { this.leave(user, id, me.id); return { status: 'OK' }; }],
		[/^PUT \/channels\/(\w+)\/patch$/, (me, [id], b) => this.#patch_channel(me, this.#member(me, id), b)],
		[/^GET \/channels\/(\w+)\/posts$/, (me, [id], _, q) => { this.#member(me, id); return this.#list(id, q); }],
		[/^POST \/posts$/, (me, _, b) => this.#create(me, b)],
		[/^POST \/posts\/ephemeral$/, (me, _, b) => this.#ephemeral(me, b)],
		[/^GET \/posts\/(\w+)$/, (me, [id]) => this.#shown(this.#post(me, id))],
		[/^PUT \/posts\/(\w+)\/patch$/, (me, [id], b) => this.#patch(me, id, b)],
		[/^DELETE \/posts\/(\w+)$/, (me, [id]) => this.#delete(me, id)],
		[/^POST \/posts\/(\w+)\/(pin|unpin)$/, (me, [id, verb]) => this.#pin(me, id, verb === 'pin')],
		[/^POST \/reactions$/, (me, _, b) => this.#react(me, b)],
		[/^DELETE \/users\/(\w+)\/posts\/(\w+)\/reactions\/([^/]+)$/, (me, [, post, name]) => this.#unreact(me, post, name)],
		[/^POST \/files$/, (me, _, b, q, type) => this.#upload(me, b, q, type)],
		[/^POST \/posts\/(\w+)\/actions\/([A-Za-z0-9]+)$/, (me, [id, action], b) => this.#press(me, id, action, b)],
		[/^POST \/actions\/dialogs\/open$/, (me, _, b) => this.#open_dialog(b)],
		[/^POST \/actions\/dialogs\/submit$/, (me, _, b) => this.#submit_dialog(me, b)],
		[/^POST \/commands\/execute$/, (me, _, b) => this.#execute(me, b)],
	];

	// ---- channels ----

	#direct(ids) {
		const name = [...ids].sort().join('__');
		const there = [...this.channels.values()].find((c) => c.name === name);
		if (there) return there;
		const c = this.channel(name, ids.map((id) => ({ id })), { type: 'D' });
		for (const id of ids) this.tell('direct_added', { creator_id: ids[0], teammate_id: ids[1] }, { channel_id: c.id, user_id: id });
		return c;
	}
	direct(a, b) { return this.#direct([a.id, b.id]); }
	#patch_channel(me, c, b) {
		const old = c.header;
		if ((b.header ?? '').length > 1024) throw new Refusal(400, 'model.channel.is_valid.header.app_error', 'Invalid header.');
		Object.assign(c, Object.fromEntries(Object.entries(b).filter(([k]) => ['name', 'display_name', 'header', 'purpose'].includes(k))), { update_at: this.now() });
		this.tell('channel_updated', { channel: JSON.stringify(c) }, { channel_id: c.id });
		if (b.header !== undefined && b.header !== old)
			this.#put(this.#new_post(me, { channel_id: c.id, message: `${me.username} updated the channel header to: ${b.header}`, type: 'system_header_change', props: { username: me.username, old_header: old, new_header: b.header } }));
		return c;
	}

	// ---- posts ----

	#new_post(me, b) {
		const at = this.now();
		return { id: newId(), create_at: at, update_at: at, edit_at: 0, delete_at: 0, is_pinned: false, user_id: me.id, channel_id: b.channel_id, root_id: b.root_id ?? '', original_id: '', message: b.message ?? '', type: b.type ?? '', props: structuredClone(b.props ?? {}), hashtags: '', file_ids: b.file_ids ?? [], pending_post_id: b.pending_post_id ?? '', remote_id: '', reply_count: 0, last_reply_at: 0, participants: null, metadata: { embeds: [], emojis: [], files: (b.file_ids ?? []).map((id) => this.files.get(id).info), images: {}, reactions: [] } };
	}
	// As clients see it: what a button does is not theirs to know.
	#shown(p) {
		const c = structuredClone(p);
		for (const a of c.props.attachments ?? []) for (const x of a.actions ?? []) delete x.integration;
		return c;
	}
	#put(p) {
		const c = this.channels.get(p.channel_id), u = this.users.get(p.user_id);
		this.posts.set(p.id, p);
		c.last_post_at = p.create_at;
		this.tell('posted', { channel_display_name: c.display_name, channel_name: c.name, channel_type: c.type, post: JSON.stringify(this.#shown(p)), sender_name: `@${u.username}`, set_online: true, team_id: c.team_id }, { channel_id: c.id });
		return p;
	}
	#check_attachments(props) {
		for (const a of props?.attachments ?? []) {
			for (const x of a.actions ?? []) {
				const bad = (what) => { throw new Refusal(400, 'api.post.create_post.attachments.app_error', `action ${what}`); };
				x.id ??= newId();
				if (!/^[A-Za-z0-9]+$/.test(x.id)) bad('must have an id that fits into an address');
				if (!x.name) bad('must have a name');
				if (x.style && !['default', 'primary', 'success', 'good', 'warning', 'danger'].includes(x.style)) bad('has an invalid style');
				if (!/^https?:/.test(x.integration?.url ?? '')) bad('must have an integration URL');
				if (x.type === 'button' ? x.options?.length : x.type === 'select' ? !x.options?.length || x.options.some((o) => !o.text || !o.value) : true) bad('is not valid');
			}
		}
	}
	#create(me, b) {
		const c = this.channels.get(b.channel_id);
		if (!c) throw new Refusal(400, 'api.context.invalid_param.app_error', 'Invalid or missing channel_id parameter in request body.');
		if (!this.members.get(c.id).has(me.id)) throw forbidden('create_post');
		const seen = b.pending_post_id && this.pending.get(b.pending_post_id);
		if (seen && Date.now() - seen.at < PENDING_LIFE) return this.#shown(this.posts.get(seen.id));
		if ([...(b.message ?? '')].length > MESSAGE_MAX) throw new Refusal(400, 'model.post.is_valid.message_length.app_error', 'Post Message property is longer than the maximum permitted length.');
		if (b.root_id && (!this.posts.has(b.root_id) || this.posts.get(b.root_id).root_id || this.posts.get(b.root_id).delete_at)) throw new Refusal(400, 'api.post.create_post.root_id.app_error', 'Invalid RootId parameter.');
		if (!b.message && !b.file_ids?.length && !b.props?.attachments?.length) throw new Refusal(400, 'api.post.create_post.empty.app_error', 'Nothing is said.');
		const p = this.#new_post(me, b);
		this.#check_attachments(p.props);
		if (me.is_bot) p.props.from_bot = 'true';
		if (p.root_id) this.posts.get(p.root_id).reply_count++;
		this.#put(p);
		if (b.pending_post_id) this.pending.set(b.pending_post_id, { id: p.id, at: Date.now() });
		return this.#shown(p);
	}
	#post(me, id) {
		const p = this.posts.get(id);
		if (!p || p.delete_at) throw missing('post');
		this.#member(me, p.channel_id);
		return p;
	}
	#patch(me, id, b) {
		const p = this.#post(me, id);
		if (p.user_id !== me.id) throw forbidden('edit_others_posts');
		if (b.message !== undefined && b.message !== p.message) p.edit_at = this.now();
		if (b.message !== undefined) p.message = b.message;
		if (b.props !== undefined) { p.props = structuredClone(b.props); this.#check_attachments(p.props); if (me.is_bot) p.props.from_bot = 'true'; }
		p.update_at = this.now();
		this.tell('post_edited', { post: JSON.stringify(this.#shown(p)) }, { channel_id: p.channel_id });
		return this.#shown(p);
	}
	#delete(me, id) {
		const p = this.#post(me, id);
		if (p.user_id !== me.id && !me.roles.includes('system_admin')) throw forbidden('delete_others_posts');
		this.tell('post_deleted', { post: JSON.stringify(this.#shown(p)), delete_by: me.id }, { channel_id: p.channel_id });
		p.delete_at = p.update_at = this.now();
		return { status: 'OK' };
	}
	#pin(me, id, is_pinned) {
		const p = this.#post(me, id);
		Object.assign(p, { is_pinned, update_at: this.now() });
		this.tell('post_edited', { post: JSON.stringify(this.#shown(p)) }, { channel_id: p.channel_id });
		return { status: 'OK' };
	}
	#list(id, q) {
		const since = q.get('since');
		let all = [...this.posts.values()].filter((p) => p.channel_id === id && (since !== null ? p.update_at > +since : !p.delete_at)).sort((a, b) => b.create_at - a.create_at);
		if (since === null) all = all.slice(+(q.get('page') ?? 0) * +(q.get('per_page') ?? 60)).slice(0, +(q.get('per_page') ?? 60));
		return { order: all.slice(0, 1000).map((p) => p.id), posts: Object.fromEntries(all.map((p) => [p.id, this.#shown(p)])), next_post_id: '', prev_post_id: '', has_next: false, first_inaccessible_post_time: 0 };
	}
	#react(me, b) {
		const p = this.#post(me, b.post_id), r = { user_id: me.id, post_id: p.id, emoji_name: b.emoji_name, create_at: this.now(), update_at: this.now(), delete_at: 0, remote_id: '', channel_id: p.channel_id };
		if (b.user_id !== me.id) throw forbidden('add_reaction');
		p.metadata.reactions = [...p.metadata.reactions.filter((x) => x.user_id !== me.id || x.emoji_name !== b.emoji_name), r];
		p.update_at = this.now();
		this.tell('reaction_added', { reaction: JSON.stringify(r) }, { channel_id: p.channel_id });
		return r;
	}
	#unreact(me, post, name) {
		const p = this.#post(me, post), r = p.metadata.reactions.find((x) => x.user_id === me.id && x.emoji_name === name);
		if (!r) throw missing('reaction');
		p.metadata.reactions = p.metadata.reactions.filter((x) => x !== r);
		p.update_at = this.now();
		this.tell('reaction_removed', { reaction: JSON.stringify(r) }, { channel_id: p.channel_id });
		return { status: 'OK' };
	}
	#whispered(user_id, post) {
		this.ephemerals.push({ user_id, post });
		this.tell('ephemeral_message', { post: JSON.stringify(this.#shown(post)) }, { user_id });
	}
	#ephemeral(me, b) {
		if (me.is_bot && !this.bots_may_whisper) throw forbidden('create_post_ephemeral');
		const p = this.#new_post(me, { ...b.post, type: 'system_ephemeral' });
		this.#check_attachments(p.props);
		this.#whispered(b.user_id, p);
		return this.#shown(p);
	}
	// Two ways: multipart, as clients do, or the bytes as they are with channel_id and filename in the query.
	#upload(me, b, q, type) {
		const file_infos = [];
		const add = (name, bytes, channel_id) => {
			this.#member(me, channel_id);
			const info = { id: newId(), user_id: me.id, channel_id, create_at: this.now(), update_at: this.now(), delete_at: 0, name, extension: name.split('.').pop(), size: bytes.length, mime_type: 'application/octet-stream', width: 0, height: 0, has_preview_image: false, clientId: '', archived: false };
			this.files.set(info.id, { info, bytes });
			file_infos.push(info);
		};
		const boundary = /boundary=(\S+)/.exec(type)?.[1];
		if (!boundary) {
			if (!q.get('channel_id') || !q.get('filename')) throw new Refusal(400, 'api.context.invalid_url_param.app_error', 'Invalid or missing filename in request URL.');
			add(q.get('filename'), Buffer.isBuffer(b) ? b : Buffer.from(JSON.stringify(b)), q.get('channel_id'));
		} else {
			const parts = b.toString('latin1').split(`--${boundary}`).slice(1, -1).map((p) => { const at = p.indexOf('\r\n\r\n'); return { head: p.slice(0, at), data: Buffer.from(p.slice(at + 4, -2), 'latin1') }; });
			const channel_id = parts.find((p) => /name="channel_id"/.test(p.head))?.data.toString();
			for (const p of parts.filter((x) => /filename="/.test(x.head))) add(/filename="([^"]*)"/.exec(p.head)[1], p.data, channel_id);
		}
		return { file_infos, client_ids: [] };
	}

	// ---- what is pressed, asked and commanded ----

	#trigger(user_id) { const id = Buffer.from(`${newId()}:${user_id}:${Date.now()}:x`).toString('base64'); this.triggers.set(id, { user_id, at: Date.now() }); return id; }
	async #call(url, body, type) {
		const r = await fetch(url, { method: 'POST', body, headers: { 'content-type': type, accept: 'application/json' } });
		if (r.status !== 200) throw new Refusal(400, 'api.post.do_action.action_integration.app_error', `Action integration error: ${r.status} ${await r.text()}`);
		const text = await r.text();
		return text ? JSON.parse(text) : {};
	}
	async #press(me, id, action_id, b) {
		const post = this.posts.get(id) ?? this.ephemerals.find((e) => e.post.id === id && e.user_id === me.id)?.post;
		if (!post) throw missing('post');
		const c = this.#member(me, post.channel_id), action = (post.props.attachments ?? []).flatMap((a) => a.actions ?? []).find((a) => a.id === action_id);
		if (!action) throw new Refusal(404, 'api.post.do_action.action_id.app_error', 'Invalid action id.');
		const trigger_id = this.#trigger(me.id), context = { ...action.integration.context };
		if (b.selected_option) context.selected_option = b.selected_option;
		const said = await this.#call(action.integration.url, JSON.stringify({ user_id: me.id, user_name: me.username, channel_id: c.id, channel_name: c.name, team_id: this.team.id, team_domain: this.team.name, post_id: id, trigger_id, type: action.type, data_source: '', context }), 'application/json');
		if (said.ephemeral_text) this.#whispered(me.id, this.#new_post(me, { channel_id: c.id, message: said.ephemeral_text, type: 'system_ephemeral' }));
		return { status: 'OK', trigger_id };
	}
	#open_dialog({ trigger_id, url, dialog }) {
		const t = this.triggers.get(trigger_id), bad = (what) => { throw new Refusal(400, 'api.dialog.open.app_error', what); };
		if (!t || Date.now() - t.at > TRIGGER_LIFE) bad('Trigger ID for interactive dialog is expired.');
		if (!/^https?:/.test(url)) bad('no url');
		if (!dialog.title || [...dialog.title].length > 24) bad('title');
		for (const e of dialog.elements ?? []) {
			if (!e.display_name || [...e.display_name].length > 24 || !e.name || e.name.length > 300) bad('display_name');
			if (!['text', 'textarea', 'select', 'bool', 'radio'].includes(e.type) || ([...(e.help_text ?? '')].length > 150)) bad('type');
			if ((e.max_length ?? 0) > (e.type === 'textarea' ? 3000 : 150)) bad('max_length');
		}
		this.dialogs.push({ user_id: t.user_id, url, dialog });
		this.tell('open_dialog', { dialog: JSON.stringify({ trigger_id, url, dialog }) }, { user_id: t.user_id });
		return { status: 'OK' };
	}
	async #submit_dialog(me, b) {
		return this.#call(b.url, JSON.stringify({ type: 'dialog_submission', callback_id: b.callback_id, state: b.state, user_id: me.id, channel_id: b.channel_id, team_id: b.team_id, submission: b.submission, cancelled: b.cancelled ?? false }), 'application/json');
	}
	async #execute(me, b) {
		const c = this.#member(me, b.channel_id), [word, ...rest] = b.command.split(' '), cmd = this.commands.get(word.slice(1));
		if (!cmd) throw new Refusal(404, 'api.command.execute_command.not_found.app_error', `Command with a trigger of '${word}' not found.`);
		const trigger_id = this.#trigger(me.id), hook = newId();
		this.hooks.set(hook, { user_id: me.id, channel_id: c.id, left: 5 });
		const form = new URLSearchParams({ channel_id: c.id, channel_name: c.name, command: word, response_url: `${this.url}/hooks/commands/${hook}`, team_domain: this.team.name, team_id: this.team.id, text: rest.join(' '), token: cmd.token, trigger_id, user_id: me.id, user_name: me.username });
		const said = await this.#call(cmd.url, form.toString(), 'application/x-www-form-urlencoded');
		if (said.text) this.#whispered(me.id, this.#new_post(me, { channel_id: c.id, message: said.text, type: 'system_ephemeral' }));
		return { trigger_id };
	}
	#response_url(id, body) {
		const h = this.hooks.get(id);
		if (!h || !h.left--) throw missing('command_webhook');
		const p = this.#new_post(this.users.get(h.user_id), { channel_id: h.channel_id, message: body.text, type: 'system_ephemeral', props: { attachments: body.attachments } });
		this.#check_attachments(p.props);
		this.#whispered(h.user_id, p);
		return { status: 'OK' };
	}

	// ---- the WebSocket ----

	#socket(ws, req) {
		const s = { ws, seq: 0, user_id: this.tokens.get(/^Bearer (\S+)$/i.exec(req.headers.authorization ?? '')?.[1]) };
		const hello = () => { this.sockets.add(s); this.#send(s, 'hello', { connection_id: newId(), server_hostname: 'fake', server_version: '11.9.0.fake' }, { user_id: s.user_id }); };
		ws.on('close', () => this.sockets.delete(s));
		ws.on('error', () => {});
		ws.on('message', (data) => {
			const m = JSON.parse(data);
			if (this.silent) return;
			if (m.action === 'authentication_challenge') {
				s.user_id = this.tokens.get(m.data?.token);
				if (!s.user_id) { ws.send(JSON.stringify({ status: 'FAIL', seq_reply: m.seq, error: { id: 'api.web_socket_router.not_authenticated.app_error', message: 'WebSocket connection is not authenticated.' } })); ws.close(); return; }
				hello();
				ws.send(JSON.stringify({ status: 'OK', seq_reply: m.seq }));
			} else if (m.action === 'ping') {
				ws.send(JSON.stringify({ status: 'OK', seq_reply: m.seq, data: { text: 'pong', version: '11.9.0.fake', node_id: '', server_time: Date.now() } }));
			}
		});
		if (s.user_id) hello();
	}
	#send(s, event, data, broadcast) {
		s.ws.send(JSON.stringify({ event, data, broadcast: { omit_users: null, user_id: '', channel_id: '', team_id: '', connection_id: '', omit_connection_id: '', ...broadcast }, seq: s.seq++ }));
	}
	tell(event, data, broadcast) {
		if (this.silent) return;
		for (const s of this.sockets)
			if (broadcast.user_id ? s.user_id === broadcast.user_id : this.members.get(broadcast.channel_id)?.has(s.user_id)) this.#send(s, event, data, broadcast);
	}
	hang_up() { for (const s of this.sockets) s.ws.terminate(); }

	// What stands in a channel, oldest first.
	said(channel, { deleted = false } = {}) {
		return [...this.posts.values()].filter((p) => p.channel_id === channel.id && (deleted || !p.delete_at) && !p.type.startsWith('system_')).sort((a, b) => a.create_at - b.create_at);
	}
}
