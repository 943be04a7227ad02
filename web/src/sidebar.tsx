// sidebar.tsx -- the channel list with its counts, and who I am.

import { useEffect } from 'preact/hooks';
import { usePending } from './approvals';
import { dialog } from './frame';
import { type Page, page_is_for, pages } from './pages';
import { route, route_go, route_to_channel } from './route';
import { alerts_open, approvals_waiting, channel_count, channel_name, channels_mine, drawer_open, logout, self, team, theme, theme_set, type Theme, users } from './state';
import type { Channel } from './types';

function ChannelLink({ channel }: { channel: Channel }) {
	const unread = channel_count(channel), mentions = channel.is_im ? unread : channel.mentions ?? 0;
	const here = route.value.view === 'channel' && route.value.channel === channel.id;
	const other = channel.is_im ? users.value.get(channel.user ?? '') : undefined;
	const active = other?.presence === 'active';

	return (
		<li>
			<a class={unread ? 'channel unread' : 'channel'} href={route_to_channel(channel.id)} aria-current={here ? 'page' : undefined} data-channel={channel.id}
				onClick={() => drawer_open.value = false}>
				<span class="channel-mark" aria-hidden="true">{channel.is_im ? <span class={active ? 'dot active' : 'dot'} /> : channel.is_private ? '🔒' : '#'}</span>
				<span class="channel-name">{channel_name(channel).replace(/^#/, '')}</span>
				{channel.is_im && <span class="sr-only">{active ? ', active' : ', away'}</span>}
				{unread > 0 && (
					<span class={mentions > 0 ? 'badge mention-badge' : 'badge'}>
						<span aria-hidden="true">{mentions > 0 ? '@' : ''}{unread > 99 ? '99+' : unread}</span><span class="sr-only">, {unread} unread{mentions > 0 ? `, ${mentions} for you` : ''}</span>
					</span>
				)}
			</a>
		</li>
	);
}

// One channel up or down in the order of the list; only unread ones when asked.
export function channel_step(step: number, only_unread: boolean): void {
	const list = channels_mine.value;
	const at = list.findIndex((channel) => channel.id === route.value.channel);

	for (let i = 1; i <= list.length; i++) {
		const channel = list[((at < 0 && step < 0 ? 0 : at) + i * step + 2 * list.length) % list.length]!;

		if (!only_unread || channel_count(channel))
			return route_go(route_to_channel(channel.id));
	}
}

function ThemeSwitch() {
	const names: Theme[] = ['auto', 'light', 'dark'];

	return (
		<label class="theme">Theme
			<select class="select" value={theme.value} onChange={(event) => theme_set(event.currentTarget.value as Theme)}>
				{names.map((name) => <option key={name} value={name}>{name}</option>)}
			</select>
		</label>
	);
}

interface Badge { count: number; said: string; loud: boolean }

// What is to be seen of a page from elsewhere.
function page_badge(view: Page['view'], waiting: number): Badge {
	const open = alerts_open.value.length, firing = alerts_open.value.filter((alert) => alert.state === 'firing').length;

	if (view === 'alerts')
		return { count: open, said: `${open} open, ${firing} firing`, loud: firing > 0 };
	return { count: view === 'approvals' ? waiting : 0, said: `${waiting} for you`, loud: true };
}

function PageLink({ page: { view, mark, name }, waiting }: { page: Page; waiting: number }) {
	const { count, said, loud } = page_badge(view, waiting);

	return (
		<a class={count && loud ? 'channel unread' : 'channel'} href={`#/${view}`} aria-current={route.value.view === view ? 'page' : undefined} onClick={() => drawer_open.value = false}>
			<span class="channel-mark" aria-hidden="true">{mark}</span>
			<span class="channel-name">{name}</span>
			{count > 0 && <span class={loud ? 'badge loud-badge' : 'badge'}><span aria-hidden="true">{count}</span><span class="sr-only">, {said}</span></span>}
		</a>
	);
}

export function Sidebar() {
	const rooms = channels_mine.value.filter((channel) => !channel.is_im);
	const dms = channels_mine.value.filter((channel) => channel.is_im);
	const shown = pages.filter((page) => page_is_for(page, self.value?.role));
	const pending = usePending().value;
	const waiting = pending?.approvals.filter((request) => request.waits_for_me).length ?? 0;

	useEffect(() => { approvals_waiting.value = pending?.approvals ?? []; }, [pending]);

	return (
		<nav class={drawer_open.value ? 'sidebar open' : 'sidebar'} aria-label="Channels">
			<div class="team">
				<span class="team-name">{team.value?.name}</span>
				<button type="button" class="button go-to" title="Go to a channel, person or page" onClick={() => dialog.value = { kind: 'switcher' }}>Go to… <kbd aria-hidden="true">Ctrl K</kbd></button>
			</div>
			<div class="sidebar-lists">
				{shown.filter((page) => page.daily).map((page) => <PageLink key={page.view} page={page} waiting={waiting} />)}
				<h2>Channels</h2>
				<ul>{rooms.map((channel) => <ChannelLink key={channel.id} channel={channel} />)}</ul>
				<button type="button" class="channel add" onClick={() => dialog.value = { kind: 'browse' }}><span class="channel-mark" aria-hidden="true">+</span>Join a channel</button>
				<button type="button" class="channel add" onClick={() => dialog.value = { kind: 'create' }}><span class="channel-mark" aria-hidden="true">+</span>New channel</button>
				<h2>Direct messages</h2>
				<ul>{dms.map((channel) => <ChannelLink key={channel.id} channel={channel} />)}</ul>
				<button type="button" class="channel add" onClick={() => dialog.value = { kind: 'switcher' }}><span class="channel-mark" aria-hidden="true">+</span>Message someone</button>
				<h2>Workspace</h2>
				{shown.filter((page) => !page.daily).map((page) => <PageLink key={page.view} page={page} waiting={0} />)}
			</div>
			<div class="who">
				<div class="who-name"><strong>{self.value?.name}</strong> <span class="faint">{self.value?.role}</span></div>
				<ThemeSwitch />
				<button type="button" class="icon-button" aria-label="Keyboard help" title="Keys (?)" onClick={() => dialog.value = { kind: 'help' }}>?</button>
				<button type="button" class="icon-button" title="Second factor" onClick={() => dialog.value = { kind: 'factor' }}>2FA</button>
				<button type="button" class="button quiet" onClick={() => void logout()}>Log out</button>
			</div>
		</nav>
	);
}
