// route.ts -- the address bar: which channel, message, thread or view is shown.
//
//   #/C1                         a channel
//   #/C1/p1700000000000100       a message in it; ?thread_ts=… when it is a reply
//   #/C1/t1700000000000100       a channel with a thread open
//   #/alerts                     the alerts
//   #/silences                   the silences; #/silences/new?match=team%3Ddb&tell=C1 with a form, as #/silences/maintenance
//   #/approvals, #/access        what waits for a yes; who may run what
//   #/runs                       what plugins run; #/runs/R-12 one with its log
//   #/audit?actor=ben&q=disk     the audit trail
//   #/tokens, #/plugins
//   #/routes, #/noise            where an alert would go; which rules make noise
//   #/sources                    the sources; #/sources/NAME the deliveries of one
// /archives/C1/p1700000000000100 is the same as the second: Slack's permalinks.

import { signal } from '@preact/signals';

const plain_views = ['alerts', 'approvals', 'routes', 'noise', 'access', 'audit', 'tokens', 'plugins'] as const;       // with nothing behind their name

export interface Route {
	view: 'channel' | 'silences' | 'sources' | 'runs' | typeof plain_views[number] | 'none';
	channel: string;
	thread: string;         // root ts of the open thread, or ''
	message: string;        // ts of the message to jump to, or ''
	source?: string;        // whose deliveries, or ''
	run?: string;           // which run, or ''
	query?: string;         // what the page looks for
	form?: 'silence' | 'maintenance';       // what is to be made
	matchers?: string[];    // what its form begins with
	tell?: string;          // the channel that its form begins with
}

const nowhere: Route = { view: 'none', channel: '', thread: '', message: '' };

export function ts_to_link(ts: string): string {
	return ts.replace('.', '');
}

export function ts_from_link(digits: string): string {
	return digits.length > 6 ? `${digits.slice(0, -6)}.${digits.slice(-6)}` : '';
}

function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

// Reads "#/C1/p17…" or "/archives/C1/p17…?thread_ts=…".
export function route_parse(address: string): Route {
	const [path = '', query = ''] = address.replace(/^#/, '').split('?');
	const [, first = '', kind = '', digits = ''] = /^\/(?:archives\/)?([A-Za-z0-9]+)(?:\/([pt])(\d{7,20}))?\/?$/.exec(path) ?? [];

	const source = /^\/sources(?:\/([^/]*))?$/.exec(path);

	if (source)
		return { ...nowhere, view: 'sources', source: decoded(source[1] ?? '') };
	const silences = /^\/silences(?:\/(new|maintenance))?\/?$/.exec(path);

	if (silences) {
		const wanted = new URLSearchParams(query);

		return { ...nowhere, view: 'silences', form: silences[1] === 'new' ? 'silence' : silences[1] as 'maintenance' | undefined, matchers: wanted.getAll('match'), tell: wanted.get('tell') ?? '' };
	}
	const plain = plain_views.find((view) => view === first);

	if (plain)
		return { ...nowhere, view: plain, query };
	const run = /^\/runs(?:\/([^/]*))?$/.exec(path);

	if (run)
		return { ...nowhere, view: 'runs', run: decoded(run[1] ?? '') };
	if (!/^[CDG][A-Z0-9]+$/.test(first))
		return nowhere;
	const ts = digits ? ts_from_link(digits) : '';
	const thread = new URLSearchParams(query).get('thread_ts') ?? '';

	if (kind === 't')
		return { view: 'channel', channel: first, thread: ts, message: '' };
	return { view: 'channel', channel: first, thread: /^\d+\.\d{6}$/.test(thread) && thread !== ts ? thread : '', message: ts };
}

export function route_to_channel(channel: string): string {
	return `#/${channel}`;
}

export function route_to_source(name: string): string {
	return name ? `#/sources/${encodeURIComponent(name)}` : '#/sources';
}

export function route_to_run(code: string): string {
	return code ? `#/runs/${encodeURIComponent(code)}` : '#/runs';
}

// The form of a new silence, filled with these matchers.
export function route_to_silence(matchers: string[], tell = ''): string {
	const query = new URLSearchParams([...matchers.map((matcher) => ['match', matcher]), ...(tell ? [['tell', tell]] : [])]).toString();

	return `#/silences/new${query ? `?${query}` : ''}`;
}

export function route_to_thread(channel: string, ts: string): string {
	return `#/${channel}/t${ts_to_link(ts)}`;
}

export function route_to_message(channel: string, ts: string, thread_ts?: string): string {
	const query = thread_ts && thread_ts !== ts ? `?thread_ts=${thread_ts}` : '';

	return `#/${channel}/p${ts_to_link(ts)}${query}`;
}

// No page of the console: the bytes of a file.
export function route_to_file(id: string, name: string): string {
	return `/files/${encodeURIComponent(id)}/${encodeURIComponent(name)}`;
}

// What an app asks at /oauth/v2/authorize, which is no page of the room; '' elsewhere.
export function consent_asked(): string {
	return location.pathname === '/oauth/v2/authorize' ? location.search || '?' : '';
}

export const route = signal<Route>(nowhere);

export function route_go(address: string, replace = false): void {
	if (location.hash === address && location.pathname === '/')
		return;
	history[replace ? 'replaceState' : 'pushState'](null, '', '/' + address);
	route_read();
}

export function route_read(): void {
	if (location.pathname.startsWith('/archives/'))
		history.replaceState(null, '', '/#' + location.pathname.replace('/archives', '') + location.search);
	route.value = route_parse(location.hash);
}

export function route_start(): void {
	addEventListener('hashchange', route_read);
	addEventListener('popstate', route_read);
	route_read();
}
