// main.tsx -- the console: which screen is shown, and what holds them together.

import { render } from 'preact';
import { effect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { AccessView } from './access';
import { AlertsView } from './alerts';
import { ApprovalsView } from './approvals';
import { AuditView } from './audit';
import { ChannelPane } from './channel';
import { ConsentView } from './consent';
import { Dialogs } from './dialogs';
import { dialog } from './frame';
import { keys_start } from './keys';
import { LoginView, SetupView, setup_token } from './login';
import { NoiseView } from './noise';
import { pages } from './pages';
import { PluginsView } from './plugins';
import { consent_asked, route, route_start } from './route';
import { RoutingView } from './routing';
import { RunsView } from './runs';
import { Sidebar } from './sidebar';
import { SilencesView } from './silences';
import { SourcesView } from './sources';
import { broken, channel_name, channel_shown, drawer_open, marks_flush, phase, session_start, stream, team, theme_start, toast_close, toasts, unread_total } from './state';
import { ThreadPane } from './thread';
import { TokensView } from './tokens';

function Banner() {
	if (!broken.value)
		return null;
	return (
		<div class="banner" role="status">
			Reconnecting… What you see may be out of date. <button type="button" class="link-button" onClick={() => stream.hurry()}>Try now</button>
		</div>
	);
}

function Toasts() {
	return (
		<div class="toasts" role="status" aria-live="polite">
			{toasts.value.map((one) => (
				<div key={one.id} class={one.bad ? 'toast bad' : 'toast'} role={one.bad ? 'alert' : undefined}>
					<span>{one.text}</span>
					<button type="button" class="icon-button" aria-label="Dismiss" onClick={() => toast_close(one.id)}>✕</button>
				</div>
			))}
		</div>
	);
}

function View() {
	switch (route.value.view) {
	case 'alerts':
		return <AlertsView />;
	case 'runs':
		return <RunsView />;
	case 'plugins':
		return <PluginsView />;
	case 'audit':
		return <AuditView />;
	case 'tokens':
		return <TokensView />;
	case 'access':
		return <AccessView />;
	case 'approvals':
		return <ApprovalsView />;
	case 'silences':
		return <SilencesView />;
	case 'sources':
		return <SourcesView />;
	case 'routes':
		return <RoutingView />;
	case 'noise':
		return <NoiseView />;
	}
	return <ChannelPane />;
}

function Room() {
	const { view, thread, form } = route.value;
	const with_thread = view === 'channel' && !!thread && !!channel_shown.value;

	// Going to another channel puts the caret where one writes; not on a phone, where that opens the keyboard.
	useEffect(() => {
		if (matchMedia('(hover: hover)').matches && !route.value.message && !dialog.value)
			(document.querySelector<HTMLElement>('.main [data-first]') ?? document.querySelector<HTMLElement>('.main .composer textarea, .main .alerts-scroll'))?.focus();
	}, [route.value.channel, view, form]);

	return (
		<>
			<a class="skip" href="#main" onClick={(event) => {
				event.preventDefault();
				document.querySelector<HTMLElement>('.main .log, .main .alerts-scroll')?.focus();
			}}>Skip to the messages</a>
			<Banner />
			<div class={with_thread ? 'room with-thread' : 'room'}>
				<Sidebar />
				{drawer_open.value && <div class="shade" onClick={() => drawer_open.value = false} />}
				<View />
				{with_thread && <ThreadPane key={route.value.channel + thread} />}
			</div>
		</>
	);
}

function Down() {
	return (
		<main class="door" id="main">
			<div class="door-card">
				<h1>opsroom cannot be reached</h1>
				<p>The daemon does not answer. It may be starting.</p>
				<button type="button" class="button primary wide" onClick={() => void session_start()}>Try again</button>
			</div>
		</main>
	);
}

function Screen() {
	switch (phase.value) {
	case 'loading':
		return <main class="door" id="main"><p class="faint" role="status">Loading…</p></main>;
	case 'setup':
		return <SetupView token={setup_token()} />;
	case 'login':
		return <LoginView />;
	case 'down':
		return <Down />;
	case 'in':
		return consent_asked() ? <ConsentView query={consent_asked()} /> : <Room />;
	}
}

function Console() {
	return (
		<>
			<Screen />
			<Dialogs />
			<Toasts />
		</>
	);
}

function title(): string {
	const count = unread_total.value ? `(${unread_total.value}) ` : '';
	const name = team.value?.name || 'opsroom';

	if (phase.value !== 'in')
		return 'opsroom';
	const page = pages.find((one) => one.view === route.value.view);

	if (page)
		return `${count}${route.value.source || route.value.run || page.name} · ${name}`;
	return channel_shown.value ? `${count}${channel_name(channel_shown.value)} · ${name}` : `${count}${name}`;
}

theme_start();
effect(() => { document.title = title(); });
addEventListener('pagehide', marks_flush);
addEventListener('online', () => stream.hurry());
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && stream.probe());
keys_start();
if (setup_token()) {
	phase.value = 'setup';
	render(<Console />, document.getElementById('app')!);
} else {
	render(<Console />, document.getElementById('app')!);
	if (!consent_asked())
		route_start();
	void session_start();
}
