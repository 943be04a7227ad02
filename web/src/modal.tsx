// modal.tsx -- a Block Kit dialog: its fields, and what was entered in them. What else stands in it is drawn as in a message.

import { useId, useState } from 'preact/hooks';
import { error_text } from './api';
import { Blocks, text_of } from './blocks';
import { Field, field_first, field_is_empty } from './fields';
import { emoji_text } from './mrkdwn';
import { Frame, dialog, dialog_close } from './frame';
import { FieldErrors } from './state';
import type { Block, FieldState, ModalState, ModalView, Place } from './types';

type Entered = Record<string, FieldState>;      // by block_id

const groups = ['checkboxes', 'radio_buttons', 'multi_static_select'];  // many things to click: they have a name, and no label around them

interface FieldProps { block: Block; error: string; state: FieldState; first: boolean; place: Place; change: (state: FieldState) => void }

function BlockField({ block, error, state, first, place, change }: FieldProps) {
	const id = useId(), element = block.element ?? {};
	const hint = emoji_text(text_of(block.hint)), label = emoji_text(text_of(block.label)), grouped = groups.includes(element.type ?? '');
	const aria = { 'data-first': first || undefined, 'aria-required': grouped ? undefined : !block.optional, 'aria-invalid': !!error, 'aria-describedby': error ? id : undefined, 'aria-label': grouped ? label : undefined } as const;
	const Label = grouped ? 'div' : 'label';

	return (
		<Label class="field-label">{label}
			{hint && <span class="faint"> {hint}</span>}
			<Field element={element} state={state} change={change} place={place} block_id={block.block_id ?? ''} aria={aria} />
			{error && <span class="error" id={id} role="alert">{error}</span>}
		</Label>
	);
}

function key_of(block: Block, i: number): string {
	return block.block_id || `block-${i}`;
}

function trimmed(state: FieldState): FieldState {
	return typeof state.value === 'string' ? { ...state, value: state.value.trim() } : state;
}

function state_of(blocks: Block[], entered: Entered): ModalState {
	const values: ModalState['values'] = {};

	blocks.forEach((block, i) => {
		if (block.type === 'input')
			values[key_of(block, i)] = { [block.element?.action_id ?? '']: trimmed(entered[key_of(block, i)] ?? field_first(block.element ?? {})) };
	});
	return { values };
}

export function ModalDialog({ view, submit }: { view: ModalView; submit: (state: ModalState) => Promise<void> }) {
	const blocks = Array.isArray(view.blocks) ? view.blocks : [], place = { channel: '', message: { ts: '' }, view };
	const [entered, set_entered] = useState<Entered>({});
	const [wrong, set_wrong] = useState<Record<string, string>>({});
	const [error, set_error] = useState('');
	const [busy, set_busy] = useState(false);
	const first = blocks.findIndex((block) => block.type === 'input');
	const state_at = (block: Block, i: number) => entered[key_of(block, i)] ?? field_first(block.element ?? {});

	async function send(event: Event) {
		const empty = blocks.findIndex((block, i) => block.type === 'input' && !block.optional && field_is_empty(state_at(block, i)));

		event.preventDefault();
		if (busy)
			return;
		set_wrong(empty < 0 ? {} : { [key_of(blocks[empty]!, empty)]: 'Something must be said here.' });
		if (empty >= 0)
			return;
		set_busy(true);
		try {
			await submit(state_of(blocks, entered));
			dialog.value = null;
		} catch (reason) {
			const named = reason instanceof FieldErrors ? reason.errors : {};
			const here = Object.keys(named).some((key) => blocks.some((block, i) => block.type === 'input' && key_of(block, i) === key));

			set_wrong(named);
			set_error(here ? '' : error_text(reason));
			set_busy(false);
		}
	}

	return (
		<Frame title={emoji_text(text_of(view.title)) || 'opsroom'}>
			<form noValidate onSubmit={(event) => void send(event)} onKeyDown={(event) => {
				if (event.key === 'Enter' && (event.ctrlKey || event.metaKey))
					void send(event);
			}}>
				{blocks.map((block, i) => block.type !== 'input' ? <Blocks key={key_of(block, i)} blocks={[block]} place={place} /> : (
					<BlockField key={key_of(block, i)} block={block} first={i === first} state={state_at(block, i)} error={wrong[key_of(block, i)] ?? ''} place={place}
						change={(state) => set_entered((before) => ({ ...before, [key_of(block, i)]: state }))} />
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
