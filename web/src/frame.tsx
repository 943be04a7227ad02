// frame.tsx -- the one dialog that may be open, and its frame. What stands in it is in dialogs.tsx.
//
// One dialog at a time, in a <dialog>: the browser keeps the focus inside, closes it on Escape and gives the focus back.

import type { ComponentChildren } from 'preact';
import { signal } from '@preact/signals';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import type { ModalState, ModalView } from './types';

export interface Question { title: string; text: string; yes: string; no: string }

type Open =
	| { kind: 'confirm'; question: Question; answer: (yes: boolean) => void }
	| { kind: 'modal'; view: ModalView; submit: (state: ModalState) => Promise<void>; left?: () => void }
	| { kind: 'emoji'; pick: (name: string) => void }
	| { kind: 'switcher' | 'help' | 'browse' | 'create' | 'factor' }
	| { kind: 'details'; channel: string };

export const dialog = signal<Open | null>(null);

export function dialog_close(): void {
	const open = dialog.value;

	dialog.value = null;
	if (open?.kind === 'confirm')
		open.answer(false);
	if (open?.kind === 'modal')
		open.left?.();
}

export function ask_confirm(question: Question): Promise<boolean> {
	dialog_close();
	return new Promise((answer) => dialog.value = { kind: 'confirm', question, answer });
}

// A dialog with fields, as Block Kit has them. It closes when submit is through; what submit throws is shown in it. left: it was closed without that.
export function ask_modal(view: ModalView, submit: (state: ModalState) => Promise<void>, left?: () => void): void {
	dialog_close();
	dialog.value = { kind: 'modal', view, submit, left };
}

export function pick_emoji(pick: (name: string) => void): void {
	dialog_close();
	dialog.value = { kind: 'emoji', pick };
}

export function Frame({ title, children, wide }: { title: string; children: ComponentChildren; wide?: boolean }) {
	const box = useRef<HTMLDialogElement>(null);
	const id = useId();

	useLayoutEffect(() => {
		const element = box.current!;

		element.showModal();
		element.querySelector<HTMLElement>('[data-first]')?.focus();
		return () => element.close();
	}, []);

	// A press on the backdrop has the dialog itself as its target.
	return (
		<dialog ref={box} class={wide ? 'wide' : ''} aria-labelledby={id}
			onCancel={(event) => { event.preventDefault(); dialog_close(); }}
			onMouseDown={(event) => event.target === box.current && dialog_close()}>
			<div class="dialog-inside">
				<div class="dialog-head">
					<h2 id={id}>{title}</h2>
					<button type="button" class="icon-button" aria-label="Close" onClick={dialog_close}>✕</button>
				</div>
				{children}
			</div>
		</dialog>
	);
}
