// message.tsx -- one message: who, when, what, its reactions, its thread, and what can be done with it.

import { Component, type ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ApiError, error_text } from './api';
import { Body } from './blocks';
import { decode_text, encode_text } from './completion';
import { emoji } from './emoji';
import { ask_confirm, pick_emoji } from './frame';
import { is_reply } from './log';
import { plain_text } from './mrkdwn';
import { route_go, route_to_message, route_to_thread } from './route';
import { apps, author_name, channels, editing, is_bot, log_get, message_delete, message_edit, reaction_toggle, self, shortcut_run, toast, users } from './state';
import { time_short, time_whole, ts_date } from './time';
import type { Message } from './types';

export interface MessageProps {
	channel: string;
	message: Message;
	grouped: boolean;               // the one before is by the same author: no name again
	in_thread: boolean;
	marked: boolean;                // someone followed a link to it
	active: boolean;                // the keyboard's place in the log
}

export function is_own(message: Message): boolean {
	return message.user === self.value?.user_id && !message.subtype && !message.ephemeral;
}

// A thread's root may be on the page twice; only one of the two is edited.
function editing_key(message: Message, in_thread: boolean): string {
	return (in_thread ? 'thread ' : 'channel ') + message.ts;
}

export function message_begin_edit(message: Message, in_thread: boolean): void {
	if (is_own(message))
		editing.value = editing_key(message, in_thread);
}

export function message_react(channel: string, message: Message): void {
	pick_emoji((name) => void reaction_toggle(channel, message, name));
}

export async function message_ask_delete(channel: string, message: Message): Promise<void> {
	if (!await ask_confirm({ title: 'Delete this message?', text: 'It is gone for everyone.', yes: 'Delete', no: 'Keep' }))
		return;
	try {
		await message_delete(channel, message.ts);
	} catch (error) {
		toast(`Not deleted: ${error_text(error)}`, true);
	}
}

export async function message_copy_link(channel: string, message: Message): Promise<void> {
	const address = `${location.origin}/${route_to_message(channel, message.ts, message.thread_ts)}`;

	try {
		await navigator.clipboard.writeText(address);
		toast('Link copied.');
	} catch {
		toast(address);         // no clipboard on plain http: at least it can be seen
	}
}

export function thread_open(channel: string, message: Message): void {
	route_go(route_to_thread(channel, message.thread_ts ?? message.ts));
}

function Reactions({ channel, message }: { channel: string; message: Message }) {
	const reactions = message.reactions ?? [];

	if (reactions.length === 0)
		return null;
	return (
		<div class="reactions">
			{reactions.map((reaction) => {
				const mine = reaction.users.includes(self.value?.user_id ?? '');
				const names = reaction.users.map((id) => users.value.get(id)?.name ?? id).join(', ');

				return (
					<button type="button" key={reaction.name} class={mine ? 'reaction mine' : 'reaction'} aria-pressed={mine}
						aria-label={`${reaction.name}: ${reaction.count} (${names})`} title={`:${reaction.name}: ${names}`}
						onClick={() => void reaction_toggle(channel, message, reaction.name)}>
						<span aria-hidden="true">{emoji.get(reaction.name) ?? `:${reaction.name}:`} {reaction.count}</span>
					</button>
				);
			})}
			<button type="button" class="reaction add" aria-label="Add a reaction" onClick={() => message_react(channel, message)}>+</button>
		</div>
	);
}

// What apps can do with a message, if there is any.
function AppTools({ channel, message }: { channel: string; message: Message }) {
	const all = apps.value.flatMap((app) => app.shortcuts.filter((one) => one.type === 'message').map((one) => ({ ...one, app })));

	if (all.length === 0)
		return null;
	return (
		<select aria-label="Apps" onChange={(event) => {
			const chosen = all[event.currentTarget.selectedIndex - 1];

			event.currentTarget.selectedIndex = 0;
			if (chosen)
				void shortcut_run(chosen.app.id, chosen.callback_id, channel, message.ts);
		}}>
			<option>Apps…</option>
			{all.map((one) => <option>{one.name} ({one.app.name})</option>)}
		</select>
	);
}

function Tools({ channel, message, in_thread }: { channel: string; message: Message; in_thread: boolean }) {
	const own = is_own(message);

	if (message.ephemeral)
		return (
			<div class="tools">
				<button type="button" onClick={() => log_get(channel).remove_ephemeral(message.ts)}>Dismiss</button>
			</div>
		);
	return (
		<div class="tools" role="group" aria-label="Message actions">
			<button type="button" title="React (r)" onClick={() => message_react(channel, message)}>React</button>
			{!in_thread && <button type="button" title="Reply in thread (t)" onClick={() => thread_open(channel, message)}>Reply</button>}
			<button type="button" title="Copy link (c)" onClick={() => void message_copy_link(channel, message)}>Link</button>
			<AppTools channel={channel} message={message} />
			{own && <button type="button" title="Edit (e)" onClick={() => message_begin_edit(message, in_thread)}>Edit</button>}
			{own && <button type="button" title="Delete (Delete)" onClick={() => void message_ask_delete(channel, message)}>Delete</button>}
		</div>
	);
}

function Editor({ channel, message }: { channel: string; message: Message }) {
	const known = { users: [...users.value.values()], channels: [...channels.value.values()] };
	const before = decode_text(message.text ?? '', known);
	const [text, set_text] = useState(before);
	const [error, set_error] = useState('');
	const [busy, set_busy] = useState(false);
	const box = useRef<HTMLTextAreaElement>(null);

	useLayoutEffect(() => {
		box.current!.focus();
		box.current!.setSelectionRange(text.length, text.length);
	}, []);

	function close() {
		editing.value = '';
		const row = box.current?.closest<HTMLElement>('.pane')?.querySelector<HTMLElement>('.composer textarea');

		row?.focus();
	}

	async function save() {
		if (busy)
			return;
		if (!text.trim() || text === before)
			return close();
		set_busy(true);
		try {
			await message_edit(channel, message.ts, encode_text(text, known));
			close();
		} catch (reason) {
			set_busy(false);
			set_error(reason instanceof ApiError ? reason.message : error_text(reason));
		}
	}

	function on_key(event: KeyboardEvent) {
		if (event.isComposing)
			return;
		if (event.key === 'Escape' || (event.key === 'Enter' && !event.shiftKey)) {
			event.preventDefault();
			event.stopPropagation();
			if (event.key === 'Enter')
				void save();
			else
				close();
		}
	}

	return (
		<div class="editor">
			<textarea ref={box} class="input" aria-label="Edit message" rows={Math.min(10, text.split('\n').length + 1)} value={text}
				onInput={(event) => set_text(event.currentTarget.value)} onKeyDown={on_key} />
			{error && <p class="error" role="alert">Not saved: {error}</p>}
			<div class="line">
				<button type="button" class="button" onClick={close}>Cancel</button>
				<button type="button" class="button primary" aria-busy={busy} onClick={() => void save()}>Save</button>
				<span class="faint">Enter saves, Escape cancels</span>
			</div>
		</div>
	);
}

function ThreadSummary({ channel, message }: { channel: string; message: Message }) {
	const count = message.reply_count ?? 0;
	const names = (message.reply_users ?? []).slice(0, 4).map((id) => users.value.get(id)?.name ?? id).join(', ');

	if (count < 1)
		return null;
	return (
		<a class="thread-summary" href={route_to_thread(channel, message.ts)}>
			<strong>{count === 1 ? '1 reply' : `${count} replies`}</strong>
			{names && <span class="faint"> {names}</span>}
			{message.latest_reply && <span class="faint"> · last {time_short(ts_date(message.latest_reply))}</span>}
		</a>
	);
}

// Two letters on a quiet tint that is always the same for the same name.
function Face({ name, bot, here }: { name: string; bot: boolean; here: boolean }) {
	let hash = 0;

	for (const char of name)
		hash = (hash * 31 + char.codePointAt(0)!) >>> 0;
	return <div class={`face tint-${hash % 6}${bot ? ' bot' : ''}`} aria-hidden="true">{[...name.replace(/^[^\p{L}\p{N}]+/u, '')].slice(0, 2).join('') || '?'}{here && <span class="dot active" title="active" />}</div>;
}

// A bot may send what no renderer foresaw. Then that one message cannot be shown, and everything else can.
class Guard extends Component<{ children: ComponentChildren }, { broken: boolean }> {
	override state = { broken: false };

	static override getDerivedStateFromError() {
		return { broken: true };
	}

	override componentWillReceiveProps() {
		if (this.state.broken)
			this.setState({ broken: false });       // it may have been edited
	}

	override render({ children }: { children: ComponentChildren }, { broken }: { broken: boolean }) {
		return broken ? <span class="faint">This message cannot be shown.</span> : children;
	}
}

function Head({ name, bot, message }: { name: string; bot: boolean; message: Message }) {
	const date = ts_date(message.ts);

	return (
		<div class="head">
			<span class="author">{name}</span>
			{bot && <span class="app">app</span>}
			<time dateTime={date.toISOString()} title={time_whole(date)}>{time_short(date)}</time>
			{message.ephemeral && <span class="only-you">Only visible to you</span>}
			{message.subtype === 'thread_broadcast' && <span class="faint">replied to a thread</span>}
		</div>
	);
}

export function is_notice(message: Message): boolean {
	return /^channel_(?:join|leave|topic|purpose|name|archive|unarchive)$/.test(message.subtype ?? '');
}

export function MessageRow({ channel, message, grouped: follows, in_thread, marked, active }: MessageProps) {
	const name = author_name(message), bot = is_bot(message);
	const date = ts_date(message.ts);
	const notice = is_notice(message), grouped = follows || notice;     // a notice says who in its text
	const classes = ['message', grouped && 'grouped', marked && 'marked', message.ephemeral && 'ephemeral', notice && 'notice'].filter(Boolean).join(' ');

	return (
		<div class={classes} role="article" tabIndex={active ? 0 : -1} data-ts={message.ts} data-ephemeral={message.ephemeral ? '' : undefined}
			aria-label={`${name}, ${time_short(date)}: ${plain_text(message.text ?? '').slice(0, 120)}`}>
			{grouped ? <time class="gutter" dateTime={date.toISOString()} title={time_whole(date)}>{time_short(date)}</time> : <Face name={name} bot={bot} here={!bot && users.value.get(message.user ?? '')?.presence === 'active'} />}
			<div class="content">
				{!grouped && <Head name={name} bot={bot} message={message} />}
				{editing.value === editing_key(message, in_thread) && is_own(message) ? <Editor channel={channel} message={message} /> : <Guard><Body place={{ channel, message }} /></Guard>}
				{message.edited && <span class="edited">(edited)</span>}
				<Reactions channel={channel} message={message} />
				{!in_thread && !is_reply(message) && <ThreadSummary channel={channel} message={message} />}
				{!in_thread && is_reply(message) && <a class="thread-summary" href={route_to_thread(channel, message.thread_ts!)}>See the thread</a>}
			</div>
			<Tools channel={channel} message={message} in_thread={in_thread} />
		</div>
	);
}
