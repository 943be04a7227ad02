// stream.ts -- the live connection: resume, order, reconnect. It knows no message and no screen.
//
// Each channel's events are numbered. A Stream keeps the last number that it handed on and hands on each event once and in
// order. When numbers are missing it asks its owner to read the channel anew (`reset`) and goes on from the new number.

import type { Channel, ModalView, SlackEvent, User } from './types';

export interface Frame {
	type: string;
	channel?: string | Channel;
	channels?: Record<string, number>;
	seq?: number;
	event?: SlackEvent;
	message?: any;
	user?: string | User;
	presence?: string;
	users?: string[];
	last_read?: string;
	unread?: number;
	mentions?: number;
	reason?: string;
	view?: ModalView;
	ts?: string;
	id?: number;
}

export type Status = 'connecting' | 'live' | 'waiting' | 'off';

export interface Hooks {
	event(channel: string, seq: number, event: SlackEvent): void;
	frame(frame: Frame): void;              // without a number: may be lost, is never repeated
	reset(channel: string): void;           // what is known of this channel has a gap
	hello(again: boolean, channels: string[]): void;        // again: after a break
	status(status: Status): void;
	logged_out(): void;
	session_ok(): Promise<boolean>;         // asked before another try, false ends the tries
}

export interface Socket {
	send(text: string): void;
	close(): void;
	onopen: (() => void) | null;
	onmessage: ((event: { data: any }) => void) | null;
	onclose: (() => void) | null;
}

export interface World {
	open(): Socket;
	later(run: () => void, ms: number): () => void;         // returns what calls it off
	random(): number;                                       // 0 <= x < 1
}

const first_wait_ms = 500, longest_wait_ms = 15_000;
const most_watched = 500;               // the daemon takes no more
const ping_every_ms = 20_000, silence_ms = 10_000;

// How long to wait before try number n (from 0): doubling, at most 15 s, at least 0.5 s, spread by jitter so that a
// restarted daemon is not met by all browsers in the same instant.
export function backoff_ms(attempt: number, random: number): number {
	const ceiling = Math.min(longest_wait_ms, first_wait_ms * 2 ** Math.min(attempt + 1, 10));

	return Math.round(first_wait_ms + random * (ceiling - first_wait_ms));
}

export class Stream {
	readonly seqs = new Map<string, number>();
	private socket: Socket | null = null;
	private attempt = 0;
	private greeted = false;                // hello came on this connection
	private ever = false;                   // hello came at all
	private stopped = true;
	private call_off: (() => void) | null = null;
	private ping_off: (() => void) | null = null;
	private ping_id = 0;
	private watched = '';                   // whose presence is asked for: sorted ids, separated by blanks

	constructor(private hooks: Hooks, private world: World) {}

	start(): void {
		this.stopped = false;
		this.connect();
	}

	stop(): void {
		this.stopped = true;
		this.drop();
		this.call_off?.();
		this.call_off = null;
		this.hooks.status('off');
	}

	// The network came back or the person asks: do not wait out the pause.
	hurry(): void {
		if (this.stopped || this.socket)
			return;
		this.call_off?.();
		this.call_off = null;
		this.attempt = 0;
		this.connect();
	}

	// Tries whether the connection still lives, as after a laptop's sleep.
	probe(): void {
		if (this.socket && this.greeted)
			this.ping();
		else
			this.hurry();
	}

	typing(channel: string): void {
		if (this.socket && this.greeted)
			this.socket.send(JSON.stringify({ type: 'typing', channel }));
	}

	// Whose coming and going is to be told, over reconnects too.
	watch(people: Iterable<string>): void {
		const wanted = [...people].slice(0, most_watched).sort().join(' ');

		if (wanted === this.watched)
			return;
		this.watched = wanted;
		if (this.greeted)
			this.watch_send();
	}

	private watch_send(): void {
		this.socket?.send(JSON.stringify({ type: 'presence_sub', ids: this.watched.split(' ').filter(Boolean) }));
	}

	// Where a channel is known to stand, from boot. A number that is further on already stays.
	know(channel: string, seq: number): void {
		if (!(this.seqs.get(channel)! >= seq))
			this.seqs.set(channel, seq);
	}

	forget(channel: string): void {
		this.seqs.delete(channel);
	}

	private connect(): void {
		const socket = this.world.open();

		this.socket = socket;
		this.greeted = false;
		this.hooks.status('connecting');
		socket.onopen = () => socket.send(JSON.stringify({ type: 'resume', channels: Object.fromEntries(this.seqs) }));
		socket.onmessage = (event) => {
			if (this.socket === socket)
				this.receive(String(event.data));
		};
		socket.onclose = () => {
			if (this.socket === socket)
				this.lost();
		};
		this.listen_for(silence_ms);    // a server that takes the connection and says nothing
	}

	// Ends the present connection without a word to its owner.
	private drop(): void {
		const socket = this.socket;

		this.socket = null;
		this.ping_off?.();
		this.ping_off = null;
		if (socket) {
			socket.onopen = socket.onmessage = socket.onclose = null;
			socket.close();
		}
	}

	private lost(): void {
		this.drop();
		if (this.stopped)
			return;
		this.hooks.status('waiting');
		this.call_off = this.world.later(() => void this.again(), backoff_ms(this.attempt++, this.world.random()));
	}

	private async again(): Promise<void> {
		this.call_off = null;
		if (!await this.hooks.session_ok()) {
			this.stop();
			this.hooks.logged_out();
			return;
		}
		if (!this.stopped && !this.socket && !this.call_off)
			this.connect();
	}

	// Any frame proves life. After a quiet while we ask, and silence after that means that the connection is dead.
	private listen_for(ms: number): void {
		this.ping_off?.();
		this.ping_off = this.world.later(() => this.lost(), ms);
	}

	private alive(): void {
		this.ping_off?.();
		this.ping_off = this.world.later(() => this.ping(), ping_every_ms);
	}

	private ping(): void {
		this.socket?.send(JSON.stringify({ type: 'ping', id: ++this.ping_id }));
		this.listen_for(silence_ms);
	}

	private receive(text: string): void {
		let frame: Frame;

		try {
			frame = JSON.parse(text);
		} catch {
			return;
		}
		this.alive();
		switch (frame?.type) {
		case undefined:
			return;
		case 'hello':
			return this.on_hello(frame);
		case 'event':
			return this.on_event(frame);
		case 'reset':
			this.seqs.set(String(frame.channel), Number(frame.seq));
			return this.hooks.reset(String(frame.channel));
		case 'pong':
			return;
		case 'bye':
			return this.on_bye(frame);
		}
		this.hooks.frame(frame);
	}

	private on_hello(frame: Frame): void {
		const again = this.ever;
		const present = frame.channels ?? {};

		this.greeted = this.ever = true;
		this.attempt = 0;
		this.hooks.status('live');
		for (const [channel, seq] of Object.entries(present)) {
			const known = this.seqs.get(channel);

			if (known === undefined) {
				this.seqs.set(channel, seq);
			} else if (known > seq) {       // the daemon went back to a backup
				this.seqs.set(channel, seq);
				this.hooks.reset(channel);
			}
		}
		for (const channel of [...this.seqs.keys()])
			if (!(channel in present))
				this.seqs.delete(channel);      // no longer a member
		if (this.watched)
			this.watch_send();
		this.hooks.hello(again, Object.keys(present));
	}

	private on_event(frame: Frame): void {
		const channel = String(frame.channel), seq = Number(frame.seq);
		const known = this.seqs.get(channel);

		if (!frame.event || !Number.isSafeInteger(seq) || (known !== undefined && seq <= known))
			return;
		this.seqs.set(channel, seq);
		if (known !== undefined && seq > known + 1)
			this.hooks.reset(channel);
		this.hooks.event(channel, seq, frame.event);
	}

	private on_bye(frame: Frame): void {
		if (frame.reason === 'logged_out') {
			this.stop();
			this.hooks.logged_out();
			return;
		}
		this.lost();
	}
}
