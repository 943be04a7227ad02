// consent.tsx -- /oauth/v2/authorize: an app asks who is logged in whether it may act here, and they are sent back to it with the answer.

import { useEffect, useState } from 'preact/hooks';
import { error_text, v1 } from './api';
import { channel_name, channels_mine, self, team } from './state';

interface Asked { app: string; description: string; scopes: string[]; user_scopes: string[]; redirect_uri: string; incoming_webhook: boolean }

const meanings: Record<string, string> = {
	'app_mentions:read': 'hear when it is mentioned', 'channels:history': 'read messages in public channels', 'channels:join': 'join public channels', 'channels:manage': 'make and change channels',
	'channels:read': 'see channels', 'chat:write': 'post messages', 'chat:write.customize': 'post under other names and pictures', 'chat:write.public': 'post in channels without joining', 'commands': 'add slash commands',
	'emoji:read': 'see emoji', 'files:read': 'read files', 'files:write': 'upload and delete files', 'groups:history': 'read messages in private channels', 'groups:read': 'see private channels',
	'im:history': 'read direct messages', 'im:read': 'see direct messages', 'im:write': 'open direct messages', 'incoming-webhook': 'post to one channel by an address', 'pins:read': 'see pins', 'pins:write': 'pin and unpin',
	'reactions:read': 'see reactions', 'reactions:write': 'react', 'search:read': 'search messages', 'team:read': 'see the workspace', 'usergroups:read': 'see groups of people', 'usergroups:write': 'change groups of people',
	'users:read': 'see people', 'users:read.email': 'see e-mail addresses', 'users.profile:read': 'see profiles', 'users.profile:write': 'change profiles',
};

function Scopes({ title, scopes }: { title: string; scopes: string[] }) {
	if (!scopes.length)
		return null;
	return (
		<>
			<h2 class="list-head">{title}</h2>
			<ul>{scopes.map((scope) => <li key={scope}>{meanings[scope] ? <>{meanings[scope]} <span class="faint">{scope}</span></> : scope}</li>)}</ul>
		</>
	);
}

function origin_of(address: string): string {
	try {
		return new URL(address).origin;
	} catch {
		return address;
	}
}

function Question({ asked, query }: { asked: Asked; query: string }) {
	const mine = channels_mine.value.filter((one) => !one.is_im);
	const [channel, set_channel] = useState('');
	const [error, set_error] = useState('');
	const [busy, set_busy] = useState(false);

	async function decide(allow: boolean) {
		if (busy)
			return;
		if (allow && asked.incoming_webhook && !channel) {
			set_error('Choose the channel that it may post to.');
			return;
		}
		set_busy(true);
		try {
			location.assign((await v1('POST', `oauth${query}`, { allow, channel })).redirect);
		} catch (reason) {
			set_error(error_text(reason));
			set_busy(false);
		}
	}

	return (
		<form onSubmit={(event) => { event.preventDefault(); void decide(true); }}>
			<p>You are <strong>{self.value?.name}</strong> in <strong>{team.value?.name}</strong>.{asked.description && ` ${asked.description}`}</p>
			<Scopes title="Its bot could" scopes={asked.scopes} />
			<Scopes title="In your name it could" scopes={asked.user_scopes} />
			{asked.incoming_webhook && (
				<label class="field-label">Where may its webhook post?
					<select class="input" value={channel} onChange={(event) => set_channel(event.currentTarget.value)}>
						<option value="">Choose…</option>
						{mine.map((one) => <option key={one.id} value={one.id}>{channel_name(one)}</option>)}
					</select>
				</label>
			)}
			<p class="faint">Then you go back to {origin_of(asked.redirect_uri)}.</p>
			{error && <p class="error" role="alert">{error}</p>}
			<div class="dialog-buttons">
				<button type="button" class="button" aria-disabled={busy} onClick={() => void decide(false)}>Cancel</button>
				<button class="button primary" aria-disabled={busy}>Allow</button>
			</div>
		</form>
	);
}

export function ConsentView({ query }: { query: string }) {
	const [asked, set_asked] = useState<Asked | null>(null);
	const [error, set_error] = useState('');

	useEffect(() => {
		v1('GET', `oauth${query}`).then(set_asked, (reason) => set_error(error_text(reason)));
	}, []);
	return (
		<main class="door" id="main">
			<div class="door-card" aria-busy={!asked && !error}>
				<h1>{asked ? `Allow ${asked.app} to act here?` : error ? 'This cannot be allowed' : 'Loading…'}</h1>
				{error && <p class="error" role="alert">{error}</p>}
				{asked && <Question asked={asked} query={query} />}
			</div>
		</main>
	);
}
