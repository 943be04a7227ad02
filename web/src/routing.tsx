// routing.tsx -- where an alert with these labels would go: the tree of routes, those taken marked, and why the others are not.

import { useState } from 'preact/hooks';
import { error_text, v1 } from './api';
import { exact_value } from './call';
import { MenuButton } from './channel';
import { lines_of } from './labels';
import type { RouteAsked } from './types';

interface Explained { routes: RouteAsked[]; service?: string }
interface Branch { asked: RouteAsked; below: Branch[] }

// The routes come in the order of the file, each with its depth.
function branches(routes: RouteAsked[]): Branch[] {
	const top: Branch[] = [], path: Branch[] = [];

	for (const asked of routes) {
		const branch = { asked, below: [] };

		path.length = Math.min(path.length, asked.depth);
		(path.at(-1)?.below ?? top).push(branch);
		path.push(branch);
	}
	return top;
}

function ms_text(ms: number): string {
	const seconds = ms / 1000;

	return seconds >= 3600 && seconds % 3600 === 0 ? `${seconds / 3600} h` : seconds >= 60 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

function receiver_text(name: string): string {
	return name === 'source' ? 'the channel of its source' : name === 'service' ? 'the channel of its service' : name;
}

function Facts({ asked }: { asked: RouteAsked }) {
	const mute = asked.mute_time_intervals ?? [], active = asked.active_time_intervals ?? [];

	return (
		<div class="alert-facts">
			<span>{asked.group_by ? `grouped by ${asked.group_by.join(', ') || 'nothing: all in one'}` : 'grouped as the source groups'}</span>
			<span>told after {ms_text(asked.group_wait_ms)}, again every {ms_text(asked.repeat_interval_ms)}</span>
			{mute.length > 0 && <span>silent during {mute.join(', ')}</span>}
			{active.length > 0 && <span>silent outside {active.join(', ')}</span>}
		</div>
	);
}

function BranchView({ branch: { asked, below } }: { branch: Branch }) {
	const matchers = asked.depth ? asked.matchers : '';

	return (
		<li class={asked.taken ? 'taken' : asked.matched ? 'matched' : ''}>
			<div class="branch" data-route={asked.receiver}>
				<div class="alert-line">
					{asked.taken && <span class="severity">taken</span>}
					<span class="branch-what">{matchers ? <code>{matchers}</code> : asked.depth ? 'fits all' : 'every alert'} → <strong>{receiver_text(asked.receiver)}</strong></span>
					{asked.line > 0 && <span class="faint">line {asked.line}</span>}
				</div>
				<p class="faint">{asked.why}{asked.continue && '; the routes behind it are asked too'}</p>
				{asked.taken && <Facts asked={asked} />}
			</div>
			{below.length > 0 && <ul>{below.map((one) => <BranchView branch={one} />)}</ul>}
		</li>
	);
}

export function RoutingView() {
	const [text, set_text] = useState('');
	const [explained, set_explained] = useState<Explained | null>(null);
	const [busy, set_busy] = useState(false);
	const [error, set_error] = useState('');
	const taken = explained?.routes.filter((asked) => asked.taken) ?? [];

	async function explain(event: Event) {
		const words = lines_of(text).map(exact_value);

		event.preventDefault();
		if (busy)
			return;
		set_busy(true);
		try {
			set_explained((await v1('POST', 'commands', { exact: `route -- ${words.join(' ')}` })).data);
			set_error('');
		} catch (reason) {
			set_explained(null);
			set_error(error_text(reason));
		}
		set_busy(false);
	}

	return (
		<main class="main pane" id="main" tabIndex={-1}>
			<header class="pane-head"><MenuButton /><h1>Routes</h1></header>
			<div class="alerts-scroll" tabIndex={0} role="region" aria-label="Routes">
				<form class="alert severity-info silence-form" onSubmit={(event) => void explain(event)}>
					<label class="field-label">Labels of an alert <span class="faint">one a line: team=db; __source__ and __tool__ too</span>
						<textarea class="input code" data-first required rows={Math.min(10, Math.max(3, text.split('\n').length))} spellcheck={false} autocapitalize="off" value={text} onInput={(event) => set_text(event.currentTarget.value)} />
					</label>
					{error && <p class="error" role="alert">{error}</p>}
					<div class="actions"><button class="button primary" aria-disabled={busy}>Where would it go?</button></div>
				</form>
				<p class="about" role="status">
					{explained && <>It goes to {taken.map((asked, i) => <>{i > 0 && ' and '}<strong>{receiver_text(asked.receiver)}</strong></>)}{explained.service && <>; it is of the service <strong>{explained.service}</strong></>}.</>}
				</p>
				{explained && <ul class="tree" aria-label="Tree of routes">{branches(explained.routes).map((one) => <BranchView branch={one} />)}</ul>}
			</div>
		</main>
	);
}
