// completion.ts -- what the composer proposes while someone types. Rules only: text and caret in, proposals out.

import { emoji, emoji_search } from './emoji';
import { escape, unescape } from './mrkdwn';
import type { Channel, Command, User } from './types';

export interface Known {
	commands: Command[];
	prefixes: string[];             // "/srebot", "/ops"
	users: User[];
	channels: Channel[];
	alerts: { id: string; title?: string }[];
}

export interface Item {
	label: string;
	hint: string;
	insert: string;
}

export interface Completion {
	kind: 'command' | 'argument' | 'user' | 'channel' | 'emoji';
	from: number;                   // what is replaced: [from, to)
	to: number;
	items: Item[];
	help: string;                   // of the command that is being typed; shown when there is nothing to choose
}

const most_items = 8;

function rank(word: string, ...names: (string | undefined)[]): number {
	if (names.some((name) => name?.toLowerCase().startsWith(word)))
		return 2;
	return names.some((name) => name?.toLowerCase().includes(word)) ? 1 : 0;
}

function best<T>(list: T[], score: (one: T) => number): T[] {
	return list.map((one) => ({ one, points: score(one) })).filter((entry) => entry.points > 0)
		.sort((a, b) => b.points - a.points).slice(0, most_items).map((entry) => entry.one);
}

function command_usage(prefix: string, command: Command): string {
	return `${prefix} ${command.name}${command.args ? ' ' + command.args : ''}`;
}

// The command whose name the words after the prefix begin with: names may have several words.
export function command_find(commands: Command[], rest: string): Command | undefined {
	return commands.filter((command) => rest === command.name || rest.startsWith(command.name + ' '))
		.sort((a, b) => b.name.length - a.name.length)[0];
}

function complete_command(text: string, caret: number, known: Known): Completion | null {
	const typed = text.slice(0, caret);
	const space = typed.indexOf(' ');
	const first = space < 0 ? typed : typed.slice(0, space);
	const prefix = known.prefixes.includes(first) ? first : '';
	const to = text.length;

	if (text.startsWith('//') || typed.includes('\n') || known.prefixes.length === 0)
		return null;
	if (space >= 0 && !prefix)
		return null;
	const rest = space < 0 ? '' : typed.slice(space + 1).trimStart().toLowerCase();
	const whole = space < 0 ? undefined : command_find(known.commands, rest);

	if (whole && rest.length > whole.name.length)
		return complete_argument(whole, prefix, rest, caret, known);
	// "/ack" finds "/srebot ack" as well: nobody has to remember the prefix.
	const word = space < 0 && !prefix ? first.slice(1).toLowerCase() : rest;
	const use = prefix || known.prefixes.find((name) => name.startsWith(first)) || known.prefixes[0]!;
	const list = space < 0 && known.prefixes.some((name) => name.startsWith(first)) ? known.commands
		: known.commands.filter((command) => command.name.startsWith(word));

	if (list.length === 0)
		return null;
	return {
		kind: 'command', from: 0, to, help: '',
		items: list.map((command) => ({
			label: command_usage(use, command), hint: command.help ?? '', insert: `${use} ${command.name}${command.args ? ' ' : ''}`,
		})),
	};
}

// After the command: its usage, and for an <alert> the open ones.
function complete_argument(command: Command, prefix: string, rest: string, caret: number, known: Known): Completion | null {
	const typed = rest.slice(command.name.length + 1);
	const help = `${command_usage(prefix, command)}${command.help ? ' — ' + command.help : ''}`;
	const first_is_alert = /^[<[]?<?alert/.test(command.args ?? '') && !/\s/.test(typed);
	const alerts = first_is_alert ? best(known.alerts, (alert) => rank(typed, alert.id, alert.title)) : [];
	const exact = alerts.length === 1 && alerts[0]!.id === typed;

	return {
		kind: 'argument', from: caret - typed.length, to: caret, help,
		items: exact ? [] : alerts.map((alert) => ({ label: alert.id, hint: alert.title ?? '', insert: alert.id })),
	};
}

function complete_user(word: string, known: Known): Item[] {
	const groups = [
		{ name: 'here', real_name: 'everyone who is active' }, { name: 'channel', real_name: 'everyone in this channel' },
		{ name: 'everyone', real_name: 'everyone' },
	];
	const people = best<{ name: string; real_name?: string }>([...known.users, ...groups], (user) => rank(word, user.name, user.real_name));

	return people.map((user) => ({ label: '@' + user.name, hint: user.real_name ?? '', insert: `@${user.name} ` }));
}

function complete_channel(word: string, known: Known): Item[] {
	return best(known.channels.filter((channel) => !channel.is_im), (channel) => rank(word, channel.name))
		.map((channel) => ({ label: '#' + channel.name, hint: channel.topic ?? '', insert: `#${channel.name} ` }));
}

function complete_emoji(word: string): Item[] {
	return word.length < 2 ? [] : emoji_search(word, most_items)
		.map((name) => ({ label: `${emoji.get(name)} :${name}:`, hint: '', insert: `:${name}: ` }));
}

// What can be completed at the caret; null: nothing.
export function complete(text: string, caret: number, known: Known): Completion | null {
	if (text.startsWith('/')) {
		const command = complete_command(text, caret, known);

		if (command)
			return command;
	}
	const before = text.slice(Math.max(0, caret - 80), caret);
	const [, mark = '', word = ''] = /(?:^|[\s(])([@#:])([\p{L}\p{N}._+-]*)$/u.exec(before) ?? [];
	const from = caret - word.length - 1;
	const low = word.toLowerCase();
	const items = mark === '@' ? complete_user(low, known) : mark === '#' ? complete_channel(low, known)
		: mark === ':' ? complete_emoji(low) : [];

	if (items.length === 0)
		return null;
	return { kind: mark === '@' ? 'user' : mark === '#' ? 'channel' : 'emoji', from, to: caret, items, help: '' };
}

// True when taking the item would change nothing but a space at the end: Enter then sends.
export function is_complete(text: string, completion: Completion, item: Item): boolean {
	const taken = text.slice(0, completion.from) + item.insert + text.slice(completion.to);

	return taken.trimEnd() === text.trimEnd();
}

export type Entry = { kind: 'message'; text: string } | { kind: 'command'; command: string; text: string };

// What was typed: a message, or a command when it begins with a slash. "//" is a message that begins with one.
export function entry_parse(text: string): Entry {
	if (text.startsWith('//'))
		return { kind: 'message', text: text.slice(1) };
	const [, command, rest = ''] = /^(\/[^\s/]+)(?:\s+([^]*))?$/.exec(text) ?? [];

	return command ? { kind: 'command', command, text: rest.trim() } : { kind: 'message', text };
}

// What people type to what is sent: escaped, @name and #name as Slack writes them. Code stays as it is.
export function encode_text(typed: string, known: Pick<Known, 'users' | 'channels'>): string {
	const people = new Map(known.users.map((user) => [user.name.toLowerCase(), user.id]));
	const rooms = new Map(known.channels.filter((channel) => !channel.is_im).map((channel) => [channel.name, channel.id]));

	return typed.split(/(```[^]*?```|`[^`\n]*`)/).map((piece, i) => i % 2 ? escape(piece)
		: escape(piece).replace(/(^|[\s(*_~])([@#])([\p{L}\p{N}._-]*[\p{L}\p{N}])/gu, (whole, before: string, mark: string, name: string) => {
			const id = mark === '#' ? rooms.get(name) : people.get(name.toLowerCase());

			if (id)
				return `${before}<${mark}${id}>`;
			return mark === '@' && /^(here|channel|everyone)$/.test(name) ? `${before}<!${name}>` : whole;
		})).join('');
}

// The way back, for editing.
export function decode_text(text: string, known: Pick<Known, 'users' | 'channels'>): string {
	return unescape(text.replace(/<([^<>|]+)(?:\|([^<>]*))?>/g, (_, target: string, label?: string) => {
		if (target.startsWith('@'))
			return '@' + (known.users.find((user) => user.id === target.slice(1))?.name ?? label ?? target.slice(1));
		if (target.startsWith('#'))
			return '#' + (known.channels.find((channel) => channel.id === target.slice(1))?.name ?? label ?? target.slice(1));
		if (target.startsWith('!'))
			return '@' + target.slice(1);
		return !label || target.endsWith(label) ? target.replace(/^mailto:/, '') : `${label} (${target})`;
	}));
}
