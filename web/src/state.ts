// state.ts -- what the console knows, and the acts that change it.
//
// Signals hold the present state; components read them and are drawn again when they change. Server facts come by boot, by reads
// (history, replies) and by the stream; whatever is known twice agrees, because messages are put by their ts.

import { batch, computed, effect, signal } from '@preact/signals';
import { ApiError, api_on_logged_out, error_text, slack, slack_farewell, v1 } from './api';
import { ask_modal, dialog } from './frame';
import { Log, is_reply } from './log';
import { consent_asked, route, route_go, route_start, route_to_channel } from './route';
import { Stream, type Frame, type Status } from './stream';
import type { AlertGroup, App, Approval, Boot, Channel, Command, CommandParam, Filter, Message, ModalState, ModalView, Option, Place, Self, SlackEvent, User } from './types';

export type Phase = 'loading' | 'setup' | 'login' | 'in' | 'down';

export const phase = signal<Phase>('loading');
export const self = signal<Self | null>(null);
export const team = signal<Boot['team'] | null>(null);
export const users = signal<ReadonlyMap<string, User>>(new Map());
export const channels = signal<ReadonlyMap<string, Channel>>(new Map());
export const commands = signal<Command[]>([]);
export const prefixes = signal<string[]>([]);
export const flags = signal<CommandParam[]>([]);         // what every command takes
export const filters = signal<Filter[]>([]);            // what may stand behind a pipe
export const status = signal<Status>('off');
export const broken = signal(false);                    // the connection has been away for long enough to say so
export const alerts_open = signal<AlertGroup[]>([]);
export const alerts_rev = signal(0);                    // one up when alerts may have changed
export const apps = signal<App[]>([]);                   // with commands or shortcuts
export const homes = signal<ReadonlyMap<string, ModalView>>(new Map());        // what apps show on their page, by app
export const silences_rev = signal(0);                  // one up when silences have changed
export const approvals_rev = signal(0);                 // one up when a request for a yes may have changed
export const approvals_waiting = signal<Approval[]>([]);        // kept by the sidebar
export const drawer_open = signal(false);               // the sidebar, on a phone
export const new_line = signal<ReadonlyMap<string, string>>(new Map());        // channel to the last ts that was read before
export const typing = signal<ReadonlyMap<string, ReadonlySet<string>>>(new Map());
export const editing = signal('');                      // which message is being edited, in which pane

export interface Toast { id: number; text: string; bad: boolean }

export const toasts = signal<Toast[]>([]);
let toast_id = 0;

export function toast(text: string, bad = false): void {
	const id = ++toast_id;

	toasts.value = [...toasts.value.slice(-3), { id, text, bad }];
	setTimeout(() => toast_close(id), bad ? 9000 : 5000);
}

export function toast_close(id: number): void {
	toasts.value = toasts.value.filter((one) => one.id !== id);
}

// ---- channels ----

const logs = new Map<string, Log>();
const counted = new Map<string, number>();              // channel to the seq up to which unread is counted

export function log_get(channel: string): Log {
	let log = logs.get(channel);

	if (!log)
		logs.set(channel, log = new Log());
	return log;
}

export function channel_name(channel: Channel): string {
	if (!channel.is_im)
		return '#' + channel.name;
	return users.value.get(channel.user ?? '')?.name ?? channel.name ?? 'direct message';
}

function by_name(a: Channel, b: Channel): number {
	return channel_name(a).localeCompare(channel_name(b));
}

// In the order of the sidebar: channels, then direct messages.
export const channels_mine = computed(() => {
	const mine = [...channels.value.values()].filter((channel) => channel.is_member);

	return [...mine.filter((channel) => !channel.is_im).sort(by_name), ...mine.filter((channel) => channel.is_im).sort(by_name)];
});

// What the badge says. Mentions in threads are no unread messages of the channel, but they count when nothing else does.
export function channel_count(channel: Channel): number {
	return channel.unread || channel.mentions || 0;
}

export const unread_total = computed(() => channels_mine.value.reduce((sum, channel) => sum + channel_count(channel), 0));
export const channel_shown = computed(() => channels.value.get(route.value.channel));

export function channel_change(id: string, change: Partial<Channel>): void {
	const old = channels.value.get(id);

	if (old)
		channels.value = new Map(channels.value).set(id, { ...old, ...change });
}

function channel_put(channel: Channel): void {
	channels.value = new Map(channels.value).set(channel.id, { ...channels.value.get(channel.id), ...channel });
}

export function author_name(message: Message): string {
	const user = message.user ? users.value.get(message.user) : undefined;

	return message.username || user?.name || message.bot_profile?.name || message.user || message.bot_id || 'opsroom';
}

export function is_bot(message: Message): boolean {
	return !!message.bot_id || message.subtype === 'bot_message' || !!users.value.get(message.user ?? '')?.is_bot;
}

// ---- coming in ----

export async function session_start(): Promise<void> {
	try {
		await boot_load();
		phase.value = 'in';
		if (consent_asked())
			return;
		stream.start();
		if (route.value.view === 'none' || (route.value.view === 'channel' && !channel_shown.value))
			route_home();
	} catch (error) {
		phase.value = error instanceof ApiError && error.status === 401 ? 'login' : 'down';
	}
}

function route_home(): void {
	const last = storage_get('channel');
	const there = channels_mine.value.find((channel) => channel.id === last) ?? channels_mine.value[0];

	if (there)
		route_go(route_to_channel(there.id), true);
}

async function boot_load(): Promise<void> {
	const boot = await v1('GET', 'boot') as Boot;

	batch(() => {
		self.value = boot.self;
		team.value = boot.team;
		users.value = new Map(boot.users.map((user) => [user.id, presence_told.has(user.id) ? { ...user, presence: users.value.get(user.id)?.presence } : user]));
		commands.value = boot.commands ?? [];
		prefixes.value = boot.command_prefixes ?? [];
		flags.value = boot.command_flags ?? [];
		filters.value = boot.command_filters ?? [];
		apps.value = boot.apps ?? [];
		channels.value = new Map(boot.channels.map((channel) => [channel.id, boot_channel(channel)]));
	});
	for (const channel of boot.channels)
		if (channel.is_member)
			stream.know(channel.id, channel.last_seq ?? 0);
	alerts_refresh();
}

// A channel as boot has it; but what the stream has counted meanwhile, or what was read meanwhile, is newer.
function boot_channel(channel: Channel): Channel {
	const known = channels.value.get(channel.id);
	const newer = (counted.get(channel.id) ?? -1) > (channel.last_seq ?? 0) || (known?.last_read ?? '') > (channel.last_read ?? '');

	if (known && channel.is_member && newer)
		return { ...channel, unread: known.unread, mentions: known.mentions, last_read: known.last_read };
	counted.set(channel.id, channel.last_seq ?? 0);
	return channel;
}

export async function login(user: string, password: string): Promise<void> {
	await v1('POST', 'login', { user, password });
	await session_start();
}

export async function setup(token: string, name: string, email: string, password: string): Promise<void> {
	await v1('POST', 'setup', { token, name, email, password });
	history.replaceState(null, '', '/');
	route_start();
	await session_start();
}

export async function logout(): Promise<void> {
	await v1('POST', 'logout').catch(() => {});
	storage_clear('draft.');        // the next person at this browser must not find them
	storage_clear('sending.');
	session_end();
}

function session_end(): void {
	if (phase.value !== 'in')
		return;
	stream.stop();
	stream.seqs.clear();
	logs.clear();
	counted.clear();
	batch(() => {
		phase.value = 'login';
		self.value = null;
		channels.value = new Map();
		users.value = new Map();
		alerts_open.value = [];
		toasts.value = [];
	});
}

// ---- the stream ----

export const stream = new Stream({
	event: on_event,
	frame: on_frame,
	reset: (channel) => void history_again(channel),
	hello: on_hello,
	status: on_status,
	logged_out: session_end,
	session_ok: async () => {
		try {
			await v1('GET', 'me');
			return true;
		} catch (error) {
			return !(error instanceof ApiError && error.status === 401);
		}
	},
}, {
	open: () => new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/stream`) as any,
	later: (run, ms) => {
		const timer = setTimeout(run, ms);

		return () => clearTimeout(timer);
	},
	random: Math.random,
});

api_on_logged_out(session_end);

let broken_timer = 0;

function on_status(now: Status): void {
	status.value = now;
	if (now === 'live' || now === 'off') {
		clearTimeout(broken_timer);
		broken_timer = 0;
		broken.value = false;
	} else if (!broken_timer) {
		broken_timer = window.setTimeout(() => broken.value = true, 700);      // a blink is not worth a banner
	}
}

// Frames without numbers were lost during a break: people, presence, counts and channels are read anew.
function on_hello(again: boolean, present: string[]): void {
	presence_told.clear();
	if (again) {
		silences_rev.value++;
		approvals_rev.value++;
	}
	if (again || present.some((id) => !channels.value.get(id)?.is_member))
		void boot_load().catch(() => {});
}

// Somebody else said something: no notice of who came and went.
function is_said(event: SlackEvent): boolean {
	return event.user !== self.value?.user_id && !/^channel_(?:join|leave|topic|purpose|name|archive|unarchive)$/.test(event.subtype ?? '');
}

function counts_as_unread(event: SlackEvent): boolean {
	return is_said(event) && (!is_reply(event) || event.subtype === 'thread_broadcast');
}

function is_for_me(event: SlackEvent): boolean {
	const text = event.text ?? '';

	return is_said(event) && (text.includes(`<@${self.value?.user_id}`) || /<!(?:here|channel|everyone)\b/.test(text));
}

function on_event(id: string, seq: number, event: SlackEvent): void {
	batch(() => {
		log_get(id).handle(event);
		if (event.type === 'message')
			on_message(id, seq, event);
		else if (event.type === 'channel_topic')
			channel_change(id, { topic: event.topic ?? '' });
		else if (event.type === 'member_joined_channel')
			channel_change(id, { num_members: (channels.value.get(id)?.num_members ?? 0) + 1 });
		else if (event.type === 'member_left_channel')
			channel_change(id, { num_members: Math.max(0, (channels.value.get(id)?.num_members ?? 1) - 1) });
	});
}

function on_message(id: string, seq: number, event: SlackEvent): void {
	const channel = channels.value.get(id);

	typing_end(id, event.user ?? '');
	if (event.bot_id || event.message?.bot_id)
		alerts_refresh();
	if (!channel || seq <= (counted.get(id) ?? 0))
		return;
	counted.set(id, seq);
	if (!event.ts || event.hidden)
		return;
	const unread = counts_as_unread(event) ? 1 : 0;
	const mention = is_for_me(event) ? 1 : 0;       // also in a thread, which counts as nothing else

	if (unread)
		new_line_begin(id);
	channel_change(id, { unread: (channel.unread ?? 0) + unread, mentions: (channel.mentions ?? 0) + mention, latest: event.ts });
}

function on_frame(frame: Frame): void {
	const id = typeof frame.channel === 'string' ? frame.channel : '';

	switch (frame.type) {
	case 'ephemeral':
		return ephemeral_put(id, frame.message);
	case 'ephemeral_deleted':
		return log_get(id).remove_ephemeral(String(frame.ts));
	case 'channel_joined':
		return on_joined(frame.channel as Channel);
	case 'channel_created':
		return channel_put(frame.channel as Channel);
	case 'channel_left':
		return on_left(id);
	case 'user_changed': {
		const user = frame.user as User;

		users.value = new Map(users.value).set(user.id, { ...users.value.get(user.id), ...user });
		return;
	}
	case 'view_opened':
		if (frame.view && document.visibilityState === 'visible')       // not on every page that is open
			app_view_show(frame.view);
		return;
	case 'view_changed': {
		const open = dialog.value, view = frame.view;

		if (view?.type === 'home')
			homes.value = new Map(homes.value).set(view.app_id ?? '', view);
		else if (view && open?.kind === 'modal' && open.view.id === view.id)
			dialog.value = { ...open, view };
		return;
	}
	case 'silences_changed':
		silences_rev.value++;
		return;
	case 'approvals_changed':
		approvals_rev.value++;
		return;
	case 'presence':
		return on_presence(frame.users ?? [String(frame.user)], String(frame.presence));
	case 'typing':
		return typing_begin(id, String(frame.user));
	case 'marked':
		return channel_change(id, { last_read: frame.last_read, unread: frame.unread ?? 0, mentions: frame.mentions ?? 0 });
	}
}

function on_joined(channel: Channel): void {
	channel_put({ ...channel, is_member: true });
	stream.know(channel.id, channel.last_seq ?? 0);
	if (!counted.has(channel.id))
		counted.set(channel.id, channel.last_seq ?? 0);
	const log = logs.get(channel.id);

	if (log?.loaded)        // it was looked into before; what came between is missing
		void history_latest(channel.id, log);
}

function on_left(id: string): void {
	const channel = channels.value.get(id);

	stream.forget(id);
	logs.delete(id);
	if (channel && !channel.is_private && !channel.is_im) {
		channel_change(id, { is_member: false, unread: 0, mentions: 0 });
		return;
	}
	const rest = new Map(channels.value);

	rest.delete(id);
	channels.value = rest;
	if (route.value.channel === id)
		route_home();
}

const presence_told = new Set<string>();                // what the stream told of these is newer than what boot says

function on_presence(ids: string[], presence: string): void {
	const changed = new Map(users.value);

	for (const id of ids) {
		presence_told.add(id);
		const user = users.value.get(id);

		if (user)
			changed.set(id, { ...user, presence });
	}
	users.value = changed;
}

// The people on the screen: the direct messages of the sidebar, then the authors in the open channel and thread, newest first.
function people_shown(): Set<string> {
	const people = new Set<string>();
	const add = (id: string | undefined) => id && users.value.get(id)?.is_bot === false && people.add(id);

	for (const channel of channels_mine.value)
		if (channel.is_im)
			add(channel.user);
	if (!channel_shown.value)
		return people;
	const log = log_get(channel_shown.value.id);

	log.rev.value;          // looked at again when the log changes
	for (const list of [log.threads.get(route.value.thread) ?? [], log.roots])
		for (let i = list.length; i-- > 0;)
			add(list[i]!.user);
	return people;
}

effect(() => {
	const people = people_shown();

	for (const id of presence_told)
		if (!people.has(id))
			presence_told.delete(id);
	stream.watch(people);
});

let ephemeral_count = 0;

function ephemeral_put(channel: string, message: Message): void {
	const now = (Date.now() / 1000).toFixed(0) + '.' + String(++ephemeral_count).padStart(6, '0');

	log_get(channel).add_ephemeral({ ...message, ts: message.ts || now, ephemeral: true });
}

const typing_timers = new Map<string, number>();

function typing_set(channel: string, change: (names: Set<string>) => void): void {
	const names = new Set(typing.value.get(channel));

	change(names);
	typing.value = new Map(typing.value).set(channel, names);
}

function typing_begin(channel: string, user: string): void {
	const key = channel + user;

	if (user === self.value?.user_id)
		return;
	clearTimeout(typing_timers.get(key));
	typing_timers.set(key, window.setTimeout(() => typing_end(channel, user), 5000));
	if (!typing.value.get(channel)?.has(user))
		typing_set(channel, (names) => names.add(user));
}

function typing_end(channel: string, user: string): void {
	if (typing.value.get(channel)?.has(user))
		typing_set(channel, (names) => names.delete(user));
}

// ---- reading ----

const page = 60;

export async function history_load(channel: string): Promise<void> {
	const log = log_get(channel);

	if (!log.loaded)
		await history_latest(channel, log);
}

async function history_latest(channel: string, log: Log): Promise<void> {
	log.read_begin();
	try {
		const answer = await slack('conversations.history', { channel, limit: page });

		log.read_end(() => log.put_latest(answer.messages, answer.response_metadata?.next_cursor ?? '', !!answer.has_more));
	} catch (error) {
		log.read_end(() => log.error = error_text(error));
	}
}

// After a gap: what was read before may lack messages, so only the newest page stays. A channel that was never read needs nothing.
async function history_again(channel: string): Promise<void> {
	const log = logs.get(channel);

	void boot_load().catch(() => {});
	if (!log?.loaded)
		return;
	await history_latest(channel, log);
	await Promise.all([...log.threads.keys()].map((ts) => thread_load(channel, ts)));
}

let older_busy = false;

export async function history_older(channel: string, limit = page): Promise<void> {
	const log = log_get(channel);
	const from = log.cursor ? { cursor: log.cursor } : { latest: log.roots[0]?.ts };

	if (older_busy || !log.loaded || !log.has_more)
		return;
	older_busy = true;
	log.read_begin();
	try {
		const answer = await slack('conversations.history', { channel, limit, ...from });

		log.read_end(() => log.put_older(answer.messages, answer.response_metadata?.next_cursor ?? '', !!answer.has_more));
	} catch (error) {
		log.read_end();
		toast(`Older messages cannot be read: ${error_text(error)}`, true);
	} finally {
		older_busy = false;
	}
}

// Reads upwards until the message is there. False: it is not to be found.
export async function history_reach(channel: string, ts: string): Promise<boolean> {
	const log = log_get(channel);

	await history_load(channel);
	for (let pages = 0; pages < 20 && log.has_more && (log.roots[0]?.ts ?? '') > ts; pages++)
		await history_older(channel, 200);
	return !!log.find(ts);
}

export async function thread_load(channel: string, ts: string): Promise<void> {
	const log = log_get(channel);
	const messages: Message[] = [];
	let cursor = '';

	log.read_begin();
	try {
		do {
			const answer = await slack('conversations.replies', { channel, ts, limit: 200, ...(cursor ? { cursor } : {}) });

			messages.push(...answer.messages);
			cursor = answer.response_metadata?.next_cursor ?? '';
		} while (cursor && messages.length < 2000);
		log.read_end(() => log.put_thread(ts, messages));
	} catch (error) {
		log.read_end();
		toast(`The thread cannot be read: ${error_text(error)}`, true);
	}
}

// ---- read and unread ----

export function new_line_begin(id: string): void {
	const channel = channels.value.get(id);

	if (channel && !new_line.value.has(id) && channel.last_read)
		new_line.value = new Map(new_line.value).set(id, channel.last_read);
}

export function new_line_end(id: string): void {
	if (!new_line.value.has(id))
		return;
	const rest = new Map(new_line.value);

	rest.delete(id);
	new_line.value = rest;
}

const mark_pauses = new Map<string, { next: string }>();        // channel to what was seen since the last call
const mark_pause_ms = 500;

// All of the channel has been seen. The first call leaves at once, those that follow quickly become one.
export function channel_mark(id: string): void {
	const channel = channels.value.get(id);
	const root = log_get(id).roots.at(-1)?.ts ?? '', latest = channel?.latest ?? '';
	const last = latest > root ? latest : root;     // replies in threads too

	if (!channel?.is_member || !last || ((channel.last_read ?? '') >= last && !channel_count(channel)))
		return;
	channel_change(id, { last_read: last, unread: 0, mentions: 0 });
	const pause = mark_pauses.get(id);

	if (pause)
		pause.next = last;
	else
		mark_send(id, last);
}

// What is in view has been seen, if somebody sits before it.
export function channel_mark_seen(id: string): void {
	if (document.hasFocus() && document.visibilityState === 'visible')
		channel_mark(id);
}

function mark_send(id: string, ts: string): void {
	const pause = { next: '' };

	mark_pauses.set(id, pause);
	slack('conversations.mark', { channel: id, ts }).catch(() => {});      // the next one says it again
	setTimeout(() => {
		mark_pauses.delete(id);
		if (pause.next)
			mark_send(id, pause.next);
	}, mark_pause_ms);
}

// The page goes away: what is still to be told about reading is told now.
export function marks_flush(): void {
	for (const [channel, pause] of mark_pauses) {
		if (pause.next)
			slack_farewell('conversations.mark', { channel, ts: pause.next });
		pause.next = '';
	}
}

// ---- acts ----

// Sends a message. The key makes a repeat after an unclear failure harmless.
export async function message_send(channel: string, text: string, thread_ts: string, key: string): Promise<void> {
	const answer = await slack('chat.postMessage', { channel, text, ...(thread_ts ? { thread_ts } : {}) }, key);

	new_line_end(channel);
	if (answer.message?.ts)
		log_get(channel).handle({ ...answer.message, type: 'message' });
}

export async function command_send(channel: string, command: string, text: string, thread_ts: string): Promise<void> {
	const answer = await slack('chat.command', { channel, command, text, ...(thread_ts ? { thread_ts } : {}) });
	const response = answer.response;

	// The stream tells it as well; only while that is away the answer itself is shown.
	if (response && response.response_type !== 'in_channel' && status.value !== 'live')
		ephemeral_put(channel, { ...response, ts: '', ...(thread_ts ? { thread_ts } : {}) });
	alerts_refresh();
}

export async function message_edit(channel: string, ts: string, text: string): Promise<void> {
	await slack('chat.update', { channel, ts, text });
}

export async function message_delete(channel: string, ts: string): Promise<void> {
	await slack('chat.delete', { channel, ts });
}

export async function reaction_toggle(channel: string, message: Message, name: string): Promise<void> {
	const mine = message.reactions?.some((reaction) => reaction.name === name && reaction.users.includes(self.value!.user_id));

	try {
		await slack(mine ? 'reactions.remove' : 'reactions.add', { channel, timestamp: message.ts, name });
	} catch (error) {
		if (!(error instanceof ApiError && (error.code === 'already_reacted' || error.code === 'no_reaction')))
			toast(`The reaction was refused: ${error_text(error)}`, true);
	}
}

function container_of(channel: string, message: Message, view?: ModalView) {
	return view ? { type: 'view', view_id: view.id } : { type: 'message', message_ts: message.ts, channel_id: channel, is_ephemeral: !!message.ephemeral, ...(is_reply(message) ? { thread_ts: message.thread_ts } : {}) };
}

// A button of a message, a dialog or a home was pressed. What it did is seen in the message and told in an ephemeral one. Answers the dialog that it asks for.
export async function action_send(channel: string, message: Message, action: Record<string, unknown>, of_view?: ModalView): Promise<ModalView | null> {
	try {
		const answer = await slack('blocks.actions', {
			container: container_of(channel, message, of_view),
			actions: [action],
		});
		alerts_refresh();
		return answer.view ?? null;
	} catch (error) {
		toast(`Not done: ${error_text(error)}`, true);
		return null;
	}
}

// A shortcut of an app, of a message or of none.
export async function shortcut_run(app: string, callback_id: string, channel = '', message_ts = ''): Promise<void> {
	try {
		await slack('shortcuts.run', { app, callback_id, ...(message_ts ? { channel, message_ts } : {}) });
	} catch (error) {
		toast(`Not done: ${error_text(error)}`, true);
	}
}

// What an app knows for a menu, of what was typed.
export async function options_ask(place: Place, block_id: string, action_id: string, value: string): Promise<Option[]> {
	try {
		const { options, option_groups } = await slack('blocks.suggestions', { container: container_of(place.channel, place.message, place.view), block_id, action_id, value });

		return options ?? (option_groups ?? []).flatMap((group: { options?: Option[] }) => group.options ?? []);
	} catch (error) {
		toast(`No options: ${error_text(error)}`, true);
		return [];
	}
}

// What an app says is wrong, by block.
export class FieldErrors extends Error {
	constructor(readonly errors: Record<string, string>) {
		super(Object.values(errors).map(String).join(' ') || 'The app does not take this.');
	}
}

// Dialogs below the one that is shown.
const views_below: ModalView[] = [];

// What an app answers to its dialog: it shows another one, or says what is wrong with a field. Behind the last one of a stack stands the one before.
async function app_view_submit(view: ModalView, state: ModalState): Promise<void> {
	const answer = await slack('views.submit', { view_id: view.id, state });
	let next = answer.view as ModalView | undefined;

	if (answer.response_action === 'errors')
		throw new FieldErrors((answer.errors ?? {}) as Record<string, string>);
	if (answer.response_action === 'push')
		views_below.push(view);
	else if (answer.response_action === 'clear')
		views_below.length = 0;
	else if (!next)
		next = views_below.pop();
	if (next)
		setTimeout(() => ask_app_view(next));      // behind the end of this one
}

// The home of an app is looked at, or what one says to it: the app hears of it, and may show another home.
export async function home_open(app: string, tab: 'home' | 'messages'): Promise<void> {
	const answer = await slack('apps.home.open', { app, tab }).catch(() => null);

	if (answer?.view)
		homes.value = new Map(homes.value).set(app, answer.view as ModalView);
}

function app_view_show(view: ModalView): void {
	const open = dialog.value;

	if (open?.kind === 'modal' && open.view.id && open.view.id === view.previous_view_id) {
		views_below.push(open.view);
		dialog.value = null;            // it stays, below
	} else {
		views_below.length = 0;
	}
	ask_app_view(view);
}

function ask_app_view(view: ModalView): void {
	ask_modal(view, (state) => app_view_submit(view, state), () => {
		const below = views_below.pop();

		void slack('views.close', { view_id: view.id }).catch(() => {});
		if (below)
			setTimeout(() => ask_app_view(below));
	});
}

export async function view_submit(view: ModalView, state: ModalState): Promise<void> {
	await slack('views.submit', { view: { callback_id: view.callback_id, private_metadata: view.private_metadata, state } });
	alerts_refresh();
}

// Runs a command as the console's own buttons do, without a place in a channel.
export async function command_run(line: string): Promise<void> {
	try {
		const answer = await v1('POST', 'commands', { line });

		toast(typeof answer.text === 'string' && answer.text ? answer.text : 'Done.');
	} catch (error) {
		toast(`Not done: ${error_text(error)}`, true);
	}
	alerts_refresh();
}

export async function channel_join(id: string): Promise<void> {
	const answer = await slack('conversations.join', { channel: id });

	channel_put({ ...channel_of(answer.channel), is_member: true });
	route_go(route_to_channel(id));
}

export async function channel_create(name: string, is_private: boolean): Promise<void> {
	const answer = await slack('conversations.create', { name, is_private });

	channel_put({ ...channel_of(answer.channel), is_member: true });
	route_go(route_to_channel(answer.channel.id));
}

export async function dm_open(user: string): Promise<void> {
	const answer = await slack('conversations.open', { users: user });

	if (!channels.value.has(answer.channel.id))
		channel_put({ id: answer.channel.id, name: '', is_im: true, is_member: true, user });
	route_go(route_to_channel(answer.channel.id));
}

// Slack's channel object to the one of boot. Counts and numbers come by channel_joined.
function channel_of(channel: any): Channel {
	return {
		id: channel.id, name: channel.name ?? '', is_private: !!channel.is_private, is_im: !!channel.is_im,
		topic: channel.topic?.value ?? '', num_members: channel.num_members ?? channels.value.get(channel.id)?.num_members ?? 1,
	};
}

let alerts_timer = 0;

// Reads the open alerts soon. Many messages at once lead to one read.
export function alerts_refresh(): void {
	if (alerts_timer)
		return;
	alerts_timer = window.setTimeout(async () => {
		alerts_timer = 0;
		try {
			alerts_open.value = (await v1('GET', 'alerts?state=open&limit=200')).alerts ?? [];
		} catch {
			return;         // the next event asks again
		}
		alerts_rev.value++;
	}, 300);
}

// True when the thread pane shows this thread, so what belongs there need not stand in the channel.
export function thread_is_open(channel: string, thread_ts: string): boolean {
	return route.value.channel === channel && route.value.thread === thread_ts;
}

// ---- this browser ----

export function storage_get(key: string): string {
	try {
		return localStorage.getItem(`opsroom.${key}`) ?? '';
	} catch {
		return '';
	}
}

export function storage_set(key: string, value: string): void {
	try {
		if (value)
			localStorage.setItem(`opsroom.${key}`, value);
		else
			localStorage.removeItem(`opsroom.${key}`);
	} catch {
		// Private windows may refuse; the console then forgets with the page.
	}
}

function storage_clear(prefix: string): void {
	try {
		for (const key of Object.keys(localStorage))
			if (key.startsWith(`opsroom.${prefix}`))
				localStorage.removeItem(key);
	} catch {
		// as above
	}
}

export type Theme = 'auto' | 'light' | 'dark';

export const theme = signal<Theme>('auto');

export function theme_set(wish: Theme): void {
	theme.value = wish;
	storage_set('theme', wish === 'auto' ? '' : wish);
	if (wish === 'auto')
		delete document.documentElement.dataset.theme;
	else
		document.documentElement.dataset.theme = wish;
}

export function theme_start(): void {
	const stored = storage_get('theme');

	theme_set(stored === 'light' || stored === 'dark' ? stored : 'auto');
}
