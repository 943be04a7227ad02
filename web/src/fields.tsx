// fields.tsx -- what can be chosen or entered in Block Kit: the elements of dialogs, homes and messages, and what they say.
//
// A field's state is Slack's: {type, value} of texts, {type, selected_option} of menus, {type, selected_date} of days, and so on.

import { useEffect, useState } from 'preact/hooks';
import { text_of } from './blocks';
import { emoji_text } from './mrkdwn';
import { channel_name, channels, options_ask, users } from './state';
import type { Element, FieldState, Option, Place } from './types';

const longest_text = 3000;              // Slack, plain_text_input
const type_ms = 250;                    // typing pauses before an app is asked for options

const inputs: Record<string, { type: string; key: string }> = {
	plain_text_input: { type: 'text', key: 'value' }, email_text_input: { type: 'email', key: 'value' }, url_text_input: { type: 'url', key: 'value' }, number_input: { type: 'number', key: 'value' },
	datepicker: { type: 'date', key: 'selected_date' }, timepicker: { type: 'time', key: 'selected_time' },
};
const picks: Record<string, string> = {
	users_select: 'selected_user', channels_select: 'selected_channel', conversations_select: 'selected_conversation',
	multi_users_select: 'selected_users', multi_channels_select: 'selected_channels', multi_conversations_select: 'selected_conversations',
};
const initial: [string, string][] = [['initial_value', 'value'], ['initial_option', 'selected_option'], ['initial_options', 'selected_options'], ['initial_date', 'selected_date'], ['initial_time', 'selected_time'],
	['initial_date_time', 'selected_date_time'], ['initial_user', 'selected_user'], ['initial_users', 'selected_users'], ['initial_channel', 'selected_channel'], ['initial_channels', 'selected_channels'],
	['initial_conversation', 'selected_conversation'], ['initial_conversations', 'selected_conversations']];

export function field_is_known(type: unknown): boolean {
	return typeof type === 'string' && (type in inputs || type in picks || ['datetimepicker', 'static_select', 'multi_static_select', 'external_select', 'checkboxes', 'radio_buttons'].includes(type));
}

export function field_first(element: Element): FieldState {
	const state: FieldState = { type: element.type ?? 'plain_text_input' };

	for (const [from, to] of initial)
		if (element[from as keyof Element] !== undefined)
			state[to] = element[from as keyof Element];
	return state;
}

export function field_is_empty(state: FieldState | undefined): boolean {
	return !state || !Object.entries(state).some(([key, value]) => key !== 'type' && (Array.isArray(value) ? value.length : typeof value === 'string' ? value.trim() : value));
}

interface Aria { id?: string; 'data-first'?: true; 'aria-label'?: string; 'aria-required'?: boolean; 'aria-invalid'?: boolean; 'aria-describedby'?: string }
interface Props { element: Element; state: FieldState; change: (state: FieldState) => void; place: Place; block_id: string; aria: Aria }

const label_of = (option: Option) => emoji_text(text_of(option.text));
const placeholder_of = (element: Element) => emoji_text(text_of(element.placeholder)) || undefined;

function TextField({ element, state, change, aria }: Props) {
	const { type, key } = inputs[element.type ?? ''] ?? inputs.plain_text_input!;
	const common = { ...aria, class: 'input', value: String(state[key] ?? ''), placeholder: placeholder_of(element), maxLength: Math.min(Number(element.max_length) || longest_text, longest_text) };
	const take = (value: string) => change({ ...state, [key]: value });

	if (element.multiline)
		return <textarea {...common} rows={3} onInput={(event) => take(event.currentTarget.value)} />;
	return <input {...common} type={type as 'text'} step={type === 'number' && element.is_decimal_allowed ? 'any' : undefined} onInput={(event) => take(event.currentTarget.value)} />;
}

// Seconds since 1970, shown in the time of the one who looks.
function MomentField({ state, change, aria }: Props) {
	const at = Number(state.selected_date_time) || 0, date = new Date((at - new Date(at * 1000).getTimezoneOffset() * 60) * 1000);

	return (
		<input {...aria} class="input" type="datetime-local" value={at ? date.toISOString().slice(0, 16) : ''}
			onInput={(event) => change({ ...state, selected_date_time: event.currentTarget.value ? Math.floor(new Date(event.currentTarget.value).getTime() / 1000) : undefined })} />
	);
}

function options_of(element: Element): Option[] {
	return [...(Array.isArray(element.options) ? element.options : []), ...(Array.isArray(element.option_groups) ? element.option_groups.flatMap((group) => Array.isArray(group.options) ? group.options : []) : [])];
}

function MenuField({ element, state, change, aria }: Props) {
	const options = options_of(element), chosen = state.selected_option as Option | undefined;
	const draw = (option: Option) => <option value={option.value}>{label_of(option)}</option>;

	return (
		<select {...aria} class="input" value={chosen?.value ?? ''} onChange={(event) => change({ ...state, selected_option: options.find((option) => option.value === event.currentTarget.value) })}>
			<option value="">{placeholder_of(element) ?? 'Choose…'}</option>
			{Array.isArray(element.option_groups) ? element.option_groups.map((group) => <optgroup label={emoji_text(text_of(group.label))}>{(group.options ?? []).map(draw)}</optgroup>) : options.map(draw)}
		</select>
	);
}

// What the app knows is asked for while one types.
function AskedField({ element, state, change, place, block_id, aria }: Props) {
	const chosen = state.selected_option as Option | undefined;
	const [text, set_text] = useState(chosen ? label_of(chosen) : '');
	const [options, set_options] = useState<Option[]>([]);
	const list = `options-${block_id}-${element.action_id}`, least = Number(element.min_query_length ?? 3);

	useEffect(() => {
		if (text.length < least || options.some((option) => label_of(option) === text))
			return;
		const timer = setTimeout(() => void options_ask(place, block_id, element.action_id ?? '', text).then(set_options), type_ms);

		return () => clearTimeout(timer);
	}, [text]);
	return (
		<>
			<input {...aria} class="input" list={list} value={text} placeholder={placeholder_of(element) ?? 'Type to search…'} autocomplete="off" onInput={(event) => {
				const value = event.currentTarget.value, found = options.find((option) => label_of(option) === value);

				set_text(value);
				if (found || chosen)
					change({ ...state, selected_option: found });
			}} />
			<datalist id={list}>{options.map((option) => <option value={label_of(option)} />)}</datalist>
		</>
	);
}

function ChecksField({ element, state, change, aria }: Props) {
	const one = element.type === 'radio_buttons', options = options_of(element);
	const chosen = (one ? [state.selected_option] : state.selected_options ?? []) as (Option | undefined)[];
	const is_chosen = (option: Option) => chosen.some((other) => other?.value === option.value);
	const toggle = (option: Option) => change(one ? { ...state, selected_option: option } : { ...state, selected_options: options.filter((other) => other.value === option.value ? !is_chosen(other) : is_chosen(other)) });

	return (
		<span class="checks" role={one ? 'radiogroup' : 'group'} {...aria}>
			{options.map((option, i) => (
				<label key={option.value}><input type={one ? 'radio' : 'checkbox'} data-first={(i === 0 && aria['data-first']) || undefined} checked={is_chosen(option)} onChange={() => toggle(option)} /> {label_of(option)}
					{text_of(option.description) && <span class="faint"> {emoji_text(text_of(option.description))}</span>}</label>
			))}
		</span>
	);
}

function PickField({ element, state, change, aria }: Props) {
	const type = element.type ?? '', key = picks[type]!, multiple = type.startsWith('multi_');
	const all = type.includes('users') ? [...users.value.values()].map((user) => ({ id: user.id, name: '@' + user.name })) : [...channels.value.values()].filter((channel) => !channel.is_im || type.includes('conversations')).map((channel) => ({ id: channel.id, name: channel_name(channel) }));
	const chosen = (multiple ? state[key] ?? [] : [state[key] ?? '']) as string[];

	all.sort((a, b) => a.name.localeCompare(b.name));
	return (
		<select {...aria} class="input" multiple={multiple} onChange={(event) => {
			const ids = [...event.currentTarget.selectedOptions].map((option) => option.value).filter(Boolean);

			change({ ...state, [key]: multiple ? ids : ids[0] });
		}}>
			{!multiple && <option value="">{placeholder_of(element) ?? 'Choose…'}</option>}
			{all.map((one) => <option key={one.id} value={one.id} selected={chosen.includes(one.id)}>{one.name}</option>)}
		</select>
	);
}

export function Field(props: Props) {
	const type = props.element.type ?? 'plain_text_input';

	if (type in inputs)
		return <TextField {...props} />;
	if (type in picks)
		return <PickField {...props} />;
	switch (type) {
	case 'datetimepicker':
		return <MomentField {...props} />;
	case 'static_select':
		return <MenuField {...props} />;
	case 'external_select':
		return <AskedField {...props} />;
	case 'checkboxes':
	case 'radio_buttons':
	case 'multi_static_select':
		return <ChecksField {...props} />;
	}
	return <span class="faint">({type.replace(/_/g, ' ')}: not shown here)</span>;
}
