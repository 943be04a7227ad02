// sources.tsx -- what tools sent: the sources with their counts, and the last deliveries of one, to be looked at and sent once more.

import { useEffect, useState } from 'preact/hooks';
import { error_text, v1 } from './api';
import { MenuButton } from './channel';
import { body_text } from './pretty';
import { useRead } from './read';
import { route, route_to_channel, route_to_source } from './route';
import { alerts_rev, channel_name, channels, self } from './state';
import { time_since, time_whole } from './time';
import type { Delivery, Source } from './types';

const again_ms = 10_000;

// What stands in a list for those that came without a source.
function source_title(name: string): string {
	return name === '-' ? 'Without a source' : name === 'api' ? 'Alertmanager’s API, without a key' : name;
}

function may_operate(): boolean {
	return self.value?.role === 'operator' || self.value?.role === 'admin';
}

function Ago({ at }: { at?: string }) {
	return at ? <time dateTime={at} title={time_whole(new Date(at))}>{time_since(at)} ago</time> : null;
}

function count(n: number, one: string, many: string): string {
	return `${n} ${n === 1 ? one : many}`;
}

// ---- all of them ----

function SourceCard({ source }: { source: Source }) {
	const channel = channels.value.get(source.channel ?? '');
	const asked = (source.auth ?? []).filter((way) => way !== 'key');

	return (
		<li class={`alert ${source.refused ? 'severity-warning' : 'severity-info'}`} data-source={source.name}>
			<div class="alert-line"><h2><a href={route_to_source(source.name)}>{source_title(source.name)}</a></h2></div>
			<div class="alert-facts">
				{source.tool && <span>{source.tool}</span>}
				{channel && <a href={route_to_channel(channel.id)}>{channel_name(channel)}</a>}
				{asked.length > 0 && <span>asks for {asked.join(', ')}</span>}
				<span>{count(source.received, 'delivery', 'deliveries')}</span>
				{source.refused > 0 && <span class="state-firing">{source.refused} refused</span>}
				{source.last_at && <span>last <Ago at={source.last_at} /></span>}
			</div>
			{source.last_error && <p class="delivery-error"><strong class="state-firing">{source.last_error.status}</strong> {source.last_error.text} <span class="faint"><Ago at={source.last_error.at} /></span></p>}
		</li>
	);
}

function AllSources() {
	const { value, error } = useRead<{ since: string; sources: Source[] }>('sources', again_ms, alerts_rev.value);

	return (
		<>
			{error && <p class="error" role="alert">{error}</p>}
			<div class="alerts-scroll" tabIndex={0} role="region" aria-label="List of sources">
				{value && <p class="faint about">Counted since the daemon started, <Ago at={value.since} />.</p>}
				<ul class="alerts" aria-busy={!value}>{value?.sources.map((source) => <SourceCard key={source.name} source={source} />)}</ul>
				{value?.sources.length === 0 && <p class="loading faint">There is no source yet: name one in a file for <code>opsroomd provision</code>.</p>}
			</div>
		</>
	);
}

// ---- one delivery ----

function Became({ delivery }: { delivery: Delivery }) {
	const events = delivery.events ?? [];

	if (!events.length)
		return null;
	return (
		<>
			<h3>What it became</h3>
			<ul class="members">
				{events.map((event) => (
					<li>
						<strong class={event.status === 'resolved' ? 'state-resolved' : event.status === 'firing' ? 'state-firing' : ''}>{event.status}</strong> <span class="faint">{event.severity}</span> {event.title} {event.alert && <code>{event.alert}</code>}
					</li>
				))}
			</ul>
			{delivery.alerts > events.length && <p class="faint">and {delivery.alerts - events.length} more</p>}
		</>
	);
}

function Body({ delivery }: { delivery: Delivery }) {
	const headers = delivery.headers ?? [];
	const type = headers.find((header) => header.name.toLowerCase() === 'content-type')?.value ?? '';

	return (
		<>
			<h3>Request</h3>
			<pre tabIndex={0} aria-label="Request">{`${delivery.method} ${delivery.path}${delivery.query ? `?${delivery.query}` : ''}\n`}{headers.map((header) => `${header.name}: ${header.value}\n`).join('')}</pre>
			<h3>Body <span class="faint">{count(delivery.body_bytes, 'byte', 'bytes')}</span></h3>
			{delivery.gone && <p class="faint">It is not kept any more: newer ones needed the room.</p>}
			{delivery.cut && <p class="faint">Cut: the beginning is shown.</p>}
			{delivery.body && <pre class="delivery-body" tabIndex={0} aria-label="Body">{body_text(type, delivery.body)}</pre>}
		</>
	);
}

// "2 alerts, 1 changed something"
function did_text(did: { alerts: number; changed: number }): string {
	return `${count(did.alerts, 'alert', 'alerts')}, ${did.changed ? `${did.changed} changed something` : 'nothing changed'}`;
}

function Replay({ delivery, again }: { delivery: Delivery; again: () => void }) {
	const [busy, set_busy] = useState(false);
	const [answer, set_answer] = useState<{ ok: boolean; text: string } | null>(null);

	async function replay() {
		if (busy)
			return;
		set_busy(true);
		try {
			const did = await v1('POST', `deliveries/${delivery.id}/replay`);
			set_answer({ ok: !!did.ok, text: did.ok ? `Taken (${did.status}): ${did_text(did)}.` : `Refused (${did.status}): ${did.error ?? did.answer}` });
			again();
		} catch (reason) {
			set_answer({ ok: false, text: error_text(reason) });
		}
		set_busy(false);
	}

	return (
		<div class="actions">
			{delivery.can_replay && <button type="button" class="button" aria-disabled={busy} onClick={() => void replay()}>Replay</button>}
			{!delivery.can_replay && <p class="faint">No replay: {delivery.no_replay}.</p>}
			<p role="status" class={answer ? answer.ok ? 'state-resolved' : 'state-firing' : ''}>{answer?.text}</p>
		</div>
	);
}

function Details({ id, again }: { id: string; again: () => void }) {
	const [delivery, set_delivery] = useState<Delivery | null>(null);
	const [error, set_error] = useState('');

	useEffect(() => {
		v1('GET', `deliveries/${id}`).then(set_delivery, (reason) => set_error(error_text(reason)));
	}, [id]);
	if (error)
		return <p class="error">{error}</p>;
	if (!delivery)
		return <p class="faint">Reading…</p>;
	return (
		<>
			<Replay delivery={delivery} again={again} />
			<Became delivery={delivery} />
			<Body delivery={delivery} />
		</>
	);
}

function DeliveryCard({ delivery, again }: { delivery: Delivery; again: () => void }) {
	const [open, set_open] = useState(false);

	return (
		<li class={`alert delivery ${delivery.status < 400 ? 'severity-resolved' : 'severity-critical'}`} data-delivery={delivery.id}>
			<div class="alert-line">
				<span class="severity">{delivery.status}</span>
				<h2>{delivery.error ?? did_text(delivery)}</h2>
			</div>
			<div class="alert-facts">
				<Ago at={delivery.last_at} />
				{delivery.times > 1 && <span>{delivery.times} times the same</span>}
				<span>from {delivery.from}</span>
				{delivery.replay_of && <span>a replay by <strong>{delivery.replay_by}</strong></span>}
				{may_operate() && <button type="button" class="link-button" aria-expanded={open} onClick={() => set_open(!open)}>{open ? 'Close' : 'Look inside'}</button>}
			</div>
			{open && <Details id={delivery.id} again={again} />}
		</li>
	);
}

function OneSource({ name }: { name: string }) {
	const { value, error, again } = useRead<{ deliveries: Delivery[] }>(`sources/${encodeURIComponent(name)}/deliveries`, again_ms, alerts_rev.value);

	return (
		<>
			{error && <p class="error" role="alert">{error}</p>}
			<div class="alerts-scroll" tabIndex={0} role="region" aria-label="List of deliveries">
				<p class="faint about">The last 50 different deliveries since the daemon started.{!may_operate() && ' Operators can look inside.'}</p>
				<ul class="alerts" aria-busy={!value}>{value?.deliveries.map((delivery) => <DeliveryCard key={delivery.id} delivery={delivery} again={again} />)}</ul>
				{value?.deliveries.length === 0 && <p class="loading faint">Nothing came yet.</p>}
			</div>
		</>
	);
}

export function SourcesView() {
	const name = route.value.source ?? '';

	return (
		<main class="main pane" id="main" tabIndex={-1}>
			<header class="pane-head"><MenuButton />{name && <a href={route_to_source('')} aria-label="All sources">‹ Sources</a>}<h1>{name ? source_title(name) : 'Sources'}</h1></header>
			{name ? <OneSource key={name} name={name} /> : <AllSources />}
		</main>
	);
}
