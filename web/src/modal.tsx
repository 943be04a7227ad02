// modal.tsx -- a Block Kit dialog: its fields, and what was entered in them.
//
// Fields are plain_text_input and static_select; what else stands in a dialog is drawn as in a message.

import { useId, useState } from 'preact/hooks';
import { error_text } from './api';
import { Blocks, text_of } from './blocks';
import { emoji_text } from './mrkdwn';
import { Frame, dialog, dialog_close } from './frame';
import type { Block, Element, ModalState, ModalView } from './types';

type Entered = Record<string, string>;          // by block_id

const longest_text = 3000;              // Slack, plain_text_input

interface FieldProps { element: Element; value: string; first: boolean; optional: boolean; error_id?: string; change: (value: string) => void }

function Control({ element, value, first, optional, error_id, change }: FieldProps) {
	const common = {
		class: 'input', value, 'data-first': first || undefined, 'aria-required': !optional, 'aria-invalid': !!error_id, 'aria-describedby': error_id,
		placeholder: emoji_text(text_of(element.placeholder)) || undefined, maxLength: Math.min(Number(element.max_length) || longest_text, longest_text),
	};

	if (element.type === 'static_select')
		return (
			<select {...common} onChange={(event) => change(event.currentTarget.value)}>
				<option value="">{emoji_text(text_of(element.placeholder)) || 'Choose…'}</option>
				{(element.options ?? []).map((option) => <option value={option.value}>{emoji_text(text_of(option.text))}</option>)}
			</select>
		);
	if (element.multiline)
		return <textarea {...common} rows={3} onInput={(event) => change(event.currentTarget.value)} />;
	return <input {...common} onInput={(event) => change(event.currentTarget.value)} />;
}

function Field({ block, error, ...rest }: { block: Block; error: string; value: string; first: boolean; change: (value: string) => void }) {
	const id = useId();
	const hint = emoji_text(text_of(block.hint));

	return (
		<label class="field-label">{emoji_text(text_of(block.label))}
			{hint && <span class="faint"> {hint}</span>}
			<Control element={block.element ?? {}} optional={!!block.optional} error_id={error ? id : undefined} {...rest} />
			{error && <span class="error" id={id} role="alert">{error}</span>}
		</label>
	);
}

function key_of(block: Block, i: number): string {
	return block.block_id || `block-${i}`;
}

function first_value(element: Element | undefined): string {
	return String(element?.initial_value ?? element?.initial_option?.value ?? '');
}

function state_of(blocks: Block[], entered: Entered): ModalState {
	const values: ModalState['values'] = {};

	blocks.forEach((block, i) => {
		const value = (entered[key_of(block, i)] ?? '').trim(), { type = 'plain_text_input', action_id = '', options = [] } = block.element ?? {};

		if (block.type === 'input')
			values[key_of(block, i)] = { [action_id]: type === 'static_select' ? { type, selected_option: options.find((option) => option.value === value) } : { type, value } };
	});
	return { values };
}

export function ModalDialog({ view, submit }: { view: ModalView; submit: (state: ModalState) => Promise<void> }) {
	const blocks = Array.isArray(view.blocks) ? view.blocks : [];
	const [entered, set_entered] = useState<Entered>(() => Object.fromEntries(blocks.map((block, i) => [key_of(block, i), first_value(block.element)])));
	const [missing, set_missing] = useState('');
	const [error, set_error] = useState('');
	const [busy, set_busy] = useState(false);
	const first = blocks.findIndex((block) => block.type === 'input');

	async function send(event: Event) {
		const empty = blocks.findIndex((block, i) => block.type === 'input' && !block.optional && !entered[key_of(block, i)]?.trim());

		event.preventDefault();
		if (busy)
			return;
		set_missing(empty < 0 ? '' : key_of(blocks[empty]!, empty));
		if (empty >= 0)
			return;
		set_busy(true);
		try {
			await submit(state_of(blocks, entered));
			dialog.value = null;
		} catch (reason) {
			set_error(error_text(reason));
			set_busy(false);
		}
	}

	return (
		<Frame title={emoji_text(text_of(view.title)) || 'opsroom'}>
			<form onSubmit={(event) => void send(event)} onKeyDown={(event) => {
				if (event.key === 'Enter' && (event.ctrlKey || event.metaKey))
					void send(event);
			}}>
				{blocks.map((block, i) => block.type !== 'input' ? <Blocks key={key_of(block, i)} blocks={[block]} place={{ channel: '', message: { ts: '' }, view }} /> : (
					<Field key={key_of(block, i)} block={block} first={i === first} value={entered[key_of(block, i)] ?? ''} error={missing === key_of(block, i) ? 'Something must be said here.' : ''}
						change={(value) => set_entered({ ...entered, [key_of(block, i)]: value })} />
				))}
				{error && <p class="error" role="alert">{error}</p>}
				<div class="dialog-buttons">
					<button type="button" class="button" onClick={dialog_close}>{emoji_text(text_of(view.close)) || 'Cancel'}</button>
					<button class="button primary" aria-disabled={busy}>{emoji_text(text_of(view.submit)) || 'Send'}</button>
				</div>
			</form>
		</Frame>
	);
}
