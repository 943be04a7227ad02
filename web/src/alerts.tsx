// alerts.tsx -- what is wrong now: the alerts, whoever has them, and the two things most often done with them.

import { useEffect, useState } from 'preact/hooks';
import { error_text, v1 } from './api';
import { MenuButton } from './channel';
import { matcher_text } from './labels';
import { Link, safe_url } from './mrkdwn';
import { route_to_message, route_to_silence } from './route';
import { may_respond } from './silences';
import { alerts_refresh, alerts_rev, command_run } from './state';
import { time_since, time_whole } from './time';
import type { AlertGroup, AlertMember } from './types';

const filters = ['open', 'firing', 'acknowledged', 'resolved', 'all'];
const severities = ['critical', 'error', 'warning', 'info'];

function severity_class(alert: AlertGroup): string {
	if (alert.state === 'resolved')
		return 'severity-resolved';
	return severities.includes(alert.severity ?? '') ? `severity-${alert.severity}` : 'severity-info';
}

function Labels({ labels }: { labels?: Record<string, string> }) {
	return <div class="labels">{Object.entries(labels ?? {}).slice(0, 12).map(([name, value]) => <span class="label" key={name}>{name}={String(value)}</span>)}</div>;
}

function Member({ member }: { member: AlertMember }) {
	const url = safe_url(member.generator_url);
	const note = member.annotations?.summary ?? member.annotations?.description ?? '';

	return (
		<li>
			<div><strong class={member.status === 'resolved' ? 'state-resolved' : 'state-firing'}>{member.status}</strong> <span class="faint">for {time_since(member.starts_at)}</span> {url && <Link url={url}>source</Link>}</div>
			{note && <div>{String(note)}</div>}
			<Labels labels={member.labels} />
		</li>
	);
}

function Members({ id }: { id: string }) {
	const [members, set_members] = useState<AlertMember[] | null>(null);
	const [error, set_error] = useState('');

	useEffect(() => {
		v1('GET', `alerts/${encodeURIComponent(id)}`).then((group) => set_members(group.members ?? []), (reason) => set_error(error_text(reason)));
	}, [id, alerts_rev.value]);

	if (error)
		return <p class="error">{error}</p>;
	return members ? <ul class="members">{members.map((member) => <Member member={member} />)}</ul> : <p class="faint">Reading…</p>;
}

function Who({ alert }: { alert: AlertGroup }) {
	if (alert.state === 'acknowledged')
		return <span>Acknowledged by <strong>{alert.acked_by_name ?? alert.acked_by ?? 'the source'}</strong></span>;
	return alert.state === 'resolved' ? <span>Resolved {time_since(alert.changed)} ago</span> : <span>Nobody has it yet</span>;
}

// The form of a silence with the labels that its alerts have in common.
function silence_form(alert: AlertGroup): string {
	const labels = Object.entries(alert.labels ?? {}).filter(([name]) => !name.startsWith('__'));

	return route_to_silence(labels.map(([name, value]) => matcher_text(name, String(value))), alert.channel);
}

function Acts({ alert }: { alert: AlertGroup }) {
	const [busy, set_busy] = useState(false);

	async function run(verb: string) {
		if (busy)
			return;
		set_busy(true);
		await command_run(`${verb} ${alert.id}`);
		set_busy(false);
	}

	return (
		<div class="actions">
			{alert.state === 'firing' && <button type="button" class="button primary" aria-disabled={busy} onClick={() => void run('ack')}>Acknowledge</button>}
			{alert.state !== 'resolved' && <button type="button" class="button" aria-disabled={busy} onClick={() => void run('resolve')}>Resolve</button>}
			{alert.state !== 'resolved' && may_respond() && <a class="button" href={silence_form(alert)}>Silence…</a>}
			{alert.channel && alert.ts && <a class="button" href={route_to_message(alert.channel, alert.ts)}>Show in channel</a>}
		</div>
	);
}

// "2 firing, 1 resolved", without what there is none of.
function members_count(alert: AlertGroup): string {
	const { firing = 0, resolved = 0 } = alert;

	return [firing && `${firing} firing`, resolved && `${resolved} resolved`].filter(Boolean).join(', ') || 'none firing';
}

// The worst first; among equals the newest, as the daemon has them. Who has it does not matter, so nothing moves when a button is pressed.
function by_severity(a: AlertGroup, b: AlertGroup): number {
	const rank = (alert: AlertGroup) => (severities.indexOf(alert.severity ?? '') + severities.length + 1) % (severities.length + 1);

	return rank(a) - rank(b);
}

function AlertCard({ alert }: { alert: AlertGroup }) {
	const [open, set_open] = useState(false);
	const url = safe_url(alert.url);

	return (
		<li class={`alert ${severity_class(alert)}`} data-alert={alert.id}>
			<div class="alert-line">
				<span class="severity">{alert.state === 'resolved' ? 'resolved' : alert.severity ?? 'info'}</span>
				<h2>{url ? <Link url={url}>{alert.title}</Link> : alert.title}</h2>
				<code>{alert.id}</code>
			</div>
			<div class="alert-facts">
				<span class={`state-${alert.state}`}>{alert.state}</span>
				<span title={alert.since ? time_whole(new Date(alert.since)) : ''}>for {time_since(alert.since)}</span>
				<Who alert={alert} />
				{alert.source && <span>from {alert.source}</span>}
				<button type="button" class="link-button" aria-expanded={open} onClick={() => set_open(!open)}>{members_count(alert)}</button>
			</div>
			<Labels labels={alert.labels} />
			{open && <Members id={alert.id} />}
			<Acts alert={alert} />
		</li>
	);
}

export function AlertsView() {
	const [state, set_state] = useState('open');
	const [alerts, set_alerts] = useState<AlertGroup[] | null>(null);
	const [error, set_error] = useState('');
	const [, set_tick] = useState(0);
	const is_open = state !== 'resolved' && state !== 'all';

	useEffect(alerts_refresh, []);
	useEffect(() => {
		const timer = setInterval(() => set_tick((tick) => tick + 1), 20_000);          // "for 12 min" grows

		return () => clearInterval(timer);
	}, []);
	useEffect(() => {
		let current = true;

		v1('GET', `alerts?state=${state}&limit=200`).then((answer) => {
			if (current) {
				set_alerts(answer.alerts ?? []);
				set_error('');
			}
		}, (reason) => current && set_error(error_text(reason)));
		return () => { current = false; };
	}, [state, alerts_rev.value]);

	return (
		<main class="main pane" id="main" tabIndex={-1}>
			<header class="pane-head"><MenuButton /><h1>Alerts</h1></header>
			<div class="filters" role="group" aria-label="Which alerts">
				{filters.map((name) => <button type="button" key={name} class="button" aria-pressed={state === name} onClick={() => set_state(name)}>{name}</button>)}
			</div>
			{error && <p class="error" role="alert">{error}</p>}
			<div class="alerts-scroll" tabIndex={0} role="region" aria-label="List of alerts">
				<ul class="alerts" aria-busy={!alerts}>{(is_open ? [...alerts ?? []].sort(by_severity) : alerts ?? []).map((alert) => <AlertCard key={alert.long_id ?? alert.id} alert={alert} />)}</ul>
				{alerts?.length === 0 && <p class="loading faint">{state === 'open' ? 'Nothing is wrong: no alert is open.' : 'There are none.'}</p>}
			</div>
		</main>
	);
}
