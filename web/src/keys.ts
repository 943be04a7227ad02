// keys.ts -- the keys that work everywhere.

import { dialog, dialog_close } from './frame';
import { route } from './route';
import { channel_step } from './sidebar';
import { drawer_open, phase } from './state';
import { thread_close } from './thread';

function is_field(target: EventTarget | null): boolean {
	return target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function composer_focus(): void {
	document.querySelector<HTMLElement>('.main .composer textarea')?.focus();
}

function on_escape(): boolean {
	if (drawer_open.value)
		drawer_open.value = false;
	else if (route.value.view === 'channel' && route.value.thread)
		thread_close();
	else if (!is_field(document.activeElement))
		composer_focus();
	else
		return false;
	return true;
}

function on_key(event: KeyboardEvent): void {
	const ctrl = event.ctrlKey || event.metaKey;

	if (phase.value !== 'in' || event.isComposing)
		return;
	if (ctrl && !event.shiftKey && event.key.toLowerCase() === 'k') {
		if (dialog.value?.kind === 'switcher')
			dialog_close();
		else
			dialog.value = { kind: 'switcher' };
	} else if (dialog.value) {
		return;
	} else if (event.altKey && !ctrl && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
		channel_step(event.key === 'ArrowUp' ? -1 : 1, event.shiftKey);
	} else if ((event.key === '?' && !is_field(event.target)) || (ctrl && event.key === '/')) {
		dialog.value = { kind: 'help' };
	} else if (event.key !== 'Escape' || !on_escape()) {
		return;
	}
	event.preventDefault();
}

export function keys_start(): void {
	addEventListener('keydown', on_key);
}
