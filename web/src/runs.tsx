// runs.tsx -- the programs of plugins: what runs now and what ran, each with its log, line by line as it comes, and Cancel.

import { useEffect, useRef, useState } from 'preact/hooks';
import { error_text, v1 } from './api';
import { exact_value } from './call';
import { MenuButton } from './channel';
import { UserMention } from './mention';
import { Mrkdwn } from './mrkdwn';
import { useRead } from './read';
import { route, route_to_channel, route_to_run } from './route';
import { may_respond } from './silences';
import { channel_name, channels, self, toast } from './state';
import { time_near, time_since, time_whole } from './time';
import type { Run, RunLine } from './types';

const again_ms = 5000, log_again_ms = 1000, log_page = 2000, log_most = 20_000;

const tones: Record<string, string> = { queued: 'severity-none', running: 'severity-info', done: 'severity-resolved', failed: 'severity-critical', timed_out: 'severity-critical', unknown: 'severity-warning', cancelled: 'severity-none' };

function is_open(run: Run): boolean {
	return run.state === 'queued' || run.state === 'running';
}

function may_cancel(run: Run): boolean {
	return is_open(run) && may_respond() && (run.mine || ['operator', 'admin'].includes(self.value?.role ?? ''));
}

function Cancel({ run, again }: { run: Run; again: () => void }) {
	const [busy, set_busy] = useState(false);

	async function cancel() {
		if (busy)
			return;
		set_busy(true);
		try {
			await v1('POST', 'commands', { exact: `job cancel ${exact_value(run.code)}` });
			toast(`${run.code} is told to end.`);
		} catch (reason) {
			toast(`Not cancelled: ${error_text(reason)}`, true);
		}
		set_busy(false);
		again();
	}

	return may_cancel(run) ? <button type="button" class="button danger" aria-label={`Cancel ${run.code}`} aria-disabled={busy} onClick={() => void cancel()}>Cancel</button> : null;
}

function Facts({ run }: { run: Run }) {
	const channel = channels.value.get(run.channel ?? '');
	const took = run.started && run.ended ? `${((Date.parse(run.ended) - Date.parse(run.started)) / 1000).toFixed(1)} s` : '';

	return (
		<div class="alert-facts">
			<span>by <UserMention id={run.user} label="" /></span>
			{channel && <a href={route_to_channel(channel.id)}>{channel_name(channel)}</a>}
			<time dateTime={run.created} title={time_whole(new Date(run.created))}>{is_open(run) ? `for ${time_since(run.started ?? run.created)}` : time_near(new Date(run.created))}</time>
			{took && <span>took {took}</span>}
			{run.exit_code !== undefined && run.state !== 'cancelled' && <span>exit code {run.exit_code}</span>}
			<span>{run.plugin} {run.version}</span>
			{run.dry_run && <span>only tried out</span>}
		</div>
	);
}

function Head({ run, level }: { run: Run; level: 'h2' | 'h3' }) {
	const Title = level;

	return <div class="alert-line"><span class="severity">{run.state.replace('_', ' ')}</span><Title><code>{run.line || run.call}</code></Title><code>{run.code}</code></div>;
}

// ---- all ----

function RunCard({ run, again }: { run: Run; again: () => void }) {
	return (
		<li class={`alert ${tones[run.state] ?? 'severity-none'}`} data-run={run.code}>
			<Head run={run} level="h3" />
			<Facts run={run} />
			{run.progress && is_open(run) && <p>{run.progress}</p>}
			{run.why && <p class="state-firing">{run.why}</p>}
			<div class="actions"><a class="button" href={route_to_run(run.code)} aria-label={`Log of ${run.code}`}>Log</a><Cancel run={run} again={again} /></div>
		</li>
	);
}

function Cards({ title, list, again }: { title: string; list: Run[]; again: () => void }) {
	return (
		<section>
			<h2 class="list-head">{title}</h2>
			<ul class="alerts">{list.map((run) => <RunCard key={run.id} run={run} again={again} />)}</ul>
			{!list.length && <p class="faint about">None.</p>}
		</section>
	);
}

function AllRuns() {
	const { value, error, again } = useRead<{ runs: Run[] }>('runs?state=all&limit=100', again_ms);

	return (
		<div class="alerts-scroll" tabIndex={0} role="region" aria-label="List of runs">
			{error && <p class="error" role="alert">{error}</p>}
			{value && <Cards title="Now" list={value.runs.filter(is_open)} again={again} />}
			{value && <Cards title="Before" list={value.runs.filter((run) => !is_open(run))} again={again} />}
		</div>
	);
}

// ---- one, with its log ----

// The lines so far; read on while it runs.
function useLog(code: string): { lines: RunLine[]; ended: boolean; error: string } {
	const [state, set_state] = useState<{ lines: RunLine[]; ended: boolean; error: string }>({ lines: [], ended: false, error: '' });

	useEffect(() => {
		let current = true, timer = 0, lines: RunLine[] = [];

		async function read() {
			try {
				const answer = await v1('GET', `runs/${encodeURIComponent(code)}/log?after=${lines.at(-1)?.n ?? 0}&limit=${log_page}`);
				const full = answer.lines.length === log_page, ended = !full && !['queued', 'running'].includes(answer.state);

				if (!current)
					return;
				lines = [...lines, ...answer.lines].slice(-log_most);
				set_state({ lines, ended, error: '' });
				if (!ended)
					timer = window.setTimeout(read, full ? 0 : log_again_ms);
			} catch (reason) {
				if (!current)
					return;
				set_state({ lines, ended: false, error: error_text(reason) });
				timer = window.setTimeout(read, again_ms);
			}
		}

		void read();
		return () => {
			current = false;
			clearTimeout(timer);
		};
	}, [code]);
	return state;
}

function Log({ code }: { code: string }) {
	const { lines, ended, error } = useLog(code);
	const box = useRef<HTMLPreElement>(null);
	const stick = useRef(true);

	useEffect(() => {
		if (stick.current && box.current)
			box.current.scrollTop = box.current.scrollHeight;
	}, [lines]);
	return (
		<>
			<h2 class="list-head">Log <span class="faint">{ended ? `${lines.length} lines` : 'as it comes'}</span></h2>
			{error && <p class="error" role="alert">{error}</p>}
			<pre ref={box} class="run-log" role="log" aria-label={`Log of ${code}`} tabIndex={0} onScroll={(event) => {
				const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;

				stick.current = scrollHeight - scrollTop - clientHeight < 20;
			}}>
				{lines.map((line) => <div key={line.n} class={line.stream} title={time_whole(new Date(line.at))}>{line.stream === 'opsroom' && '— '}{line.text || ' '}</div>)}
				{ended && !lines.length && <span class="faint">It said nothing.</span>}
			</pre>
		</>
	);
}

function OneRun({ code }: { code: string }) {
	const { value: run, error, again } = useRead<Run>(`runs/${encodeURIComponent(code)}`, 2000);

	return (
		<div class="alerts-scroll" tabIndex={0} role="region" aria-label={`Run ${code}`}>
			{error && <p class="error" role="alert">{error}</p>}
			{run && (
				<div class={`alert ${tones[run.state] ?? 'severity-none'}`} data-run={run.code}>
					<Head run={run} level="h2" />
					<Facts run={run} />
					{run.progress && is_open(run) && <p role="status">{run.progress}</p>}
					{run.why && <p class="state-firing">{run.why}</p>}
					{run.shown && <div class="content"><Mrkdwn text={run.shown} /></div>}
					<p class="faint">Understood as <code>{run.call}</code>, digest <code>{run.digest.slice(0, 12)}</code>{run.output_sha256 && <>, output <code>{run.output_sha256.slice(0, 12)}</code></>}</p>
					<div class="actions"><Cancel run={run} again={again} /></div>
				</div>
			)}
			<Log key={code} code={code} />
		</div>
	);
}

export function RunsView() {
	const code = route.value.run ?? '';

	return (
		<main class="main pane" id="main" tabIndex={-1}>
			<header class="pane-head"><MenuButton />{code && <a href={route_to_run('')} aria-label="All runs">‹ Runs</a>}<h1>{code || 'Runs'}</h1></header>
			{code ? <OneRun key={code} code={code} /> : <AllRuns />}
		</main>
	);
}
