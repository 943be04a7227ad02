// factor.tsx -- one's second factor: set up, given, taken away. Codes go to the daemon alone, never into a channel.

import { useEffect, useState } from 'preact/hooks';
import { error_text, v1 } from './api';
import { Frame, dialog_close } from './frame';
import { time_since } from './time';
import type { Factor, FactorSecret } from './types';

type Act = (work: () => Promise<void>) => Promise<void>;

function Code({ label, act, button, other }: { label: string; act: Act; button: [string, (code: string) => Promise<void>]; other?: [string, (code: string) => Promise<void>] }) {
	const [code, set_code] = useState('');
	const give = (what: (code: string) => Promise<void>) => code.trim() && void act(async () => { await what(code.trim()); set_code(''); });

	return (
		<form class="line" onSubmit={(event) => { event.preventDefault(); give(button[1]); }}>
			<label class="field-label">{label} <input class="input" data-first autoComplete="one-time-code" maxLength={40} value={code} onInput={(event) => set_code(event.currentTarget.value)} /></label>
			{other && <button type="button" class="button danger" onClick={() => give(other[1])}>{other[0]}</button>}
			<button class="button primary">{button[0]}</button>
		</form>
	);
}

function Recovery({ codes }: { codes: string[] }) {
	return (
		<>
			<p>Your second factor counts from now on. For when it is lost, ten codes, each of which counts once. They are shown this once: keep them where your phone is not.</p>
			<pre>{codes.join('\n')}</pre>
			<div class="dialog-buttons"><button type="button" class="button primary" onClick={dialog_close}>I have kept them</button></div>
		</>
	);
}

function Enrol({ secret, act, confirm }: { secret: FactorSecret; act: Act; confirm: (code: string) => Promise<void> }) {
	return (
		<>
			<p>Add this to an authenticator; it is shown this once. On the phone itself the <a href={secret.uri}>address</a> opens it.</p>
			<pre>{secret.secret.replace(/(.{4})(?=.)/g, '$1 ')}</pre>
			<p class="faint uri">{secret.uri}</p>
			<Code label="The code that it shows" act={act} button={['Confirm', confirm]} />
		</>
	);
}

function Given({ state, act, reload }: { state: Factor; act: Act; reload: () => Promise<void> }) {
	return (
		<>
			<p role="status">{state.given_at ? `A code was given ${time_since(state.given_at)} ago, for this login.` : 'No code was given for this login yet.'}</p>
			<p class="faint">{state.recovery_codes_left} recovery codes are left; one takes the place of a code.</p>
			<Code label="Code" act={act} button={['Give', async (code) => { await v1('POST', 'mfa', { code }); await reload(); }]}
				other={['Take it away', async (code) => { await v1('DELETE', 'mfa', { code }); await reload(); }]} />
		</>
	);
}

export function FactorDialog() {
	const [state, set_state] = useState<Factor | null>(null);
	const [secret, set_secret] = useState<FactorSecret | null>(null);
	const [codes, set_codes] = useState<string[] | null>(null);
	const [error, set_error] = useState('');
	const reload = async () => set_state(await v1('GET', 'mfa'));

	async function act(work: () => Promise<void>) {
		try {
			await work();
			set_error('');
		} catch (reason) {
			set_error(error_text(reason));
		}
	}

	useEffect(() => void act(reload), []);

	const enrol = () => act(async () => set_secret(await v1('POST', 'mfa/enrol', {})));
	const confirm = async (code: string) => set_codes((await v1('POST', 'mfa/confirm', { code })).recovery_codes);

	return (
		<Frame title="Second factor">
			{error && <p class="error" role="alert">{error}</p>}
			{codes ? <Recovery codes={codes} /> : secret ? <Enrol secret={secret} act={act} confirm={confirm} /> : state?.enrolled ? <Given state={state} act={act} reload={reload} /> : state && (
				<>
					<p>Some commands ask who you are once more, by a code of an authenticator on your phone. You have none yet.</p>
					<div class="dialog-buttons"><button type="button" class="button primary" data-first onClick={() => void enrol()}>Set one up</button></div>
				</>
			)}
		</Frame>
	);
}
