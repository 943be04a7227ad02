// blocks.tsx -- Block Kit and legacy attachments to elements.
//
// What a bot sends is taken as it comes: each field is checked for being text before it is drawn, an address goes through
// safe_url(), a colour through colour_parse(), and a block of an unknown type shows its fallback text. Pictures are links:
// the console loads nothing from other hosts.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { emoji } from './emoji';
import { Field, field_first, field_is_empty, field_is_known } from './fields';
import { Files } from './files';
import { ask_confirm, ask_modal } from './frame';
import { ChannelMention, SpecialMention, UserMention } from './mention';
import { Link, Mrkdwn, emoji_text, safe_url } from './mrkdwn';
import { action_send, view_submit } from './state';
import { time_short, time_whole } from './time';
import type { Attachment, AttachmentAction, Block, Confirm, Element, FieldState, Option, Place, RichElement, RichStyle, TextObject } from './types';

export function text_of(text: TextObject | string | undefined): string {
	return typeof text === 'string' ? text : typeof text?.text === 'string' ? text.text : '';
}

// Each thing of a list that should be one; anything else counts as empty.
function list_of<T>(list: T[] | undefined): T[] {
	return Array.isArray(list) ? list.filter((one) => one !== null && typeof one === 'object') : [];
}

function Text({ text }: { text: TextObject | string | undefined }) {
	const words = text_of(text);

	if (typeof text === 'object' && text?.type === 'plain_text')
		return <span class="plain">{emoji_text(words)}</span>;
	return <Mrkdwn text={words} />;
}

const named_colours = new Map([['good', '#2eb886'], ['warning', '#daa038'], ['danger', '#a30200']]);

// good, warning, danger or hex with or without "#"; else ''.
export function colour_parse(colour: unknown): string {
	if (typeof colour !== 'string')
		return '';
	const hex = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(colour)?.[1];

	return named_colours.get(colour) ?? (hex ? '#' + hex.toLowerCase() : '');
}

// ---- buttons ----

async function confirmed(confirm: Confirm | undefined): Promise<boolean> {
	if (!confirm || typeof confirm !== 'object')
		return true;
	return ask_confirm({
		title: emoji_text(text_of(confirm.title)) || 'Are you sure?',
		text: text_of(confirm.text),
		yes: emoji_text(text_of(confirm.confirm) || text_of(confirm.ok_text)) || 'Yes',
		no: emoji_text(text_of(confirm.deny) || text_of(confirm.dismiss_text)) || 'Cancel',
	});
}

// What a press asks for in a dialog goes back with its answers.
async function act(place: Place, action: Record<string, unknown>): Promise<void> {
	const view = await action_send(place.channel, place.message, action, place.view);

	if (view)
		ask_modal(view, (state) => view_submit(view, state));
}

function button_class(style: unknown): string {
	return style === 'primary' ? 'button primary' : style === 'danger' ? 'button danger' : 'button';
}

interface ButtonProps { label: string; style?: string; confirm?: Confirm; place: Place; action: Record<string, unknown> }

function ActionButton({ label, style, confirm, place, action }: ButtonProps) {
	const [busy, set_busy] = useState(false);

	async function press() {
		if (busy || !await confirmed(confirm))
			return;
		set_busy(true);
		await act(place, action);
		set_busy(false);
	}

	// aria-disabled keeps the focus where it is while the daemon works.
	return <button type="button" class={button_class(style)} aria-disabled={busy} aria-busy={busy} onClick={press}>{label}</button>;
}

function LinkButton({ label, style, url }: { label: string; style?: string; url: string }) {
	return <a class={button_class(style)} href={url} target="_blank" rel="noopener noreferrer nofollow" title={url}>{label}</a>;
}

function ElementButton({ element, block_id, place }: { element: Element; block_id: string; place: Place }) {
	const label = emoji_text(text_of(element.text)) || 'Button';
	const url = safe_url(element.url);

	if (url)
		return <LinkButton label={label} style={element.style} url={url} />;
	return <ActionButton label={label} style={element.style} confirm={element.confirm} place={place}
		action={{ type: 'button', block_id, action_id: element.action_id ?? '', value: element.value ?? '', text: { type: 'plain_text', text: text_of(element.text) } }} />;
}

function ElementSelect({ element, block_id, place }: { element: Element; block_id: string; place: Place }) {
	const options: Option[] = list_of(element.options);
	const [busy, set_busy] = useState(false);
	const label = emoji_text(text_of(element.placeholder)) || (element.type === 'overflow' ? 'More…' : 'Choose…');

	async function choose(select: HTMLSelectElement) {
		const option = options[select.selectedIndex - 1];

		select.selectedIndex = 0;
		if (!option || busy || !await confirmed(element.confirm))
			return;
		set_busy(true);
		await act(place, { type: element.type, block_id, action_id: element.action_id ?? '', selected_option: option });
		set_busy(false);
	}

	return (
		<select class="button" aria-label={label} disabled={busy} onChange={(event) => choose(event.currentTarget)}>
			<option>{label}</option>
			{options.map((option) => <option>{emoji_text(text_of(option.text))}</option>)}
		</select>
	);
}

function ElementDraw({ element, block_id, place }: { element: Element; block_id: string; place: Place }) {
	switch (element.type) {
	case 'button':
		return <ElementButton element={element} block_id={block_id} place={place} />;
	case 'static_select':
	case 'overflow':
		return <ElementSelect element={element} block_id={block_id} place={place} />;
	case 'image':
		return <Picture url={element.image_url} alt={element.alt_text} />;
	case 'mrkdwn':
	case 'plain_text':
		return <Text text={element as TextObject} />;
	}
	if (field_is_known(element.type))
		return <ElementField element={element} block_id={block_id} place={place} />;
	return <span class="faint">({String(element.type ?? 'unknown').replace(/_/g, ' ')}: not shown here)</span>;
}

// Each change is told at once; a text when one is through with it.
function ElementField({ element, block_id, place }: { element: Element; block_id: string; place: Place }) {
	const [state, set_state] = useState(() => field_first(element));
	const label = emoji_text(text_of(element.placeholder)) || String(element.type).replace(/_/g, ' ');
	const tell = (said: FieldState) => void act(place, { ...said, block_id, action_id: element.action_id ?? '' });

	return (
		<span class="field-element" onChange={() => 'value' in state && tell(state)}>
			<Field element={element} state={state} place={place} block_id={block_id} aria={{ 'aria-label': label }} change={(next) => {
				set_state(next);
				if (!('value' in next) && !field_is_empty(next))
					tell(next);
			}} />
		</span>
	);
}

function Picture({ url, alt }: { url?: string; alt?: string }) {
	const safe = safe_url(url);
	const label = typeof alt === 'string' && alt ? alt : 'picture';

	return safe ? <span class="picture"><Link url={safe}>{label}</Link></span> : <span class="picture">{label}</span>;
}

// ---- rich text ----

function Styled({ style, children }: { style: RichElement['style']; children: ComponentChildren }) {
	const wish: RichStyle = style && typeof style === 'object' ? style : {};
	let shown = children;

	if (wish.code)
		shown = <code>{shown}</code>;
	if (wish.strike)
		shown = <s>{shown}</s>;
	if (wish.italic)
		shown = <em>{shown}</em>;
	if (wish.bold)
		shown = <strong>{shown}</strong>;
	return <>{shown}</>;
}

// rich_text is not escaped as mrkdwn is: its text is the text.
function rich_inline(element: RichElement): ComponentChildren {
	switch (element.type) {
	case 'text':
		return <Styled style={element.style}>{String(element.text ?? '')}</Styled>;
	case 'link': {
		const url = safe_url(element.url);
		const label = String(element.text || element.url || '');

		return <Styled style={element.style}>{url ? <Link url={url}>{label}</Link> : label}</Styled>;
	}
	case 'emoji':
		return <span class="emoji">{emoji.get(String(element.name)) ?? `:${element.name}:`}</span>;
	case 'user':
		return <UserMention id={String(element.user_id)} label="" />;
	case 'channel':
		return <ChannelMention id={String(element.channel_id)} label="" />;
	case 'broadcast':
		return <SpecialMention label={String(element.range)} />;
	case 'usergroup':
		return <SpecialMention label="group" />;
	case 'date':
		return String(element.fallback ?? '');
	}
	return String(element.text ?? element.fallback ?? '');
}

function rich_part(element: RichElement): ComponentChildren {
	const inside = list_of(element.elements).map(rich_inline);

	switch (element.type) {
	case 'rich_text_section':
		return <div class="rich">{inside}</div>;
	case 'rich_text_preformatted':
		return <pre>{inside}</pre>;
	case 'rich_text_quote':
		return <blockquote class="rich">{inside}</blockquote>;
	case 'rich_text_list': {
		const items = list_of(element.elements).map((item) => <li>{list_of(item.elements).map(rich_inline)}</li>);
		const indent = `indent-${Math.min(5, Math.max(0, Number(element.indent) || 0))}`;

		return element.style === 'ordered' ? <ol class={indent} start={(Number(element.offset) || 0) + 1}>{items}</ol> : <ul class={indent}>{items}</ul>;
	}
	}
	return null;
}

// ---- blocks ----

function Section({ block, place }: { block: Block; place: Place }) {
	const fields = list_of(block.fields);

	return (
		<div class="section">
			<div class="section-text">
				{text_of(block.text) && <Text text={block.text} />}
				{fields.length > 0 && <div class="fields">{fields.map((field) => <div class="field short"><Text text={field} /></div>)}</div>}
			</div>
			{block.accessory && typeof block.accessory === 'object'
				&& <div class="accessory"><ElementDraw element={block.accessory} block_id={block.block_id ?? ''} place={place} /></div>}
		</div>
	);
}

function BlockDraw({ block, place }: { block: Block; place: Place }) {
	const elements = list_of(block.elements);

	switch (block.type) {
	case 'section':
		return <Section block={block} place={place} />;
	case 'header':
		return <div class="block-header">{emoji_text(text_of(block.text))}</div>;
	case 'divider':
		return <hr />;
	case 'context':
		return <div class="context">{elements.map((element) => <ElementDraw element={element} block_id="" place={place} />)}</div>;
	case 'actions':
		return <div class="actions">{elements.map((element) => <ElementDraw element={element} block_id={block.block_id ?? ''} place={place} />)}</div>;
	case 'image':
		return <Picture url={block.image_url} alt={block.alt_text || text_of(block.title)} />;
	case 'rich_text':
		return <>{elements.map(rich_part)}</>;
	case 'markdown':
		return <div class="plain">{text_of(block.text)}</div>;
	}
	return <div class="faint">{String(block.fallback ?? '') || text_of(block.text) || `(${String(block.type ?? 'unknown')}: not shown here)`}</div>;
}

export function Blocks({ blocks, place }: { blocks: Block[]; place: Place }) {
	return <div class="blocks">{list_of(blocks).slice(0, 100).map((block) => <BlockDraw block={block} place={place} />)}</div>;
}

// ---- attachments ----

function AttachmentSelect({ action, attachment, place }: { action: AttachmentAction; attachment: Attachment; place: Place }) {
	const options = list_of(action.options), label = emoji_text(text_of(action.text)) || 'Choose…';

	async function choose(select: HTMLSelectElement) {
		const option = options[select.selectedIndex - 1];

		select.selectedIndex = 0;
		if (option)
			await act(place, { type: 'select', name: action.name ?? '', attachment_id: attachment.id, selected_options: [{ value: option.value ?? '' }] });
	}

	return (
		<select class="button" aria-label={label} onChange={(event) => void choose(event.currentTarget)}>
			<option>{label}</option>
			{options.map((option) => <option>{emoji_text(text_of(option.text))}</option>)}
		</select>
	);
}

function AttachmentButton({ action, attachment, place }: { action: AttachmentAction; attachment: Attachment; place: Place }) {
	const label = emoji_text(text_of(action.text)) || 'Button';
	const url = safe_url(action.url);

	if (action.type === 'select' && list_of(action.options).length)
		return <AttachmentSelect action={action} attachment={attachment} place={place} />;
	if (action.type !== 'button')
		return <span class="faint">({String(action.type)}: not shown here)</span>;
	if (url)
		return <LinkButton label={label} style={action.style} url={url} />;
	return <ActionButton label={label} style={action.style} confirm={action.confirm} place={place}
		action={{ type: 'button', block_id: attachment.callback_id ?? '', action_id: action.name ?? '', name: action.name ?? '', value: action.value ?? '', attachment_id: attachment.id }} />;
}

function FieldDraw({ field }: { field: NonNullable<Attachment['fields']>[number] }) {
	return (
		<div class={field.short === true || field.short === 'true' ? 'field short' : 'field'}>
			{text_of(field.title) && <div class="field-title">{emoji_text(text_of(field.title))}</div>}
			<Mrkdwn text={text_of(field.value ?? '')} />
		</div>
	);
}

function Footer({ attachment }: { attachment: Attachment }) {
	const seconds = Number(attachment.ts);
	const date = seconds > 0 ? new Date(seconds * 1000) : null;
	const footer = emoji_text(text_of(attachment.footer));

	if (!footer && !date)
		return null;
	return (
		<div class="attachment-footer">
			{footer}{footer && date ? ' · ' : ''}
			{date && !Number.isNaN(date.getTime()) && <time dateTime={date.toISOString()} title={time_whole(date)}>{date.toLocaleDateString()} {time_short(date)}</time>}
		</div>
	);
}

function TitleLine({ attachment }: { attachment: Attachment }) {
	const title = emoji_text(text_of(attachment.title));
	const url = safe_url(attachment.title_link);

	return title ? <div class="attachment-title">{url ? <Link url={url}>{title}</Link> : title}</div> : null;
}

function AttachmentDraw({ attachment, place }: { attachment: Attachment; place: Place }) {
	const colour = colour_parse(attachment.color);
	const author = emoji_text(text_of(attachment.author_name)), author_url = safe_url(attachment.author_link);
	const fields = list_of(attachment.fields), actions = list_of(attachment.actions);
	const empty = !attachment.title && !attachment.text && !attachment.pretext && !fields.length && !list_of(attachment.blocks).length;

	return (
		<div class="attachment">
			{text_of(attachment.pretext) && <Mrkdwn text={text_of(attachment.pretext)} />}
			<div class="attachment-body" style={colour ? { '--bar': colour } : undefined}>
				{author && <div class="attachment-author">{author_url ? <Link url={author_url}>{author}</Link> : author}</div>}
				<TitleLine attachment={attachment} />
				{text_of(attachment.text) && <Mrkdwn text={text_of(attachment.text)} />}
				{fields.length > 0 && <div class="fields">{fields.map((field) => <FieldDraw field={field} />)}</div>}
				{empty && text_of(attachment.fallback) && <Mrkdwn text={text_of(attachment.fallback)} />}
				<Blocks blocks={list_of(attachment.blocks)} place={place} />
				{(attachment.image_url || attachment.thumb_url) && <Picture url={attachment.image_url || attachment.thumb_url} alt="picture" />}
				{actions.length > 0 && <div class="actions">{actions.map((action) => <AttachmentButton action={action} attachment={attachment} place={place} />)}</div>}
				<Footer attachment={attachment} />
			</div>
		</div>
	);
}

export function Attachments({ attachments, place }: { attachments: Attachment[]; place: Place }) {
	return <>{list_of(attachments).map((attachment) => <AttachmentDraw attachment={attachment} place={place} />)}</>;
}

// The text of a message is only for those who cannot draw the attachment that says the same.
function text_is_fallback(text: string, attachments: Attachment[]): boolean {
	return attachments.some((attachment) => attachment.fallback === text && list_of(attachment.blocks).length > 0);
}

// What a message says: its blocks, or else its text; then its attachments, then its files.
export function Body({ place }: { place: Place }) {
	const { message } = place;
	const blocks = list_of(message.blocks), attachments = list_of(message.attachments), text = text_of(message.text);

	return (
		<>
			{blocks.length > 0 ? <Blocks blocks={blocks} place={place} /> : text && !text_is_fallback(text, attachments) && <Mrkdwn text={text} />}
			<Attachments attachments={attachments} place={place} />
			<Files files={message.files} />
		</>
	);
}
