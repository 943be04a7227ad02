// approvals.tsx -- calls that wait for a yes: first those that wait for mine, then what I asked for, and what was decided lately.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { error_text, v1 } from './api';
import { calls_risk, exact_value } from './call';
import { MenuButton } from './channel';
import { ask_confirm, ask_modal } from './frame';
import { UserMention } from './mention';
import { Mrkdwn, escape } from './mrkdwn';
import { useRead } from './read';
import { route_to_channel } from './route';
import { approvals_rev, channel_name, channels, commands, self, toast } from './state';
import { time_near, time_since, time_until, time_whole } from './time';
import type { Approval, ApprovalNeed } from './types';

const again_ms = 15_000;

// What waits, also for others. Read by the sidebar too, for its badge.
export function usePending() {
	return useRead<{ approvals: Approval[] }>('approvals?state=pending&limit=200', again_ms, approvals_rev.value);
}

// Ran because somebody broke the glass, and nobody has looked at it yet.
function is_unreviewed(request: Approval): boolean {
	return request.kind === 'break_glass' && (request.state === 'done' || request.state === 'failed');
}

// ---- what is said of one ----

const titles: Record<Approval['kind'], string> = { approval: 'asks for approval', confirm: 'are you sure?', break_glass: 'broke the glass: it ran without approval' };

const tones: Record<string, string> = {
	pending: 'severity-warning', approved: 'severity-resolved', running: 'severity-info', done: 'severity-resolved', reviewed: 'severity-resolved', failed: 'severity-critical', denied: 'severity-critical',
};

function state_text(request: Approval): string {
	if (request.state === 'pending')
		return 'waits';
	return request.state === 'denied' ? 'rejected' : is_unreviewed(request) ? 'to be reviewed' : request.state;
}

// "2 of group:release or role:operator, not who asks, in #ops"
function need_text(need: ApprovalNeed): string {
	return `${need.n} of ${need.sets.join(' or ')}${need.not_requester ? ', not who asks' : ''}${need.channel ? `, in #${need.channel.replace(/^#/, '')}` : ''}`;
}

function At({ at, children }: { at: string; children: ComponentChildren }) {
	return <time dateTime={at} title={time_whole(new Date(at))}>{children}</time>;
}

function Facts({ request }: { request: Approval }) {
	const channel = channels.value.get(request.channel ?? '');
	const needs = request.needs.approvals ?? [];

	return (
		<div class="alert-facts">
			<span>by <UserMention id={request.user} label="" /></span>
			{channel && <a href={route_to_channel(channel.id)}>{channel_name(channel)}</a>}
			<At at={request.created}>{time_since(request.created)} ago</At>
			{request.state === 'pending' && needs.map((need) => <span>needs {need_text(need)}</span>)}
			{request.state === 'pending' && <At at={request.expires}><strong>{time_until(request.expires)} left</strong>, until {time_near(new Date(request.expires))}</At>}
		</div>
	);
}

function Votes({ request }: { request: Approval }) {
	const decided = request.decided_by && !request.votes.some((vote) => vote.user === request.decided_by);

	return (
		<ul class="votes">
			{request.votes.map((vote) => <li>✓ <UserMention id={vote.user} label="" /> <At at={vote.at}><span class="faint">{time_near(new Date(vote.at))}</span></At> {vote.note}</li>)}
			{(decided || request.why) && <li>{state_text(request)} {decided && <>by <UserMention id={request.decided_by!} label="" /></>} {request.decided && <At at={request.decided}><span class="faint">{time_near(new Date(request.decided))}</span></At>} {request.why}</li>}
		</ul>
	);
}

// ---- what can be done with one ----

async function say(request: Approval, line: string): Promise<Approval | null> {
	const answer = await v1('POST', 'commands', { exact: line, ...(request.channel ? { channel: request.channel } : {}) });

	approvals_rev.value++;
	document.querySelector<HTMLElement>('.main .alerts-scroll')?.focus();          // its buttons go
	return answer.data?.code ? answer.data : null;
}

function ask_reason(request: Approval): void {
	ask_modal({
		title: { text: `Reject ${request.code}?` }, submit: { text: 'Reject' },
		blocks: [
			{ type: 'section', text: { type: 'mrkdwn', text: '```' + escape(request.calls) + '```' } },
			{ type: 'input', block_id: 'why', label: { text: 'Why? Who asked is told.' }, element: { type: 'plain_text_input', action_id: 'why', multiline: true, max_length: 1000 } },
		],
	}, async (state) => {
		await say(request, `deny ${request.code} -- ${exact_value(String(state.values.why!.why!.value ?? ''))}`);
		toast(`${request.code} is rejected.`);
	});
}

function Acts({ request }: { request: Approval }) {
	const [busy, set_busy] = useState(false);
	const is_danger = calls_risk(commands.value, request.calls) === 'danger';

	async function act(verb: string, done: (now: Approval | null) => string) {
		if (busy)
			return;
		set_busy(true);
		try {
			toast(done(await say(request, `${verb} ${request.code}`)));
		} catch (reason) {
			toast(`Not done: ${error_text(reason)}`, true);
			approvals_rev.value++;
		}
		set_busy(false);
	}

	async function approve() {
		if (is_danger && !await ask_confirm({ title: `Approve ${request.code}?`, text: `This is marked as dangerous:\n\`\`\`${escape(request.calls)}\`\`\``, yes: 'Approve', no: 'Not now' }))
			return;
		await act('approve', (now) => now?.state === 'pending' ? `Your yes to ${request.code} counts; more are needed.` : `${request.code} is approved: it runs now.`);
	}

	const may_cancel = request.mine || (!request.waits_for_me && ['operator', 'admin'].includes(self.value?.role ?? ''));
	const buttons = [
		request.waits_for_me && request.kind === 'approval' && <button type="button" class="button primary" aria-disabled={busy} onClick={() => void approve()}>Approve</button>,
		request.waits_for_me && request.kind === 'approval' && <button type="button" class="button danger" aria-disabled={busy} onClick={() => ask_reason(request)}>Reject…</button>,
		request.waits_for_me && request.kind === 'confirm' && <button type="button" class="button danger" aria-disabled={busy} onClick={() => void act('confirm', () => `${request.code} is confirmed: it runs now.`)}>Confirm</button>,
		request.state === 'pending' && may_cancel && <button type="button" class="button" aria-disabled={busy} onClick={() => void act('cancel', () => `${request.code} is cancelled.`)}>Cancel</button>,
		is_unreviewed(request) && request.waits_for_me && <button type="button" class="button primary" aria-disabled={busy} onClick={() => void act('review', () => `${request.code} is reviewed.`)}>Reviewed</button>,
	].filter(Boolean);

	return buttons.length ? <div class="actions" role="group" aria-label={`Decide on ${request.code}`}>{buttons}</div> : null;
}

function RequestCard({ request }: { request: Approval }) {
	const risk = calls_risk(commands.value, request.calls);

	return (
		<li class={`alert ${tones[request.state] ?? 'severity-none'}${is_unreviewed(request) ? ' severity-critical' : ''}`} data-request={request.code}>
			<div class="alert-line">
				<span class="severity">{state_text(request)}</span>
				<h3>{request.mine ? request.kind === 'confirm' ? 'Are you sure?' : 'You asked' : <><UserMention id={request.user} label="" /> {titles[request.kind]}</>}</h3>
				<code>{request.code}</code>
			</div>
			<pre class="what" tabIndex={0} aria-label="What runs">{request.calls}</pre>
			{risk && <p>Risk: <strong class={risk === 'danger' ? 'state-firing' : ''}>{risk}</strong></p>}
			{request.reason && <p>Reason: {request.reason}</p>}
			{request.preview && <div class="content"><span class="faint">What it would do:</span> <Mrkdwn text={request.preview} /></div>}
			{request.outcome && <div class="content"><span class="faint">What came of it:</span> <Mrkdwn text={request.outcome} /></div>}
			<Facts request={request} />
			{request.rule && request.state === 'pending' && <p class="faint">Rule: <code>{request.rule}</code></p>}
			<Votes request={request} />
			<Acts request={request} />
		</li>
	);
}

// ---- all ----

function Cards({ title, list }: { title: string; list: Approval[] }) {
	return list.length ? (
		<section>
			<h2 class="list-head">{title}</h2>
			<ul class="alerts">{list.map((request) => <RequestCard key={request.id} request={request} />)}</ul>
		</section>
	) : null;
}

export function ApprovalsView() {
	const pending = usePending();
	const all = useRead<{ approvals: Approval[] }>('approvals?state=all&limit=60', again_ms, approvals_rev.value);
	const waiting = pending.value?.approvals ?? [], over = all.value?.approvals.filter((request) => request.state !== 'pending') ?? [];
	const error = pending.error || all.error;

	return (
		<main class="main pane" id="main" tabIndex={-1}>
			<header class="pane-head"><MenuButton /><h1>Approvals</h1></header>
			{error && <p class="error" role="alert">{error}</p>}
			<div class="alerts-scroll" tabIndex={0} role="region" aria-label="List of requests">
				{pending.value && <p class="about" role="status">{waiting.some((request) => request.waits_for_me) ? '' : 'Nothing waits for you.'}</p>}
				<Cards title="Waits for you" list={waiting.filter((request) => request.waits_for_me)} />
				<Cards title="You asked for" list={waiting.filter((request) => request.mine && !request.waits_for_me)} />
				<Cards title="Waits for others" list={waiting.filter((request) => !request.mine && !request.waits_for_me)} />
				<Cards title="To be reviewed: ran without approval" list={over.filter(is_unreviewed)} />
				<Cards title="Decided lately" list={over.filter((request) => !is_unreviewed(request))} />
			</div>
		</main>
	);
}
