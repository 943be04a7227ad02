// list.tsx -- a log of messages, in the channel and in the thread pane: days, the "new" line, scrolling, the keyboard.

import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { MessageRow, message_ask_delete, message_begin_edit, message_copy_link, message_react, is_own, thread_open } from './message';
import { day_key, day_name } from './time';
import type { Message } from './types';

export interface ListProps {
	channel: string;
	messages: Message[];
	label: string;
	in_thread: boolean;
	top: ComponentChildren;         // what stands above the oldest message
	jump: string;                   // ts to bring into view
	new_after: string;              // ts after which messages are new, or ''
	on_top?: () => void;            // the oldest message is near
	on_bottom?: () => void;         // the newest is in view
}

const group_seconds = 300, near_px = 60;

function belongs_to(message: Message, before: Message | undefined): boolean {
	return !!before && !before.ephemeral === !message.ephemeral && before.user === message.user && before.bot_id === message.bot_id
		&& before.username === message.username && before.subtype === message.subtype
		&& Number(message.ts) - Number(before.ts) < group_seconds;
}

export function list_merge(messages: Message[], ephemerals: Message[]): Message[] {
	if (ephemerals.length === 0)
		return messages;
	return [...messages, ...ephemerals].sort((a, b) => a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0);
}

// Keys on a message of the log, by its ts.
function message_key(event: KeyboardEvent, { channel, messages, in_thread }: ListProps, ts: string): boolean {
	const message = messages.find((one) => one.ts === ts);

	if (!message || message.ephemeral || event.ctrlKey || event.metaKey || event.altKey)
		return false;
	switch (event.key) {
	case 'Enter':
	case 't':
		if (!in_thread)
			thread_open(channel, message);
		return true;
	case 'r':
		message_react(channel, message);
		return true;
	case 'e':
		message_begin_edit(message, in_thread);
		return true;
	case 'c':
		void message_copy_link(channel, message);
		return true;
	case 'Delete':
		if (is_own(message))
			void message_ask_delete(channel, message);
		return true;
	}
	return false;
}

function rows_of(box: HTMLElement): HTMLElement[] {
	return [...box.querySelectorAll<HTMLElement>('.message')];
}

// Moves the focus one message up or down; from the log itself to its last message.
function focus_step(box: HTMLElement, from: HTMLElement, step: number): void {
	const rows = rows_of(box);
	const at = rows.indexOf(from);
	const next = at < 0 ? rows[rows.length - 1] : rows[at + step];

	next?.focus();
	next?.scrollIntoView({ block: 'nearest' });
}

export function MessageList(props: ListProps) {
	const { channel, messages, in_thread, jump, new_after } = props;
	const box = useRef<HTMLDivElement>(null);
	const stick = useRef(true);             // the newest message stays in view
	const before = useRef({ first: '', height: 0 });
	const [away, set_away] = useState(false);
	const [active, set_active] = useState('');
	const bottom = useRef(props.on_bottom);
	const last = messages[messages.length - 1]?.ts ?? '';

	bottom.current = props.on_bottom;

	function scroll_down() {
		const element = box.current!;

		element.scrollTop = element.scrollHeight;
		stick.current = true;
		set_away(false);
		bottom.current?.();
	}

	useLayoutEffect(() => {
		const element = box.current!;
		const first = messages[0]?.ts ?? '';
		const was = before.current;

		if (stick.current && !jump)
			element.scrollTop = element.scrollHeight;
		else if (was.first && first < was.first)
			element.scrollTop += element.scrollHeight - was.height;
		before.current = { first, height: element.scrollHeight };
	});

	useEffect(() => {
		if (stick.current)
			bottom.current?.();
	}, [last]);

	// The composer grows, the phone's keyboard opens, a button appears: what is at the bottom stays there.
	useEffect(() => {
		const element = box.current!;
		const observer = new ResizeObserver(() => {
			if (stick.current)
				element.scrollTop = element.scrollHeight;
		});

		observer.observe(element);
		observer.observe(element.firstElementChild!);
		return () => observer.disconnect();
	}, []);

	useEffect(() => {
		const row = jump && rows_of(box.current!).find((one) => one.dataset.ts === jump);

		if (!row)
			return;
		stick.current = false;
		row.scrollIntoView({ block: 'center' });
		row.focus({ preventScroll: true });
	}, [jump, messages.length > 0 && messages[0]!.ts <= jump]);

	function on_scroll() {
		const element = box.current!;

		stick.current = element.scrollHeight - element.scrollTop - element.clientHeight < near_px;
		set_away(!stick.current);
		if (stick.current)
			bottom.current?.();
		if (element.scrollTop < 300)
			props.on_top?.();
	}

	function on_key(event: KeyboardEvent) {
		const target = event.target as HTMLElement;
		const step = event.key === 'ArrowDown' || event.key === 'j' ? 1 : event.key === 'ArrowUp' || event.key === 'k' ? -1 : 0;

		if ((target !== box.current && !target.classList.contains('message')) || event.altKey || event.ctrlKey || event.metaKey)
			return;
		if (step)
			focus_step(box.current!, target, step);
		else if (event.key === 'Home' || event.key === 'End')
			focus_step(box.current!, rows_of(box.current!)[event.key === 'Home' ? 0 : messages.length - 1] ?? target, 0);
		else if (!message_key(event, props, target.dataset.ts ?? ''))
			return;
		event.preventDefault();
		event.stopPropagation();
	}

	const roving = messages.some((message) => message.ts === active) ? active : last;

	return (
		<div class="log-frame">
			<div class="log" ref={box} role="log" aria-label={props.label} aria-live="polite" aria-relevant="additions" tabIndex={0} onScroll={on_scroll} onKeyDown={on_key}
				onFocusIn={(event) => {
					const row = (event.target as HTMLElement).closest<HTMLElement>('.message');

					if (row?.dataset.ts)
						set_active(row.dataset.ts);
				}}>
				<div class="log-inside">
					{props.top}
					{messages.map((message, i) => {
						const previous = messages[i - 1];
						const new_day = !previous || day_key(previous.ts) !== day_key(message.ts);
						const is_first_new = !!new_after && message.ts > new_after && (!previous || previous.ts <= new_after);

						return [
							new_day && !in_thread && <div class="day" key={'day' + message.ts}><span>{day_name(message.ts)}</span></div>,
							is_first_new && <div class="new-line" key="new-line"><span>New</span></div>,
							<MessageRow key={message.ts} channel={channel} message={message} in_thread={in_thread} marked={message.ts === jump}
								active={message.ts === roving} grouped={!new_day && !is_first_new && belongs_to(message, previous)} />,
						];
					})}
				</div>
			</div>
			{away && <button type="button" class="button to-newest" onClick={scroll_down}>↓ Newest</button>}
		</div>
	);
}
