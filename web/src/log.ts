// log.ts -- what is known of one channel's messages. Rules only: events in, lists out; no network and no screen.
//
// Messages are never changed in place: a changed message is a new object, so a row is drawn again only when its message is another.
// Applying an event twice changes nothing the second time.

import { signal } from '@preact/signals';
import type { Message, SlackEvent } from './types';

// Where ts stands in a list that is sorted by ts, or where it would.
function place(list: Message[], ts: string): number {
	let low = 0, high = list.length;

	while (low < high) {
		const middle = (low + high) >> 1;

		if (list[middle]!.ts < ts)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

export function list_find(list: Message[], ts: string): Message | undefined {
	const found = list[place(list, ts)];

	return found?.ts === ts ? found : undefined;
}

export function list_upsert(list: Message[], message: Message): Message[] {
	const at = place(list, message.ts);
	const there = list[at]?.ts === message.ts;

	return [...list.slice(0, at), message, ...list.slice(there ? at + 1 : at)];
}

function list_remove(list: Message[], ts: string): Message[] {
	return list.some((message) => message.ts === ts) ? list.filter((message) => message.ts !== ts) : list;
}

function list_change(list: Message[], ts: string, change: (message: Message) => Message): Message[] {
	const at = place(list, ts);
	const old = list[at];

	if (old?.ts !== ts)
		return list;
	const changed = change(old);

	return changed === old ? list : [...list.slice(0, at), changed, ...list.slice(at + 1)];
}

export function is_reply(message: { ts?: string; thread_ts?: string; subtype?: string }): boolean {
	return !!message.thread_ts && message.thread_ts !== message.ts;
}

function reaction_change(message: Message, name: string, user: string, add: boolean): Message {
	const reactions = message.reactions ?? [];
	const old = reactions.find((reaction) => reaction.name === name);

	if (add === !!old?.users.includes(user))
		return message;
	const users = add ? [...old?.users ?? [], user] : old!.users.filter((id) => id !== user);
	const changed = { name, users, count: users.length };
	const rest = old ? reactions.map((reaction) => reaction === old ? changed : reaction) : [...reactions, changed];

	return { ...message, reactions: rest.filter((reaction) => reaction.users.length > 0) };
}

const keep_when_trimmed = 300, trim_above = 800;

export class Log {
	readonly rev = signal(0);               // one up with each change: what draws this log reads it
	roots: Message[] = [];                  // without a gap from the oldest to the newest, once loaded
	threads = new Map<string, Message[]>(); // those that were opened, root first
	ephemerals: Message[] = [];
	loaded = false;
	has_more = false;
	cursor = '';
	error = '';
	private reads = 0;
	private meanwhile: SlackEvent[] = [];

	changed(): void {
		this.rev.value++;
	}

	find(ts: string): Message | undefined {
		const root = list_find(this.roots, ts);

		if (root)
			return root;
		for (const thread of this.threads.values()) {
			const reply = list_find(thread, ts);

			if (reply)
				return reply;
		}
		return undefined;
	}

	// What is read from the server may be older than what the stream tells while the answer is on its way. So
	// the events of that time are kept, and applied again on top of what was read.
	read_begin(): void {
		this.reads++;
	}

	read_end(put?: () => void): void {
		put?.();
		for (const event of this.meanwhile)
			this.apply(event);
		if (--this.reads === 0)
			this.meanwhile = [];
		this.changed();
	}

	// The newest page: everything known before is replaced.
	put_latest(messages: Message[], cursor: string, has_more: boolean): void {
		this.roots = [...messages].sort(by_ts);
		this.cursor = cursor;
		this.has_more = has_more;
		this.loaded = true;
		this.error = '';
	}

	put_older(messages: Message[], cursor: string, has_more: boolean): void {
		const oldest = this.roots[0]?.ts;
		const older = messages.filter((message) => oldest === undefined || message.ts < oldest).sort(by_ts);

		this.roots = [...older, ...this.roots];
		this.cursor = cursor;
		this.has_more = has_more;
	}

	put_thread(root_ts: string, messages: Message[]): void {
		this.threads.set(root_ts, [...messages].sort(by_ts));
	}

	// Forgets the oldest of a long list; they are read again when someone scrolls there.
	trim(): void {
		if (this.roots.length <= trim_above)
			return;
		this.roots = this.roots.slice(-keep_when_trimmed);
		this.cursor = '';
		this.has_more = true;
		this.changed();
	}

	handle(event: SlackEvent): void {
		if (this.reads > 0)
			this.meanwhile.push(event);
		this.apply(event);
		this.changed();
	}

	add_ephemeral(message: Message): void {
		this.ephemerals = [...this.ephemerals, message].slice(-50);
		this.changed();
	}

	remove_ephemeral(ts: string): void {
		this.ephemerals = list_remove(this.ephemerals, ts);
		this.changed();
	}

	private everywhere(change: (list: Message[]) => Message[]): void {
		this.roots = change(this.roots);
		for (const [root, list] of this.threads)
			this.threads.set(root, change(list));
	}

	private apply(event: SlackEvent): void {
		const item = event.item?.ts;

		if (event.type === 'reaction_added' || event.type === 'reaction_removed') {
			if (item && event.reaction && event.user) {
				const { reaction, user } = event, add = event.type === 'reaction_added';

				this.everywhere((list) => list_change(list, item, (message) => reaction_change(message, reaction, user, add)));
			}
			return;
		}
		if (event.type !== 'message')
			return;
		if (event.subtype === 'message_changed') {
			const changed = event.message;

			if (changed?.ts)
				this.everywhere((list) => list_change(list, changed.ts, () => changed));
		} else if (event.subtype === 'message_deleted') {
			if (event.deleted_ts)
				this.everywhere((list) => list_remove(list, event.deleted_ts!));
		} else if (event.ts) {
			this.add(event as Message);
		}
	}

	private add(message: Message): void {
		const thread = is_reply(message) ? this.threads.get(message.thread_ts!) : undefined;

		if (thread)
			this.threads.set(message.thread_ts!, list_upsert(thread, list_find(thread, message.ts) ?? message));
		if (!this.loaded || (is_reply(message) && message.subtype !== 'thread_broadcast'))
			return;
		if (list_find(this.roots, message.ts))
			return;         // there already, perhaps in a later form
		this.roots = list_upsert(this.roots, message);
	}
}

function by_ts(a: Message, b: Message): number {
	return a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0;
}
