// composer.tsx -- where people write: drafts, completion, commands, sending.
//
// outbox.ts keeps what was typed, and sends it; here it is shown.

import { effect } from '@preact/signals';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ApiError, error_text, key_new } from './api';
import { type Completion, type Known, complete, encode_text, entry_parse, is_complete } from './completion';
import { is_own, message_begin_edit } from './message';
import { type Entry, Outbox } from './outbox';
import { route } from './route';
import { alerts_open, apps, approvals_waiting, author_name, channels, command_send, commands, filters, flags, log_get, message_send, phase, prefixes, self, storage_get, storage_set, stream, toast, typing, users } from './state';

interface ComposerProps { channel: string; thread_ts: string; name: string }

const typing_every_ms = 3000;
const longest_text = 40_000;

function known_now(): Known {
	return {
		commands: commands.value, prefixes: prefixes.value, users: [...users.value.values()],
		channels: [...channels.value.values()], alerts: alerts_open.value,
		flags: flags.value, filters: filters.value, requests: approvals_waiting.value,
		app_commands: apps.value.flatMap((app) => app.commands),
	};
}

async function send_entry(channel: string, thread_ts: string, { typed, key }: Entry): Promise<void> {
	const entry = entry_parse(typed);

	if (typed.length > longest_text)
		throw new Error(`${typed.length} characters are too many, ${longest_text} is the most.`);
	if (entry.kind === 'command')
		await command_send(channel, entry.command, entry.text, thread_ts);
	else
		await message_send(channel, encode_text(entry.text, known_now()), thread_ts, key);
}

// A command that is not known is a slip of its own; anything else would stop the next text too.
function is_unknown_command(error: unknown): boolean {
	return error instanceof ApiError && error.code === 'unknown_command';
}

function failure_text(error: unknown, typed: string): string {
	if (is_unknown_command(error)) {
		const list = commands.value.map((command) => command.name).join(', ');

		return `${typed.split(/\s/)[0]} is no command here. ${prefixes.value[0] ?? '/'} knows: ${list}. Begin with // to say it as text.`;
	}
	return `Not sent: ${error_text(error)} Your text is still here.`;
}

// One for each place; it outlives the composer that shows it, because people walk on while something is being sent.
const outboxes = new Map<string, Outbox>();

function outbox_get(channel: string, thread_ts: string): Outbox {
	const place = `${self.value?.user_id}.${channel}${thread_ts && '.' + thread_ts}`;
	let outbox = outboxes.get(place);

	if (!outbox)
		outboxes.set(place, outbox = new Outbox({
			send: (entry) => send_entry(channel, thread_ts, entry),
			goes_on: is_unknown_command,
			failed: (error, typed) => {
				const text = failure_text(error, typed);

				if (route.value.channel !== channel || (thread_ts && route.value.thread !== thread_ts))
					toast(text, true);
				return text;
			},
			load: (name) => storage_get(`${name}.${place}`),
			store: (name, text) => storage_set(`${name}.${place}`, text),
			key: key_new,
		}));
	return outbox;
}

// The session ended: what is stored is read again when the same person comes back.
effect(() => {
	if (phase.value === 'in')
		return;
	for (const outbox of outboxes.values())
		outbox.drop();
	outboxes.clear();
});

function Proposals({ completion, at, id, take }: { completion: Completion; at: number; id: string; take: (i: number) => void }) {
	const list = useRef<HTMLDivElement>(null);

	useLayoutEffect(() => {
		list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
	}, [at]);
	if (completion.items.length === 0)
		return completion.help ? <div class="usage" id={`${id}-usage`}>{completion.help}</div> : null;
	return (
		<div class="proposals" ref={list} tabIndex={0}>
			{completion.help && <div class="usage">{completion.help}</div>}
			<ul class="choices" role="listbox" id={`${id}-list`} aria-label="Proposals">
				{completion.items.map((item, i) => (
					<li key={item.label} id={`${id}-${i}`} role="option" aria-selected={i === at} onMouseDown={(event) => { event.preventDefault(); take(i); }}>
						<span class="choice-label">{item.label}</span> <span class="choice-hint">{item.hint}</span>
					</li>
				))}
			</ul>
		</div>
	);
}

function Typing({ channel }: { channel: string }) {
	const names = [...typing.value.get(channel) ?? []].map((id) => users.value.get(id)?.name ?? 'someone');

	return <div class="typing" aria-hidden="true">{names.length > 0 && `${names.slice(0, 3).join(', ')} ${names.length > 1 ? 'are' : 'is'} typing…`}</div>;
}

// The last own message of this pane, for the Up key.
function edit_last(channel: string, thread_ts: string): boolean {
	const log = log_get(channel);
	const list = thread_ts ? log.threads.get(thread_ts) ?? [] : log.roots;
	const message = [...list].reverse().find((one) => is_own(one) && author_name(one) === self.value?.name);

	if (message)
		message_begin_edit(message, !!thread_ts);
	return !!message;
}

export function Composer({ channel, thread_ts, name }: ComposerProps) {
	const outbox = outbox_get(channel, thread_ts);
	const id = thread_ts ? 'thread-proposals' : 'proposals';
	const text = outbox.text.value, error = outbox.error.value, busy = outbox.waiting.value > 0;
	const [caret, set_caret] = useState(text.length);
	const [closed, set_closed] = useState('');      // the text for which the proposals were closed
	const [at, set_at] = useState(-1);              // the proposal that was gone to; -1: none yet
	const box = useRef<HTMLTextAreaElement>(null);
	const wanted_caret = useRef(-1);
	const typed_at = useRef(0);

	const completion = closed === text ? null : complete(text, caret, known_now());
	const items = completion?.items ?? [];
	const chosen = at < 0 && completion?.weak ? -1 : Math.min(Math.max(at, 0), items.length - 1);

	useLayoutEffect(() => {
		const element = box.current!;

		element.style.height = 'auto';
		element.style.height = `${Math.min(element.scrollHeight + 2, window.innerHeight * 0.4)}px`;
		if (wanted_caret.current >= 0)
			element.setSelectionRange(wanted_caret.current, wanted_caret.current);
		wanted_caret.current = -1;
		set_caret(element.selectionStart);      // what came back was not typed
	}, [text]);

	function change(now: string, where: number) {
		outbox.change(now);
		set_caret(where);
		set_at(-1);
	}

	function take(i: number) {
		const item = items[i];

		if (!item || !completion)
			return;
		const now = text.slice(0, completion.from) + item.insert + text.slice(completion.to);

		wanted_caret.current = completion.from + item.insert.length;
		change(now, wanted_caret.current);
		box.current!.focus();
	}

	function on_input(element: HTMLTextAreaElement) {
		change(element.value, element.selectionStart);
		if (element.value && Date.now() - typed_at.current > typing_every_ms) {
			typed_at.current = Date.now();
			stream.typing(channel);
		}
	}

	function on_proposal_key(event: KeyboardEvent): boolean {
		switch (event.key) {
		case 'ArrowDown':
			set_at((chosen + 1) % items.length);
			return true;
		case 'ArrowUp':
			set_at((Math.max(chosen, 0) - 1 + items.length) % items.length);
			return true;
		case 'Tab':
			take(Math.max(chosen, 0));
			return !event.shiftKey;
		case 'Enter':
			if (event.shiftKey || chosen < 0 || is_complete(text, completion!, items[chosen]!))
				return false;
			take(chosen);
			return true;
		case 'Escape':
			set_closed(text);
			return true;
		}
		return false;
	}

	function on_key(event: KeyboardEvent) {
		if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey)
			return;
		if (items.length > 0 && on_proposal_key(event)) {
			event.preventDefault();
			event.stopPropagation();
		} else if (event.key === 'Enter' && !event.shiftKey) {
			event.preventDefault();
			outbox.enter();
		} else if (event.key === 'ArrowUp' && !text && edit_last(channel, thread_ts)) {
			event.preventDefault();
		}
	}

	return (
		<div class="composer">
			{completion && <Proposals completion={completion} at={chosen} id={id} take={take} />}
			{error && <p class="error" role="alert">{error}</p>}
			<div class="composer-line">
				<textarea ref={box} rows={1} value={text} placeholder={thread_ts ? 'Reply…' : `Message ${name}`} aria-label={thread_ts ? 'Reply in the thread' : `Message ${name}`}
					aria-autocomplete="list" aria-haspopup="listbox" aria-controls={items.length ? `${id}-list` : undefined} aria-activedescendant={items.length && chosen >= 0 ? `${id}-${chosen}` : undefined}
					aria-busy={busy} autocomplete="off" onInput={(event) => on_input(event.currentTarget)} onKeyDown={on_key}
					onSelect={(event) => set_caret(event.currentTarget.selectionStart)} />
				<button type="button" class="button primary send" aria-label="Send" disabled={!text.trim()} onClick={() => outbox.enter()}>Send</button>
			</div>
			<div class="composer-foot">{busy ? <div class="sending">Sending…</div> : <Typing channel={thread_ts ? '' : channel} />}<span class="hint"><kbd>/</kbd> commands <kbd>@</kbd> people <kbd>?</kbd> keys</span></div>
		</div>
	);
}
