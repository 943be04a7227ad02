// labels.ts -- labels and matchers as people write them, in fields and in command lines.

import type { SilenceMatcher } from './types';

// NAME OP "VALUE", as Alertmanager and the daemon read it.
export function matcher_text(name: string, value: string, op = '='): string {
	return `${name}${op}"${value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;
}

export function matcher_op(matcher: SilenceMatcher): string {
	return matcher.isRegex ? matcher.isEqual ? '=~' : '!~' : matcher.isEqual ? '=' : '!=';
}

// The lines of a field in which something stands.
export function lines_of(text: string): string[] {
	return text.split('\n').map((line) => line.trim()).filter(Boolean);
}
