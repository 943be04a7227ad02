// call.ts -- command lines that the console itself writes or reads. Rules only.

import type { Command } from './types';

// A value that the daemon reads as it is, in a line sent as `exact`.
export function exact_value(text: string): string {
	return `"${text.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n').replace(/\t/g, '\\t')}"`;
}

// "deploy:start" of the plugin's "deploy start"; "core:ack".
export function command_path(command: Command): string {
	const plugin = command.plugin ?? 'core';
	const path = command.name.startsWith(plugin + ' ') ? command.name.slice(plugin.length + 1) : command.name;

	return `${plugin}:${path}`;
}

// The command of a canonical call, "core:silence -- k7f3 2h".
export function call_command(commands: Command[], call: string): Command | undefined {
	return commands.filter((command) => call === command_path(command) || call.startsWith(command_path(command) + ' '))
		.sort((a, b) => b.name.length - a.name.length)[0];
}

const risks = ['read', 'change', 'danger'];

// The worst of calls that stand one a line; '' if none is known.
export function calls_risk(commands: Command[], calls: string): string {
	return risks[Math.max(...calls.split('\n').map((call) => risks.indexOf(call_command(commands, call)?.risk ?? '')))] ?? '';
}
