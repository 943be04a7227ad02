// completion.ts -- what the composer proposes while someone types. Rules only: text and caret in, proposals out.

import { emoji, emoji_search } from './emoji';
import { escape, unescape } from './mrkdwn';
import type { AppCommand, Approval, Channel, Command, CommandParam, Filter, User } from './types';

export interface Known {
	commands: Command[];
	prefixes: string[];             // "/srebot", "/ops"
	users: User[];
	channels: Channel[];
	alerts: { id: string; title?: string }[];
	flags?: CommandParam[];         // what every command takes
	filters?: Filter[];             // what may stand behind a pipe
	app_commands?: AppCommand[];
	requests?: Pick<Approval, 'code' | 'calls'>[];
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
	weak?: boolean;                 // nothing of it is typed and nothing need be: Enter sends
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
	return `${prefix} ${command.name}${command.args ? ' ' + command.args : ''}`.trimStart();
}

// The command whose name the words after the prefix begin with: names may have several words.
export function command_find(commands: Command[], rest: string): Command | undefined {
	return commands.filter((command) => rest === command.name || rest.startsWith(command.name + ' '))
		.sort((a, b) => b.name.length - a.name.length)[0];
}

interface Word { text: string; from: number }

// The words of a line as the daemon parts them: a quote where a value begins holds together. A blank at the end begins an empty word.
export function words_of(line: string): Word[] {
	const words: Word[] = [...line.matchAll(/(?:(?<![^\s=])"(?:[^"\\]|\\.)*"?|(?<![^\s=])'[^']*'?|\S)+/g)].map((match) => ({ text: match[0], from: match.index }));

	if (!line || /\s$/.test(line))
		words.push({ text: '', from: line.length });
	return words;
}

function complete_command(text: string, caret: number, known: Known): Completion | null {
	const typed = text.slice(0, caret);
	const space = typed.indexOf(' ');
	const first = space < 0 ? typed : typed.slice(0, space);
	const prefix = known.prefixes.includes(first) ? first : '';

	if (text.startsWith('//') || typed.includes('\n') || known.prefixes.length === 0)
		return null;
	if (space >= 0 && !prefix)
		return help_of_app_command(known.app_commands?.find((one) => one.command === first), typed.length);
	if (space >= 0)
		return complete_line(typed, space + 1, prefix, text.length, known);
	// "/ack" finds "/srebot ack" as well: nobody has to remember the prefix.
	const beginning = known.prefixes.find((name) => name.startsWith(first));
	const use = prefix || beginning || known.prefixes[0]!;

	const ours = propose_commands(beginning ? '' : first.slice(1).toLowerCase(), use, 0, text.length, known);
	const theirs = (known.app_commands ?? []).filter((one) => one.command.startsWith(first)).map((one) => ({ label: `${one.command}${one.args ? ' ' + one.args : ''}`, hint: one.help ?? '', insert: one.command + ' ' }));

	return theirs.length === 0 ? ours : { kind: 'command', from: 0, to: text.length, help: '', items: beginning ? [...(ours?.items ?? []), ...theirs] : [...theirs, ...(ours?.items ?? [])] };
}

function help_of_app_command(command: AppCommand | undefined, caret: number): Completion | null {
	return command ? { kind: 'argument', from: caret, to: caret, items: [], help: `${command.command}${command.args ? ' ' + command.args : ''}${command.help ? ' — ' + command.help : ''}` } : null;
}

function propose_commands(word: string, prefix: string, from: number, to: number, known: Known): Completion | null {
	const list = known.commands.filter((command) => command.name.startsWith(word));

	return list.length === 0 ? null : {
		kind: 'command', from, to, help: '',
		items: list.map((command) => ({ label: command_usage(prefix, command), hint: command.help ?? '', insert: `${prefix} ${command.name}${command.args ? ' ' : ''}`.trimStart() })),
	};
}

// Behind the prefix: of the stages of a pipe the one in which the caret stands.
function complete_line(typed: string, start: number, prefix: string, to: number, known: Known): Completion | null {
	const words = words_of(typed.slice(start)).map((word) => ({ ...word, from: word.from + start }));
	const pipe = words.map((word) => word.text).lastIndexOf('|');
	const stage = words.slice(pipe + 1);

	if (stage.length === 0)
		return null;
	const rest = typed.slice(stage[0]!.from).toLowerCase();
	const whole = command_find(known.commands, rest);

	if (pipe >= 0) {
		const filter = complete_filter(stage, known);

		if (filter)
			return filter;
	}
	if (whole && rest.length > whole.name.length)
		return complete_argument(whole, pipe < 0 ? prefix : '', stage.slice(whole.name.split(' ').length), typed.length, known);
	return pipe < 0 ? propose_commands(rest, prefix, 0, to, known) : rest ? propose_commands(rest, '', stage[0]!.from, typed.length, known) : null;
}

function complete_filter(stage: Word[], known: Known): Completion | null {
	const { text, from } = stage[0]!, filters = known.filters ?? [];
	const usage = (filter: Filter) => `${filter.name}${filter.args ? ' ' + filter.args : ''}`;
	const found = filters.filter((filter) => stage.length > 1 ? filter.name === text : filter.name.startsWith(text.toLowerCase()));

	if (found.length === 0)
		return null;
	if (stage.length > 1)
		return { kind: 'argument', from: stage.at(-1)!.from, to: stage.at(-1)!.from + stage.at(-1)!.text.length, items: [], help: `${usage(found[0]!)} — ${found[0]!.help}` };
	return {
		kind: 'command', from, to: from + text.length, help: '',
		items: found.map((filter) => ({ label: usage(filter), hint: filter.help, insert: `${filter.name}${filter.args ? ' ' : ''}` })),
	};
}

// ---- behind a command's words: its parameters, by their types ----

// What the words before the last one have taken, and what the last one is.
interface Reading { places: number; used: Set<string>; ended: boolean; value_of?: CommandParam }

function named(list: CommandParam[], word: string): CommandParam | undefined {
	const [, long = '', short = ''] = /^--(?:no-)?([^=]+)|^-(.)$/.exec(word) ?? [];

	return list.find((param) => long ? param.name === long : short && param.letter === short);
}

function read_words(options: CommandParam[], words: Word[]): Reading {
	const reading: Reading = { places: 0, used: new Set(), ended: false };

	for (const { text } of words) {
		const param = reading.ended || reading.value_of ? undefined : named(options, text);

		if (reading.value_of)
			reading.value_of = undefined;
		else if (!reading.ended && text === '--')
			reading.ended = true;
		else if (param)
			reading.value_of = param.type === 'bool' || text.includes('=') ? undefined : param;
		else if (reading.ended || !text.startsWith('-'))
			reading.places++;
		if (param)
			reading.used.add(param.name);
	}
	return reading;
}

function complete_values(param: CommandParam, word: string, known: Known): Item[] {
	const low = word.toLowerCase(), bare = low.replace(/^[@#]/, '');

	if (param.choices)
		return param.choices.filter((choice) => choice.toLowerCase().startsWith(low)).map((choice) => ({ label: choice, hint: '', insert: choice }));
	if (param.type === 'alert')
		return best(known.alerts, (alert) => rank(low, alert.id, alert.title)).map((alert) => ({ label: alert.id, hint: alert.title ?? '', insert: alert.id }));
	if (param.type === 'user')
		return best(known.users, (user) => rank(bare, user.name, user.real_name)).map((user) => ({ label: '@' + user.name, hint: user.real_name ?? '', insert: `@${user.name}` }));
	if (param.type === 'channel')
		return best(known.channels.filter((channel) => !channel.is_im), (channel) => rank(bare, channel.name)).map((channel) => ({ label: '#' + channel.name, hint: channel.topic ?? '', insert: `#${channel.name}` }));
	if (param.name === 'request')
		return best(known.requests ?? [], (request) => rank(low, request.code)).map((request) => ({ label: request.code, hint: request.calls, insert: request.code }));
	return [];
}

function complete_options(options: CommandParam[], used: ReadonlySet<string>, word: string): Item[] {
	return options.filter((param) => !used.has(param.name) && `--${param.name}`.startsWith(word.toLowerCase())).slice(0, 16).map((param) => ({
		label: `--${param.name}${param.type === 'bool' ? '' : `=${param.choices?.join('|') ?? param.type.toUpperCase()}`}`, hint: param.help ?? '',
		insert: `--${param.name}${param.type === 'bool' ? ' ' : '='}`,
	}));
}

// After the command: its usage, and what fits at the caret.
function complete_argument(command: Command, prefix: string, words: Word[], caret: number, known: Known): Completion {
	const params = command.params ?? [], places = params.filter((param) => !param.option);
	const options = [...params.filter((param) => param.option), ...(known.flags ?? []).filter((flag) => flag.name !== 'dry-run' || command.dry_run)];
	const help = `${command_usage(prefix, command)}${command.help ? ' — ' + command.help : ''}`;
	const { text } = words.at(-1)!;
	const { places: place, used, ended, value_of } = read_words(options, words.slice(0, -1));
	const last = places.at(-1), at = places[place] ?? (last?.repeat ? last : undefined);
	const [, name = ''] = ended || value_of ? [] : /^(--[^=]+=|[^\s=-][^\s=]*=)/.exec(text) ?? [];
	const assigned = name && (named(options, name.slice(0, -1)) ?? params.find((param) => `${param.name}=` === name));
	const param = value_of ?? (assigned || at);
	const word = assigned ? text.slice(name.length) : text;
	const is_option = !ended && !value_of && !assigned && text.startsWith('-');
	const items = is_option ? complete_options(options, used, text) : param ? complete_values(param, word, known) : [];
	const more = param === value_of || !!assigned || !!param?.repeat || place < places.length - 1;

	return {
		kind: 'argument', from: caret - word.length, to: caret, help, weak: !word && !param?.required && !value_of && !assigned,
		items: items.length === 1 && items[0]!.insert === word ? [] : items.map((item) => ({ ...item, insert: more && !is_option ? item.insert + ' ' : item.insert })),
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
	const command = text.startsWith('/') ? complete_command(text, caret, known) : null;

	if (command?.items.length)
		return command;
	const before = text.slice(Math.max(0, caret - 80), caret);
	const [, mark = '', word = ''] = /(?:^|[\s(])([@#:])([\p{L}\p{N}._+-]*)$/u.exec(before) ?? [];
	const from = caret - word.length - 1;
	const low = word.toLowerCase();
	const items = mark === '@' ? complete_user(low, known) : mark === '#' ? complete_channel(low, known)
		: mark === ':' ? complete_emoji(low) : [];

	if (items.length === 0)
		return command;
	return { kind: mark === '@' ? 'user' : mark === '#' ? 'channel' : 'emoji', from, to: caret, items, help: command?.help ?? '' };
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
