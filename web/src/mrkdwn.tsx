// mrkdwn.tsx -- Slack's mrkdwn to a tree, and the tree to elements. Never to a string of HTML.
//
// Text is untrusted. It reaches the page only as text nodes, and an address only as the href of a link after safe_url().
// Entities (&amp; &lt; &gt;) are undone last, in the leaves, so nothing that they spell is read as markup.
// Parsing is linear: every search for a closing mark is remembered, and at most three marks are open at a time.

import type { ComponentChildren } from 'preact';
import { emoji } from './emoji';
import { ChannelMention, SpecialMention, UserMention } from './mention';
import { date_format, time_whole } from './time';

export type Mark = 'bold' | 'italic' | 'strike';

export type Inline =
	| { kind: 'text' | 'code'; text: string }
	| { kind: Mark; children: Inline[] }
	| { kind: 'link'; url: string; text: string }
	| { kind: 'user' | 'channel' | 'special'; id: string; label: string }
	| { kind: 'emoji'; name: string; text: string }
	| { kind: 'date'; seconds: number; format: string; text: string }
	| { kind: 'break' };

export type Part = { kind: 'pre'; text: string } | { kind: 'para' | 'quote'; children: Inline[] };

const marks: Record<string, Mark> = { '*': 'bold', _: 'italic', '~': 'strike' };
const mark_of: Record<Mark, string> = { bold: '*', italic: '_', strike: '~' };
const entities: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&amp;': '&' };
const word = /[\p{L}\p{N}]/u;

export function unescape(text: string): string {
	return text.replace(/&(?:lt|gt|amp);/g, (entity) => entities[entity]!);
}

export function escape(text: string): string {
	return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

// The address if a link may lead there, else null: absolute, and http, https or mailto.
export function safe_url(address: unknown): string | null {
	if (typeof address !== 'string' || address.length > 8000)
		return null;
	try {
		const url = new URL(address);

		return url.protocol === 'https:' || url.protocol === 'http:' || url.protocol === 'mailto:' ? url.href : null;
	} catch {
		return null;
	}
}

// indexOf() that remembers: as long as `from` only grows, all calls together read the line once.
function finder(line: string, char: string): (from: number) => number {
	let found = -2;

	return (from) => {
		if (found !== -1 && found < from)
			found = line.indexOf(char, from);
		return found;
	};
}

function is_word(char: string | undefined): boolean {
	return char !== undefined && word.test(char);
}

function is_space(char: string | undefined): boolean {
	return char === undefined || char === ' ' || char === '\t' || char === '\u00a0';
}

// Collects what a line has, with the marks that are open.
class Builder {
	private open: { mark: Mark; children: Inline[] }[] = [];
	private text = '';

	constructor(private out: Inline[]) {}

	say(text: string): void {
		this.text += text;
	}

	put(node: Inline): void {
		this.flush();
		this.top().push(node);
	}

	is_open(mark: Mark): boolean {
		return this.open.some((frame) => frame.mark === mark);
	}

	begin(mark: Mark): void {
		this.flush();
		this.open.push({ mark, children: [] });
	}

	// Closes the mark. Others that were opened inside it and not closed turn out to be plain characters.
	end(mark: Mark): void {
		this.flush();
		while (this.open[this.open.length - 1]!.mark !== mark)
			this.give_up();
		const frame = this.open.pop()!;

		this.top().push({ kind: mark, children: frame.children });
	}

	done(): void {
		this.flush();
		while (this.open.length > 0)
			this.give_up();
	}

	private top(): Inline[] {
		return this.open[this.open.length - 1]?.children ?? this.out;
	}

	private flush(): void {
		if (this.text)
			add_text(this.top(), unescape(this.text));
		this.text = '';
	}

	private give_up(): void {
		const frame = this.open.pop()!;

		add_text(this.top(), mark_of[frame.mark]);
		for (const child of frame.children) {
			if (child.kind === 'text')
				add_text(this.top(), child.text);
			else
				this.top().push(child);
		}
	}
}

function add_text(list: Inline[], text: string): void {
	const last = list[list.length - 1];

	if (last?.kind === 'text')
		last.text += text;
	else
		list.push({ kind: 'text', text });
}

// !date^1700000000^{date} at {time}: the text is what is shown where the rest cannot be read.
function date_parse(target: string, text: string): Inline {
	const [, seconds = '', format = ''] = /^!date\^(\d{1,11})\^([^^]{1,200})/.exec(target) ?? [];

	if (!format)
		return { kind: 'text', text: text || 'a date' };
	return { kind: 'date', seconds: Number(seconds), format: unescape(format), text };
}

// <…>: a person, a channel, a group, a date or a link. Null: none of these, so it is text.
function control_parse(inner: string): Inline | null {
	const bar = inner.indexOf('|');
	const target = bar < 0 ? inner : inner.slice(0, bar);
	const label = bar < 0 ? '' : unescape(inner.slice(bar + 1));
	const id = target.slice(1);

	if (/^@[UWB][A-Z0-9]+$/.test(target))
		return { kind: 'user', id, label };
	if (/^#[CG][A-Z0-9]+$/.test(target))
		return { kind: 'channel', id, label };
	if (/^!(here|channel|everyone)$/.test(target))
		return { kind: 'special', id, label: id };
	if (target.startsWith('!date^'))
		return date_parse(target, label);
	if (target.startsWith('!subteam^'))
		return { kind: 'special', id: 'group', label: label.replace(/^@/, '') || 'group' };
	if (target.startsWith('!'))
		return { kind: 'special', id: 'other', label: label || id };
	const url = safe_url(unescape(target));

	return url ? { kind: 'link', url, text: label || unescape(target).replace(/^mailto:/, '') } : null;
}

const plain_run = /[^<`*_~:h]+/y;
const emoji_name = /:([a-z0-9_+'-]{1,40}):/y;
const bare_url = /https?:\/\/(?:(?!&[lg]t;)[^\s<>|`"])+/y;

function match_at(pattern: RegExp, line: string, at: number): RegExpExecArray | null {
	pattern.lastIndex = at;
	return pattern.exec(line);
}

// A bare address ends before the punctuation that closes a sentence or a bracket around it, and before a mark that is open.
function bare_url_end(url: string): number {
	let end = url.length;

	while (end > 0 && '.,;:!?)]}*_~\''.includes(url[end - 1]!)) {
		if (url[end - 1] === ')' && url.lastIndexOf('(', end - 1) > 0)
			break;
		end--;
	}
	return end;
}

function inline_parse(line: string, out: Inline[]): void {
	const builder = new Builder(out);
	const next_gt = finder(line, '>'), next_lt = finder(line, '<'), next_tick = finder(line, '`');
	let at = 0;

	while (at < line.length) {
		const char = line[at]!;
		const taken = char === '<' ? take_control(at)
			: char === '`' ? take_code(at)
			: char === ':' ? take_emoji(at)
			: char === 'h' ? take_url(at)
			: marks[char] ? take_mark(at, char, marks[char]!)
			: take_plain(at);

		at += taken;
	}
	builder.done();

	function take_plain(from: number): number {
		const run = match_at(plain_run, line, from)?.[0] ?? line[from]!;

		builder.say(run);
		return run.length;
	}

	function take_char(from: number): number {
		builder.say(line[from]!);
		return 1;
	}

	function take_control(from: number): number {
		const end = next_gt(from);
		const inner_lt = end < 0 ? -1 : next_lt(from + 1);
		const node = end < 0 || (inner_lt >= 0 && inner_lt < end) ? null : control_parse(line.slice(from + 1, end));

		if (!node)
			return take_char(from);
		builder.put(node);
		return end + 1 - from;
	}

	function take_code(from: number): number {
		const end = next_tick(from + 1);

		if (end <= from + 1)
			return take_char(from);
		builder.put({ kind: 'code', text: without_controls(line.slice(from + 1, end)) });
		return end + 1 - from;
	}

	function take_emoji(from: number): number {
		const name = match_at(emoji_name, line, from)?.[1];
		const text = name ? emoji.get(name) : undefined;

		if (!name || !text)
			return take_char(from);
		builder.put({ kind: 'emoji', name, text });
		return name.length + 2;
	}

	function take_url(from: number): number {
		const match = is_word(line[from - 1]) ? null : match_at(bare_url, line, from)?.[0];
		const text = match ? match.slice(0, bare_url_end(match)) : '';
		const url = text ? safe_url(unescape(text)) : null;

		if (!url)
			return take_char(from);
		builder.put({ kind: 'link', url, text: unescape(text) });
		return text.length;
	}

	function take_mark(from: number, char: string, mark: Mark): number {
		const before = line[from - 1], after = line[from + 1];

		if (after === char || before === char)
			return take_char(from);
		if (builder.is_open(mark) && !is_space(before) && !is_word(after))
			builder.end(mark);
		else if (!builder.is_open(mark) && !is_space(after) && !is_word(before))
			builder.begin(mark);
		else
			builder.say(char);
		return 1;
	}
}

// In code, <url|label> shows as what it stands for, without being a link.
function without_controls(text: string): string {
	return unescape(text.replace(/<([^<>|]*)(?:\|([^<>]*))?>/g, (_, target: string, label?: string) => label ?? target));
}

const quote_mark = /^(?:&gt;|>) ?/;
const quote_rest = /^(?:&gt;&gt;&gt;|>>>) ?/;

function lines_parse(text: string, parts: Part[]): void {
	let quoted = false;
	let open = null as { kind: 'para' | 'quote'; children: Inline[] } | null;

	for (let line of text.split('\n')) {
		const rest: RegExpExecArray | null = quoted ? null : quote_rest.exec(line);
		const mark = quoted ? null : rest ?? quote_mark.exec(line);

		quoted ||= !!rest;
		if (mark)
			line = line.slice(mark[0].length);
		const kind = quoted || mark ? 'quote' : 'para';

		if (open?.kind === kind)
			open.children.push({ kind: 'break' });
		else
			parts.push(open = { kind, children: [] });
		inline_parse(line, open.children);
	}
}

export function mrkdwn_parse(text: string): Part[] {
	const parts: Part[] = [];
	let at = 0;

	for (;;) {
		const open = text.indexOf('```', at);
		const close = open < 0 ? -1 : text.indexOf('```', open + 3);

		if (close < 0)
			break;
		const before = text.slice(at, open).replace(/\n$/, '');

		if (before)
			lines_parse(before, parts);
		parts.push({ kind: 'pre', text: without_controls(text.slice(open + 3, close)).replace(/^\n|\n$/g, '') });
		at = close + 3;
		if (text[at] === '\n')
			at++;
	}
	if (at < text.length)
		lines_parse(text.slice(at), parts);
	return parts;
}

// Only :names: and entities: what a plain_text object and a reaction may hold.
export function emoji_text(text: string): string {
	return unescape(text.replace(/:([a-z0-9_+'-]{1,40}):/g, (whole, name: string) => emoji.get(name) ?? whole));
}

// One line without marks, as for a title or a label.
export function plain_text(text: string): string {
	const say = (nodes: Inline[]): string => nodes.map((node) => {
		if (node.kind === 'break')
			return ' ';
		if ('children' in node)
			return say(node.children);
		if ('label' in node)
			return (node.kind === 'channel' ? '#' : '@') + (node.label || node.id);
		return node.text;
	}).join('');

	return mrkdwn_parse(text).map((part) => part.kind === 'pre' ? part.text : say(part.children)).join(' ');
}

export function Link({ url, children }: { url: string; children: ComponentChildren }) {
	return <a href={url} target="_blank" rel="noopener noreferrer nofollow" title={url}>{children}</a>;
}

function inline_draw(node: Inline): ComponentChildren {
	switch (node.kind) {
	case 'text':
		return node.text;
	case 'code':
		return <code>{node.text}</code>;
	case 'bold':
		return <strong>{node.children.map(inline_draw)}</strong>;
	case 'italic':
		return <em>{node.children.map(inline_draw)}</em>;
	case 'strike':
		return <s>{node.children.map(inline_draw)}</s>;
	case 'link':
		return <Link url={node.url}>{node.text}</Link>;
	case 'user':
		return <UserMention id={node.id} label={node.label} />;
	case 'channel':
		return <ChannelMention id={node.id} label={node.label} />;
	case 'special':
		return <SpecialMention label={node.label} />;
	case 'emoji':
		return <span class="emoji" role="img" aria-label={node.name} title={`:${node.name}:`}>{node.text}</span>;
	case 'date': {
		const date = new Date(node.seconds * 1000);

		return <time dateTime={date.toISOString()} title={node.text || time_whole(date)}>{date_format(date, node.format)}</time>;
	}
	case 'break':
		return <br />;
	}
}

export function Mrkdwn({ text }: { text: string }) {
	return <div class="mrkdwn">{mrkdwn_parse(text).map(part_draw)}</div>;
}

// A command line with a caret under its fault, as refusals have it: before the fault, the faulty word, what follows. null: it is none.
// The columns are characters, so a line that is wrapped, as on a phone, cannot be pointed at by a second line.
export function fault_split(text: string): [string, string, string] | null {
	const [, line = '', blanks = ''] = /^([^\n]+)\n( *)\^$/.exec(text) ?? [];
	const chars = [...line];

	if (!line || blanks.length > chars.length)
		return null;
	const rest = chars.slice(blanks.length).join('');
	const word = /^\S*/.exec(rest)![0];

	return [chars.slice(0, blanks.length).join(''), word, rest.slice(word.length)];
}

function Pre({ text }: { text: string }) {
	const fault = fault_split(text);

	if (!fault)
		return <pre>{text}</pre>;
	return <pre>{fault[0]}<mark class="fault"><span class="sr-only">(here:) </span>{fault[1] || '\u00a0'}</mark>{fault[2]}</pre>;
}

function part_draw(part: Part): ComponentChildren {
	if (part.kind === 'pre')
		return <Pre text={part.text} />;
	if (part.kind === 'quote')
		return <blockquote>{part.children.map(inline_draw)}</blockquote>;
	return <p>{part.children.map(inline_draw)}</p>;
}
