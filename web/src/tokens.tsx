// tokens.tsx -- API tokens: one's own, made, seen once, revoked; for admins what to do about all there are.

import { useState } from 'preact/hooks';
import { error_text, v1 } from './api';
import { MenuButton } from './channel';
import { ask_confirm } from './frame';
import { escape } from './mrkdwn';
import { useRead } from './read';
import { self, toast, users } from './state';
import { time_near, time_since, time_whole } from './time';
import type { Token, TokenReport } from './types';

const again_ms = 60_000;

const scopes: [string, string][] = [['read', 'read: look'], ['write', 'write: look and act'], ['admin', 'admin: all that you may']];

async function revoke(token: { id: string; name: string }, done: () => void): Promise<void> {
	if (!await ask_confirm({ title: 'Revoke this token?', text: `What uses *${escape(token.name)}* will be refused from then on.`, yes: 'Revoke', no: 'Keep' }))
		return;
	try {
		await v1('DELETE', `tokens/${token.id}`);
		toast(`${token.name} is revoked.`);
	} catch (reason) {
		toast(`Not revoked: ${error_text(reason)}`, true);
	}
	done();
}

function Used({ token }: { token: { created: string; last_used: string | null; last_from?: string } }) {
	return (
		<>
			<time dateTime={token.created} title={time_whole(new Date(token.created))}>made {time_near(new Date(token.created))}</time>
			{token.last_used ? <time dateTime={token.last_used} title={time_whole(new Date(token.last_used))}>last used {time_since(token.last_used)} ago{token.last_from && ` from ${token.last_from}`}</time> : <span>never used</span>}
		</>
	);
}

// ---- making one ----

function Made({ token, name, done }: { token: string; name: string; done: () => void }) {
	async function copy() {
		try {
			await navigator.clipboard.writeText(token);
			toast('Token copied.');
		} catch {
			toast('This browser does not let a page copy here: mark the token and copy it.', true);
		}
	}

	return (
		<div class="alert severity-warning" role="status">
			<div class="alert-line"><h2>{name}</h2></div>
			<p>The token is shown this once. Keep it where others do not read it.</p>
			<pre class="what" tabIndex={0} aria-label="Token">{token}</pre>
			<div class="actions"><button type="button" class="button primary" onClick={() => void copy()}>Copy</button><button type="button" class="button" onClick={done}>I have kept it</button></div>
		</div>
	);
}

function Create({ again }: { again: () => void }) {
	const [name, set_name] = useState('');
	const [scope, set_scope] = useState('write');
	const [user, set_user] = useState('');
	const [made, set_made] = useState<{ token: string; name: string } | null>(null);
	const [busy, set_busy] = useState(false);
	const [error, set_error] = useState('');
	const is_admin = self.value?.role === 'admin';
	const people = [...users.value.values()].filter((one) => !one.is_bot && one.id !== self.value?.user_id).sort((a, b) => a.name.localeCompare(b.name));

	async function make(event: Event) {
		event.preventDefault();
		if (busy)
			return;
		set_busy(true);
		try {
			set_made(await v1('POST', 'tokens', { name: name.trim(), scopes: [scope], ...(user ? { user } : {}) }));
			set_name('');
			set_error('');
		} catch (reason) {
			set_error(error_text(reason));
		}
		set_busy(false);
		again();
	}

	if (made)
		return <Made token={made.token} name={made.name} done={() => set_made(null)} />;
	return (
		<form class="alert severity-info silence-form" aria-label="New token" onSubmit={(event) => void make(event)}>
			<div class="silence-times">
				<label class="field-label">New token, for what? <input class="input" data-first required maxLength={100} placeholder="deploy job" value={name} onInput={(event) => set_name(event.currentTarget.value)} /></label>
				<label class="field-label">May
					<select class="input" value={scope} onChange={(event) => set_scope(event.currentTarget.value)}>{scopes.map(([value, label]) => (value !== 'admin' || is_admin) && <option key={value} value={value}>{label}</option>)}</select>
				</label>
				{is_admin && (
					<label class="field-label">Acts as
						<select class="input" value={user} onChange={(event) => set_user(event.currentTarget.value)}><option value="">me</option>{people.map((one) => <option key={one.id} value={one.name}>{one.name}</option>)}</select>
					</label>
				)}
			</div>
			{error && <p class="error" role="alert">Not made: {error}</p>}
			<div class="actions"><button class="button primary" aria-disabled={busy}>Make the token</button></div>
		</form>
	);
}

// ---- those there are ----

function TokenCard({ token, again }: { token: Token; again: () => void }) {
	return (
		<li class="alert severity-info" data-token={token.name}>
			<div class="alert-line"><span class="severity">{token.scopes.join(', ')}</span><h3>{token.name}</h3></div>
			<div class="alert-facts"><Used token={token} /></div>
			<div class="actions"><button type="button" class="button danger" aria-label={`Revoke ${token.name}`} onClick={() => void revoke(token, again)}>Revoke</button></div>
		</li>
	);
}

function ReportCard({ token, again }: { token: TokenReport; again: () => void }) {
	return (
		<li class={`alert ${token.badness ? 'severity-warning' : 'severity-resolved'}`} data-report={token.name}>
			<div class="alert-line"><span class="severity">{token.scope}</span><h3>{token.name}</h3></div>
			<div class="alert-facts">
				<span>of <strong>{token.user}</strong></span>
				<Used token={token} />
				{token.needed && <span>needed {token.needed}</span>}
			</div>
			<p>{token.advice}</p>
			{token.badness > 0 && <div class="actions"><button type="button" class="button danger" aria-label={`Revoke ${token.name} of ${token.user}`} onClick={() => void revoke(token, again)}>Revoke</button></div>}
		</li>
	);
}

function Report({ rev, again }: { rev: number; again: () => void }) {
	const { value, error } = useRead<{ tokens: TokenReport[] }>('tokens/report', again_ms, rev);

	return (
		<section>
			<h2 class="list-head">All tokens of the workspace, the worst first</h2>
			{error && <p class="error" role="alert">{error}</p>}
			<ul class="alerts" aria-busy={!value}>{value?.tokens.map((token) => <ReportCard key={token.id} token={token} again={again} />)}</ul>
		</section>
	);
}

export function TokensView() {
	const [rev, set_rev] = useState(0);
	const { value, error } = useRead<{ tokens: Token[] }>('tokens', again_ms, rev);
	const again = () => set_rev((n) => n + 1);
	const mine = value?.tokens.filter((token) => token.user === self.value?.name) ?? [];

	return (
		<main class="main pane" id="main" tabIndex={-1}>
			<header class="pane-head"><MenuButton /><h1>Tokens</h1></header>
			<div class="alerts-scroll" tabIndex={0} role="region" aria-label="API tokens">
				<Create again={again} />
				{error && <p class="error" role="alert">{error}</p>}
				<section>
					<h2 class="list-head">Your tokens</h2>
					<ul class="alerts" aria-busy={!value}>{mine.map((token) => <TokenCard key={token.id} token={token} again={again} />)}</ul>
					{value && !mine.length && <p class="faint about">You have none.</p>}
				</section>
				{self.value?.role === 'admin' && <Report rev={rev} again={again} />}
			</div>
		</main>
	);
}
