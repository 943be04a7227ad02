// audit.tsx -- who did what: the audit trail, searched by fields, each record opened, all of it checked or taken away.

import { useEffect, useRef, useState } from 'preact/hooks';
import { error_text, v1, v1_lines } from './api';
import { MenuButton } from './channel';
import { route, route_go } from './route';
import { channels, commands, toast, users } from './state';
import { time_near, time_whole } from './time';
import type { AuditRecord, AuditVerdict } from './types';

const page = 100, export_page = 5000, export_most = 200_000;

const fields: [name: string, label: string, hint: string][] = [
	['q', 'Words', 'anywhere in a record'], ['actor', 'Who', ''], ['action', 'Action', 'ack, login, plugin.enable'], ['result', 'Result', 'ok, forbidden, held'],
	['via', 'Way', 'slash, button, cli, console'], ['channel', 'Channel', ''], ['rule', 'Rule', 'how it begins'],
];

const known_words: Record<string, string[]> = {
	result: ['ok', 'forbidden', 'invalid', 'not_found', 'conflict', 'held', 'started', 'refused', 'failed'],
	via: ['slash', 'mention', 'button', 'cli', 'console', 'api', 'schedule', 'signal', 'start', 'local'],
	action: ['login', 'logout', 'unknown', 'provision', 'config', 'token.create', 'token.revoke', 'token.use', 'plugin.enable', 'plugin.disable', 'plugin.rollback', 'refused'],
};

function words_for(name: string): string[] {
	if (name === 'actor')
		return [...users.value.values()].map((user) => user.name).sort();
	if (name === 'channel')
		return [...channels.value.values()].filter((channel) => !channel.is_im).map((channel) => channel.name).sort();
	return [...name === 'action' ? commands.value.map((command) => command.name) : [], ...known_words[name] ?? []];
}

// ---- the filters: fields here, the query of the address ----

// What <input type=datetime-local> shows of a time, and back.
function local_of(rfc3339: string): string {
	const date = new Date(rfc3339);

	return Number.isNaN(date.getTime()) ? '' : new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function Filters({ wanted }: { wanted: URLSearchParams }) {
	function search(event: SubmitEvent) {
		const form = new FormData(event.currentTarget as HTMLFormElement), next = new URLSearchParams();

		event.preventDefault();
		for (const [name] of fields) {
			const text = String(form.get(name) ?? '').trim();

			if (text)
				next.set(name, name === 'channel' ? text.replace(/^#/, '') : name === 'actor' ? text.replace(/^@/, '') : text);
		}
		for (const name of ['since', 'until']) {
			const text = String(form.get(name) ?? '');

			if (text)
				next.set(name, new Date(text).toISOString());
		}
		route_go(`#/audit${next.size ? `?${next}` : ''}`);
	}

	return (
		<form class="audit-filters" role="search" aria-label="Audit trail" onSubmit={search}>
			{fields.map(([name, label, hint], i) => (
				<label class="field-label">{label}
					<input class="input" name={name} data-first={i === 0} type={i === 0 ? 'search' : 'text'} placeholder={hint} list={words_for(name).length ? `audit-${name}` : undefined} autocomplete="off" autocapitalize="off" spellcheck={false} defaultValue={wanted.get(name) ?? ''} />
					{words_for(name).length > 0 && <datalist id={`audit-${name}`}>{words_for(name).map((word) => <option value={word} />)}</datalist>}
				</label>
			))}
			<label class="field-label">Since <input class="input" name="since" type="datetime-local" defaultValue={local_of(wanted.get('since') ?? '')} /></label>
			<label class="field-label">Until <input class="input" name="until" type="datetime-local" defaultValue={local_of(wanted.get('until') ?? '')} /></label>
			<div class="actions">
				<button class="button primary">Search</button>
				{wanted.size > 0 && <a class="button" href="#/audit">All</a>}
			</div>
		</form>
	);
}

// ---- one record ----

function text_of(value: unknown): string {
	return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}

function Details({ record }: { record: AuditRecord }) {
	const detail = typeof record.detail === 'string' ? {} : record.detail;
	const facts: [string, string][] = [
		['Said', text_of(detail.line)], ['Understood as', text_of(detail.call)], ['Rule', text_of(detail.rule)], ['Why', text_of(detail.why)], ['Reason', text_of(detail.reason)],
		['Approval', text_of(detail.approval)], ['From', text_of(detail.from)], ['Way', record.via], ['Took', detail.us === undefined ? '' : `${Number(detail.us) / 1000} ms`],
		['Output (SHA-256)', text_of(detail.output)], ['Record', record.id], ['Place', `${record.seq} of the chain ${record.home}`], ['Hash', record.hash],
	];

	return (
		<div class="delivery">
			<dl class="facts">{facts.filter(([, text]) => text).map(([name, text]) => <div key={name}><dt>{name}</dt><dd>{text}</dd></div>)}</dl>
			<h3>Detail, as it is stored</h3>
			<pre tabIndex={0} aria-label="Detail">{JSON.stringify(record.detail, null, 2)}</pre>
		</div>
	);
}

// The first line of a record: what was said, or what it was about.
function said(record: AuditRecord): string {
	const detail = typeof record.detail === 'string' ? {} : record.detail;

	return text_of(detail.line ?? detail.name ?? detail.plugin ?? detail.file ?? detail.call ?? detail.user);
}

function RecordRow({ record }: { record: AuditRecord }) {
	const [open, set_open] = useState(false);
	const what = said(record);

	return (
		<li class={`alert ${record.result === 'ok' ? 'severity-resolved' : record.result === 'held' || record.result === 'started' ? 'severity-info' : 'severity-warning'}`} data-record={record.id}>
			<div class="alert-line">
				<span class="severity">{record.result}</span>
				<h2>{record.action}{what && what !== record.action && <> <code>{what}</code></>}</h2>
			</div>
			<div class="alert-facts">
				<time dateTime={record.at} title={time_whole(new Date(record.at))}>{time_near(new Date(record.at))}</time>
				<span>by <strong>{record.actor_name ?? record.actor ?? 'nobody'}</strong></span>
				{record.channel_name && <span>in #{record.channel_name}</span>}
				{record.via && <span>via {record.via}</span>}
				<button type="button" class="link-button" aria-expanded={open} onClick={() => set_open(!open)}>{open ? 'Close' : 'Open'}</button>
			</div>
			{open && <Details record={record} />}
		</li>
	);
}

// ---- the list: a page more whenever its end comes into view ----

function Records({ query }: { query: string }) {
	const [records, set_records] = useState<AuditRecord[]>([]);
	const [next, set_next] = useState<string | null>('');
	const [busy, set_busy] = useState(false);
	const [error, set_error] = useState('');
	const end = useRef<HTMLButtonElement>(null);

	async function more() {
		if (busy || next === null)
			return;
		set_busy(true);
		try {
			const answer = await v1('GET', `audit?${query}${query && '&'}limit=${page}${next && `&before=${next}`}`);

			set_records([...records, ...answer.records]);
			set_next(answer.next ?? null);
			set_error('');
		} catch (reason) {
			set_error(error_text(reason));
			set_next(null);
		}
		set_busy(false);
	}

	useEffect(() => {
		const seen = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && void more(), { rootMargin: '400px' });

		if (end.current)
			seen.observe(end.current);
		return () => seen.disconnect();
	}, [next, busy]);

	return (
		<>
			{error && <p class="error" role="alert">{error}</p>}
			<ul class="alerts" aria-busy={busy}>{records.map((record) => <RecordRow key={record.id} record={record} />)}</ul>
			{next !== null && <button ref={end} type="button" class="button" aria-disabled={busy} onClick={() => void more()}>{busy ? 'Reading…' : 'Older'}</button>}
			{next === null && !error && <p class="faint about" role="status">{records.length ? 'That is all.' : 'No record fits.'}</p>}
		</>
	);
}

// ---- all of it ----

function verdict_text(verdict: AuditVerdict): string {
	const { records, chains, checkpoints, signed, faults } = verdict;

	return faults ? `${faults} of ${records} records or checkpoints are not as they were written.` : `Whole: ${records} records in ${chains} chains, ${signed} of them signed by ${checkpoints} checkpoints.`;
}

function Verify() {
	const [busy, set_busy] = useState(false);
	const [verdict, set_verdict] = useState<AuditVerdict | null>(null);

	async function verify() {
		if (busy)
			return;
		set_busy(true);
		try {
			set_verdict(await v1('GET', 'audit/verify'));
		} catch (reason) {
			toast(`Not checked: ${error_text(reason)}`, true);
		}
		set_busy(false);
	}

	return (
		<>
			<button type="button" class="button" aria-disabled={busy} onClick={() => void verify()}>{busy ? 'Checking…' : 'Verify'}</button>
			<span role="status" class={verdict ? verdict.ok ? 'state-resolved' : 'state-firing' : ''}>{verdict && verdict_text(verdict)}</span>
			{verdict && verdict.bad.length > 0 && <ul class="votes">{verdict.bad.map((one) => <li><code>{one.home ? `${one.home} ${one.seq}` : `checkpoint ${one.checkpoint}`}</code> {one.why}</li>)}</ul>}
		</>
	);
}

// Of an export's lines: where the next page begins. The ids are too long for JavaScript's numbers.
export function export_cursor(lines: string[]): { after: string; checkpoint: string; records: number } {
	const first = (pattern: RegExp) => lines.map((line) => pattern.exec(line)?.[1] ?? '').filter(Boolean);
	const ids = first(/^\{(?!"checkpoint").*?,"id":"(\d+)"/);

	return { after: ids.at(-1) ?? '', checkpoint: first(/^\{"checkpoint":(\d+)/).at(-1) ?? '', records: ids.length };
}

async function export_all(since: string, until: string, tell: (count: number) => void): Promise<void> {
	const parts: string[] = [];
	let after = '', checkpoint = '', count = 0;

	for (;;) {
		const query = new URLSearchParams({ limit: String(export_page), ...(since && { since }), ...(until && { until }), ...(after && { after }), ...(checkpoint && { checkpoint }) });
		const lines = await v1_lines(`audit/export?${query}`);
		const cursor = export_cursor(lines);

		parts.push(...lines.map((line) => line + '\n'));
		if (!cursor.records)
			break;
		after = cursor.after;
		checkpoint = cursor.checkpoint || checkpoint;
		count += cursor.records;
		tell(count);
		if (count >= export_most)
			throw new Error(`more than ${export_most} records are too much for a browser: opsroom audit export takes all.`);
	}
	const link = document.createElement('a');

	link.href = URL.createObjectURL(new Blob(parts, { type: 'application/jsonl' }));
	link.download = 'audit.jsonl';
	link.click();
	URL.revokeObjectURL(link.href);
}

function Export({ wanted }: { wanted: URLSearchParams }) {
	const [count, set_count] = useState(-1);
	const part = wanted.has('since') || wanted.has('until');

	async function start() {
		if (count >= 0)
			return;
		set_count(0);
		await export_all(wanted.get('since') ?? '', wanted.get('until') ?? '', set_count).catch((reason) => toast(`Not exported: ${error_text(reason)}`, true));
		set_count(-1);
	}

	return <button type="button" class="button" aria-disabled={count >= 0} title="JSON lines with all hashes and signatures, to be checked by: opsroom audit verify" onClick={() => void start()}>{count >= 0 ? `Exporting… ${count}` : part ? 'Export this time' : 'Export all'}</button>;
}

export function AuditView() {
	const query = route.value.query ?? '';
	const wanted = new URLSearchParams(query);

	return (
		<main class="main pane" id="main" tabIndex={-1}>
			<header class="pane-head"><MenuButton /><h1>Audit</h1></header>
			<div class="filters"><Verify /><Export wanted={wanted} /></div>
			<div class="alerts-scroll" tabIndex={0} role="region" aria-label="Audit trail">
				<Filters key={query} wanted={wanted} />
				<Records key={`list ${query}`} query={query} />
			</div>
		</main>
	);
}
