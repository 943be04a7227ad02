// outbox.ts -- what a person writes in one place, a channel or a thread, from the first letter to the daemon's answer.
//
// Rules only: no network and no screen. Enter puts what stands in the box into a queue, so the next may be written and sent at once;
// the queue is sent one after the other, so all arrive in the order in which they were entered. What cannot be sent comes back
// into the box, before what was typed meanwhile. All of it is stored, so neither a failure nor a closed tab loses a text.

import { signal } from '@preact/signals';

// One intent to send. Its key makes a repeat after an unclear failure harmless.
export interface Entry { typed: string; key: string }

export interface World {
	send(entry: Entry): Promise<void>;
	goes_on(error: unknown): boolean;       // this failure says nothing about the entries behind
	failed(error: unknown, typed: string): string;          // what to tell about it
	load(name: 'draft' | 'sending'): string;
	store(name: 'draft' | 'sending', text: string): void;
	key(): string;
}

interface Stored { queue: Entry[]; back: Entry[] }

function stored_parse(text: string): Stored {
	try {
		const { queue, back } = JSON.parse(text);

		return Array.isArray(queue) && Array.isArray(back) ? { queue, back } : { queue: [], back: [] };
	} catch {
		return { queue: [], back: [] };
	}
}

// What came back is sent as it was entered the first time, each text on its own and with its key, as far as it still stands unchanged at the head.
export function entries_again(back: Entry[], typed: string): { again: Entry[]; rest: string } {
	const again: Entry[] = [];
	let rest = typed;

	for (const entry of back) {
		if (rest !== entry.typed && !rest.startsWith(entry.typed + '\n'))
			break;
		again.push(entry);
		rest = rest.slice(entry.typed.length + 1);
	}
	return { again, rest: rest.trim() };
}

export class Outbox {
	readonly text = signal('');             // what stands in the box
	readonly error = signal('');
	readonly waiting = signal(0);           // entered, not yet answered
	private queue: Entry[] = [];            // the first is on its way
	private back: Entry[] = [];             // came back: they stand at the head of the box, unless they were changed there
	private dropped = false;

	constructor(private world: World) {
		const { queue, back } = stored_parse(world.load('sending'));
		const draft = world.load('draft');

		// The page went away while the queue was under way.
		this.back = [...queue, ...back];
		this.text.value = [...queue.map((entry) => entry.typed), draft].filter(Boolean).join('\n');
	}

	change(text: string): void {
		this.text.value = text;
		this.error.value = '';
		this.world.store('draft', text);
	}

	// Takes what stands in the box.
	enter(): void {
		const { again, rest } = entries_again(this.back, this.text.value.trim());

		if (again.length === 0 && !rest)
			return;
		this.back = [];
		this.queue.push(...again, ...rest ? [{ typed: rest, key: this.world.key() }] : []);
		this.store_queue();
		this.change('');
		if (this.waiting.value === 0)
			void this.run();
		this.waiting.value = this.queue.length;
	}

	// Another person may sit here next: nothing is sent or stored any more.
	drop(): void {
		this.dropped = true;
		this.queue = [];
		this.back = [];
	}

	private async run(): Promise<void> {
		for (let entry = this.queue[0]; entry; entry = this.queue[0]) {
			try {
				await this.world.send(entry);
				this.queue.shift();
			} catch (error) {
				if (!this.dropped)
					this.give_back(error, entry);
			}
			if (!this.dropped)
				this.store_queue();
			this.waiting.value = this.queue.length;
		}
	}

	private give_back(error: unknown, entry: Entry): void {
		const entries = this.queue.splice(0, this.world.goes_on(error) ? 1 : this.queue.length);

		this.back = [...entries, ...this.back];
		this.change([...entries.map((one) => one.typed), this.text.value].filter(Boolean).join('\n'));
		this.error.value = this.world.failed(error, entry.typed);
	}

	private store_queue(): void {
		const { queue, back } = this;

		this.world.store('sending', queue.length + back.length ? JSON.stringify({ queue, back }) : '');
	}
}
