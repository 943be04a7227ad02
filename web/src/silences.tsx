// silences.tsx -- what is kept quiet: silences and maintenance windows, made, extended and ended here.

import { useEffect, useRef, useState } from 'preact/hooks';
import { error_text, v1 } from './api';
import { MenuButton } from './channel';
import { lines_of, matcher_op, matcher_text } from './labels';
import { useRead } from './read';
import { route, route_go, route_to_silence } from './route';
import { channel_name, channels_mine, self, silences_rev, toast } from './state';
import { time_near, time_since, time_until, time_whole } from './time';
import type { Silence } from './types';

const again_ms = 30_000, soon_ms = 15 * 60_000, preview_after_ms = 300, hour_ms = 3_600_000;

const default_channel = 'sre-alerts';       // the daemon's, if none is named

const lengths: [string, string][] = [
	['30m', '30 minutes'], ['1h', '1 hour'], ['2h', '2 hours'], ['4h', '4 hours'], ['8h', '8 hours'], ['1d', '1 day'], ['3d', '3 days'], ['1w', '1 week'],
	['morning', 'until tomorrow 9:00'], ['until', 'until a time…'],
];

export function may_respond(): boolean {
	return ['responder', 'operator', 'admin'].includes(self.value?.role ?? '');
}

function count(n: number, one: string, many: string): string {
	return `${n} ${n === 1 ? one : many}`;
}

function tomorrow_morning(): Date {
	const date = new Date();

	date.setDate(date.getDate() + 1);
	date.setHours(9, 0, 0, 0);
	return date;
}

function matcher_lines(silence: Silence): string[] {
	return silence.matchers.map((matcher) => matcher_text(matcher.name, matcher.value, matcher_op(matcher)));
}

// ---- the form ----

interface Preview { alerts: number; groups: number; titles: string[] }

function PreviewText({ preview }: { preview: Preview }) {
	if (!preview.alerts)
		return <>Fits no alert that fires now.</>;
	return (
		<>
			Keeps <strong>{count(preview.alerts, 'alert', 'alerts')}</strong> of <strong>{count(preview.groups, 'group', 'groups')}</strong> quiet:
			<ul class="titles">{preview.titles.map((title) => <li>{title}</li>)}{preview.groups > preview.titles.length && <li class="faint">and {preview.groups - preview.titles.length} more</li>}</ul>
		</>
	);
}

// What the matchers would keep quiet, asked as one types.
function usePreview(text: string): { preview: Preview | null; error: string } {
	const [state, set_state] = useState<{ preview: Preview | null; error: string }>({ preview: null, error: '' });

	useEffect(() => {
		let current = true;
		const timer = setTimeout(() => {
			if (!lines_of(text).length)
				return set_state({ preview: null, error: '' });
			v1('POST', 'silences/preview', { matchers: lines_of(text) }).then(
				(preview) => current && set_state({ preview, error: '' }),
				(reason) => current && set_state({ preview: null, error: error_text(reason) }));
		}, preview_after_ms);

		return () => {
			current = false;
			clearTimeout(timer);
		};
	}, [text, silences_rev.value]);
	return state;
}

function Form({ is_window, matchers, channel: first_channel }: { is_window: boolean; matchers: string[]; channel: string }) {
	const told_in = channels_mine.value.filter((one) => !one.is_im && one.name !== default_channel);
	const [name, set_name] = useState('');
	const [text, set_text] = useState(matchers.join('\n'));
	const [start, set_start] = useState('');
	const [length, set_length] = useState('2h');
	const [until, set_until] = useState('');
	const [comment, set_comment] = useState('');
	const [channel, set_channel] = useState(told_in.some((one) => one.id === first_channel) ? first_channel : '');
	const [busy, set_busy] = useState(false);
	const [error, set_error] = useState('');
	const { preview, error: preview_error } = usePreview(text);
	const box = useRef<HTMLFormElement>(null);

	useEffect(() => box.current!.closest('.alerts-scroll')?.scrollTo(0, 0), []);        // the list may have been scrolled

	function ending(): Record<string, string> {
		if (length === 'until')
			return until ? { endsAt: new Date(until).toISOString() } : {};
		return length === 'morning' ? { endsAt: tomorrow_morning().toISOString() } : { for: length };
	}

	async function make(event: Event) {
		event.preventDefault();
		if (busy)
			return;
		set_busy(true);
		try {
			const made: Silence = await v1('POST', 'silences', {
				matchers: lines_of(text), comment, ...ending(), ...(is_window ? { name } : {}), ...(channel ? { channel } : {}),
				...(start ? { startsAt: new Date(start).toISOString() } : {}),
			});

			toast(`${is_window ? 'Maintenance window' : 'Silence'} ${made.id.slice(0, 8)} is made, until ${time_near(new Date(made.endsAt))}.`);
			route_go('#/silences');
			document.querySelector<HTMLElement>('.main .alerts-scroll')?.focus();
		} catch (reason) {
			set_error(error_text(reason));
			set_busy(false);
		}
	}

	return (
		<form ref={box} class="alert severity-info silence-form" aria-labelledby="silence-form-title" onSubmit={(event) => void make(event)}>
			<h2 id="silence-form-title">{is_window ? 'Announce maintenance' : 'New silence'}</h2>
			{is_window && <label class="field-label">What is done <input class="input" data-first required maxLength={190} value={name} onInput={(event) => set_name(event.currentTarget.value)} /></label>}
			<label class="field-label">Labels of the alerts <span class="faint">one a line, all must fit: team=db, severity!=page, host=~"db-.*"</span>
				<textarea class="input code" data-first={!is_window} required rows={Math.min(10, Math.max(2, text.split('\n').length))} spellcheck={false} autocapitalize="off" value={text} onInput={(event) => set_text(event.currentTarget.value)} />
			</label>
			<div class="silence-preview" role="status">{preview && <PreviewText preview={preview} />}{preview_error && <span class="error">{preview_error}</span>}</div>
			<div class="silence-times">
				<label class="field-label">How long
					<select class="input" value={length} onChange={(event) => set_length(event.currentTarget.value)}>{lengths.map(([value, label]) => <option key={value} value={value}>{label}</option>)}</select>
				</label>
				{length === 'until' && <label class="field-label">Until <input class="input" type="datetime-local" required value={until} onInput={(event) => set_until(event.currentTarget.value)} /></label>}
				<label class="field-label">Begins <span class="faint">now, if empty</span> <input class="input" type="datetime-local" value={start} onInput={(event) => set_start(event.currentTarget.value)} /></label>
			</div>
			<label class="field-label">Why <input class="input" maxLength={900} value={comment} onInput={(event) => set_comment(event.currentTarget.value)} /></label>
			<label class="field-label">Tell its beginning and end in
				<select class="input" value={channel} onChange={(event) => set_channel(event.currentTarget.value)}>
					<option value="">#{default_channel}</option>
					{told_in.map((one) => <option key={one.id} value={one.id}>{channel_name(one)}</option>)}
				</select>
			</label>
			{error && <p class="error" role="alert">Not made: {error}</p>}
			<div class="actions">
				<button class="button primary" aria-disabled={busy}>{is_window ? 'Announce' : 'Silence'}</button>
				<a class="button" href="#/silences">Cancel</a>
			</div>
		</form>
	);
}

// ---- one ----

function When({ at, children }: { at: string; children: (near: string) => string }) {
	return <time dateTime={at} title={time_whole(new Date(at))}>{children(time_near(new Date(at)))}</time>;
}

function Times({ silence }: { silence: Silence }) {
	switch (silence.status.state) {
	case 'pending':
		return <><When at={silence.startsAt}>{(near) => `begins ${near}, in ${time_until(silence.startsAt)}`}</When><When at={silence.endsAt}>{(near) => `until ${near}`}</When></>;
	case 'active':
		return <When at={silence.endsAt}>{(near) => `until ${near}, for ${time_until(silence.endsAt)} more`}</When>;
	}
	return <When at={silence.endsAt}>{(near) => `ended ${near}, ${time_since(silence.endsAt)} ago`}</When>;
}

function quiet_text(silence: Silence): string {
	const alerts = count(silence.alerts, 'alert', 'alerts');

	if (silence.status.state === 'expired')
		return silence.hushed ? `kept ${count(silence.hushed, 'alert', 'alerts')} quiet` : '';
	return silence.status.state === 'active' ? `keeps ${alerts} quiet now` : `would keep ${alerts} quiet now`;
}

// What the word before the buttons says to eyes.
function Extend() {
	return <span class="sr-only">Extend </span>;
}

function Acts({ silence, again }: { silence: Silence; again: () => void }) {
	const [busy, set_busy] = useState(false);
	const morning = tomorrow_morning();

	async function act(method: string, path: string, body: unknown, done: (now: Silence) => string) {
		if (busy)
			return;
		set_busy(true);
		try {
			toast(done(await v1(method, path, body)));
		} catch (reason) {
			toast(`Not done: ${error_text(reason)}`, true);
		}
		set_busy(false);
		again();
	}

	function extend(to: Date) {
		void act('POST', 'silences', { id: silence.id, endsAt: to.toISOString() }, (now) => `It lasts until ${time_near(new Date(now.endsAt))}.`);
	}

	function later(hours: number): Date {
		return new Date(Date.parse(silence.endsAt) + hours * hour_ms);
	}

	if (silence.status.state === 'expired')
		return <div class="actions"><a class="button" href={route_to_silence(matcher_lines(silence))}>Silence again…</a></div>;
	return (
		<div class="actions acts">
			<span class="faint" aria-hidden="true">Extend</span>
			<button type="button" class="button" aria-disabled={busy} onClick={() => extend(later(1))}><Extend />+1 h</button>
			<button type="button" class="button" aria-disabled={busy} onClick={() => extend(later(4))}><Extend />+4 h</button>
			{morning > new Date(silence.endsAt) && <button type="button" class="button" aria-disabled={busy} onClick={() => extend(morning)}><Extend />Until tomorrow 9:00</button>}
			<button type="button" class="button danger" aria-disabled={busy} onClick={() => void act('DELETE', `silences/${silence.id}`, undefined, () => 'It is over.')}>{silence.status.state === 'active' ? 'End now' : 'Call off'}</button>
		</div>
	);
}

function SilenceCard({ silence, again }: { silence: Silence; again: () => void }) {
	const { state } = silence.status;
	const soon = state === 'active' && Date.parse(silence.endsAt) - Date.now() < soon_ms;
	const quiet = quiet_text(silence);

	return (
		<li class={`alert ${state === 'active' ? soon ? 'severity-warning' : 'severity-info' : 'severity-none'}`} data-silence={silence.id}>
			<div class="alert-line">
				<span class="severity">{soon ? 'ends soon' : state}</span>
				<h3>{silence.kind === 'maintenance' && 'Maintenance: '}{silence.name ?? (silence.comment || 'No reason given')}</h3>
				<code>{silence.id.slice(0, 8)}</code>
			</div>
			{silence.name && silence.comment && <p>{silence.comment}</p>}
			<div class="labels">{silence.matchers.map((matcher) => <span class="label">{matcher.name}{matcher_op(matcher)}{matcher.value || '""'}</span>)}</div>
			<div class="alert-facts">
				<Times silence={silence} />
				<span>by <strong>{silence.createdBy || 'the API'}</strong></span>
				{quiet && <span>{quiet}</span>}
			</div>
			{may_respond() && <Acts silence={silence} again={again} />}
		</li>
	);
}

// ---- all ----

function Cards({ title, list, again }: { title: string; list: Silence[]; again: () => void }) {
	return list.length ? (
		<section>
			<h2 class="list-head">{title}</h2>
			<ul class="alerts">{list.map((silence) => <SilenceCard key={silence.id} silence={silence} again={again} />)}</ul>
		</section>
	) : null;
}

function Over() {
	const [open, set_open] = useState(false);

	return (
		<>
			<button type="button" class="link-button" aria-expanded={open} onClick={() => set_open(!open)}>{open ? 'Hide those that are over' : 'Show those that are over'}</button>
			{open && <OverList />}
		</>
	);
}

function OverList() {
	const { value, error, again } = useRead<{ silences: Silence[] }>('silences?state=all', again_ms, silences_rev.value);
	const over = value?.silences.filter((silence) => silence.status.state === 'expired') ?? [];

	return (
		<>
			{error && <p class="error" role="alert">{error}</p>}
			<Cards title="Over" list={over} again={again} />
			{value && !over.length && <p class="faint about">None in the last five days.</p>}
		</>
	);
}

export function SilencesView() {
	const { form, matchers = [], tell = '' } = route.value;
	const { value, error, again } = useRead<{ silences: Silence[] }>('silences', again_ms, silences_rev.value);
	const in_state = (state: string) => value?.silences.filter((silence) => silence.status.state === state) ?? [];

	return (
		<main class="main pane" id="main" tabIndex={-1}>
			<header class="pane-head"><MenuButton /><h1>Silences</h1></header>
			<div class="filters">
				{may_respond() ? (
					<>
						<a class="button" href={route_to_silence([])} aria-current={form === 'silence' ? 'true' : undefined}>New silence</a>
						<a class="button" href="#/silences/maintenance" aria-current={form === 'maintenance' ? 'true' : undefined}>Announce maintenance</a>
					</>
				) : <span class="faint">Responders can silence.</span>}
			</div>
			{error && <p class="error" role="alert">{error}</p>}
			<div class="alerts-scroll" tabIndex={0} role="region" aria-label="List of silences">
				{form && may_respond() && <Form key={form + matchers.join()} is_window={form === 'maintenance'} matchers={matchers} channel={tell} />}
				<Cards title="In force" list={in_state('active')} again={again} />
				<Cards title="To come" list={in_state('pending')} again={again} />
				{value?.silences.length === 0 && <p class="faint about">Nothing is silenced.</p>}
				<Over />
			</div>
		</main>
	);
}
