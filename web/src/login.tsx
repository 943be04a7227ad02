// login.tsx -- the two doors: making the first admin with the setup link, and logging in.

import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, error_text, v1 } from './api';
import { login, setup } from './state';

// The token of "/setup#TOKEN" or "/setup?token=TOKEN".
export function setup_token(): string {
	if (location.pathname !== '/setup')
		return '';
	return new URLSearchParams(location.search).get('token') ?? decodeURIComponent(location.hash.slice(1));
}

function Door({ title, children }: { title: string; children: ComponentChildren }) {
	return (
		<main class="door" id="main">
			<div class="door-card">
				<img src="/icon.svg" alt="" width={44} height={44} />
				<h1>{title}</h1>
				{children}
			</div>
		</main>
	);
}

interface InputProps { label: string; type?: 'text' | 'email' | 'password'; value: string; change: (value: string) => void; complete: AutoFill; hint?: string; first?: boolean }

function Input({ label, type = 'text', value, change, complete, hint, first }: InputProps) {
	// The union of types has roles apart for each; here none is given.
	return (
		<label class="field-label">{label}
			<input class="input" type={type as 'text'} value={value} required autocomplete={complete} autofocus={first} autocapitalize="none" spellcheck={false}
				onInput={(event) => change(event.currentTarget.value)} />
			{hint && <span class="faint">{hint}</span>}
		</label>
	);
}

export function LoginView() {
	const [user, set_user] = useState('');
	const [password, set_password] = useState('');
	const [error, set_error] = useState('');
	const [busy, set_busy] = useState(false);

	async function submit(event: Event) {
		event.preventDefault();
		if (busy)
			return;
		set_busy(true);
		try {
			await login(user.trim(), password);
		} catch (reason) {
			set_error(reason instanceof ApiError && reason.status === 401 ? 'This name and password do not belong together.' : error_text(reason));
			set_password('');
			set_busy(false);
		}
	}

	return (
		<Door title="Log in to opsroom">
			<form onSubmit={submit}>
				<Input label="Name or e-mail" value={user} change={set_user} complete="username" first />
				<Input label="Password" type="password" value={password} change={set_password} complete="current-password" />
				{error && <p class="error" role="alert">{error}</p>}
				<button class="button primary wide" aria-disabled={busy}>Log in</button>
			</form>
		</Door>
	);
}

export function SetupView({ token }: { token: string }) {
	const [known, set_known] = useState<'asking' | 'good' | 'bad'>('asking');
	const [name, set_name] = useState('');
	const [email, set_email] = useState('');
	const [password, set_password] = useState('');
	const [error, set_error] = useState('');
	const [busy, set_busy] = useState(false);

	useEffect(() => {
		v1('GET', `setup?token=${encodeURIComponent(token)}`).then(() => set_known('good'), (reason) => {
			set_known('bad');
			set_error(reason instanceof ApiError && reason.status === 404 ? '' : error_text(reason));
		});
	}, []);

	async function submit(event: Event) {
		event.preventDefault();
		if (busy)
			return;
		set_busy(true);
		try {
			await setup(token, name.trim(), email.trim(), password);
		} catch (reason) {
			set_error(error_text(reason));
			set_busy(false);
		}
	}

	if (known === 'bad')
		return (
			<Door title="This link has been used">
				<p>{error || 'There is an admin already, or the link is not complete. The daemon prints the right link when it starts without an admin.'}</p>
				<button type="button" class="button primary wide" onClick={() => location.replace('/')}>Log in</button>
			</Door>
		);
	return (
		<Door title="Make the first admin">
			<form onSubmit={submit}>
				<Input label="Name" value={name} change={set_name} complete="username" hint="Short, as in @ann" first />
				<Input label="E-mail" type="email" value={email} change={set_email} complete="email" />
				<Input label="Password" type="password" value={password} change={set_password} complete="new-password" hint="A long one: several words are good" />
				{error && <p class="error" role="alert">{error}</p>}
				<button class="button primary wide" aria-disabled={busy || known !== 'good'}>Make the admin and log in</button>
			</form>
		</Door>
	);
}
