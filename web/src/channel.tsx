// channel.tsx -- the main view: one channel with its header, its log and its composer.

import { useEffect, useState } from 'preact/hooks';
import { error_text } from './api';
import { Blocks } from './blocks';
import { Composer } from './composer';
import { dialog } from './frame';
import { MessageList, list_merge } from './list';
import { Mrkdwn } from './mrkdwn';
import { apps, channel_join, channel_mark_seen, channel_name, channel_shown, drawer_open, history_load, history_older, history_reach, home_open, homes, log_get, new_line, new_line_begin, new_line_end, shortcut_run, storage_set, thread_is_open, thread_load, toast, users } from './state';
import { is_reply } from './log';
import { route } from './route';
import type { Channel } from './types';

export function MenuButton() {
	return <button type="button" class="icon-button menu" aria-label="Open the channel list" aria-expanded={drawer_open.value} onClick={() => drawer_open.value = !drawer_open.value}>☰</button>;
}

function Header({ channel }: { channel: Channel }) {
	const other = channel.is_im ? users.value.get(channel.user ?? '') : undefined;

	return (
		<header class="pane-head">
			<MenuButton />
			<h1>{channel.is_private && !channel.is_im && <span role="img" aria-label="private">🔒 </span>}{channel_name(channel)}</h1>
			{channel.is_im ? <span class="topic">{other?.real_name !== other?.name && other?.real_name} {other?.presence === 'active' ? '· active' : '· away'}</span> : <div class="topic"><Mrkdwn text={(channel.topic ?? '').replace(/\n/g, ' ')} /></div>}
			{!channel.is_im && (
				<button type="button" class="button quiet" onClick={() => dialog.value = { kind: 'details', channel: channel.id }}>
					{channel.num_members ?? 0} {channel.num_members === 1 ? 'member' : 'members'}
				</button>
			)}
		</header>
	);
}

// What an app says and what it shows are two sides of its direct message.
function Sides({ app, home, show }: { app: string; home: boolean; show: (home: boolean) => void }) {
	const shortcuts = apps.value.find((one) => one.id === app)?.shortcuts.filter((one) => one.type === 'global') ?? [];

	return (
		<div class="actions sides" role="group" aria-label="What is shown">
			<button type="button" class="button" aria-pressed={!home} onClick={() => show(false)}>Messages</button>
			<button type="button" class="button" aria-pressed={home} onClick={() => show(true)}>Home</button>
			{shortcuts.map((one) => <button type="button" key={one.callback_id} class="button" onClick={() => void shortcut_run(app, one.callback_id)}>{one.name}</button>)}
		</div>
	);
}

function Home({ app, name }: { app: string; name: string }) {
	const view = homes.value.get(app);

	return (
		<div class="alerts-scroll" tabIndex={0} role="region" aria-label={`Home of ${name}`}>
			{view?.blocks?.length ? <Blocks blocks={view.blocks} place={{ channel: '', message: { ts: '' }, view }} /> : <p class="faint about">{name} shows nothing here.</p>}
		</div>
	);
}

function JoinBar({ channel }: { channel: Channel }) {
	return (
		<div class="join-bar">
			<span>You are not in {channel_name(channel)}: nothing new is shown here.</span>
			<button type="button" class="button primary" onClick={() => void channel_join(channel.id).catch((error) => toast(error_text(error), true))}>Join</button>
		</div>
	);
}

// Follows a permalink: reads back until the message is there, opens its thread when it is a reply.
async function jump_to(channel: string, ts: string, thread_ts: string): Promise<void> {
	if (thread_ts)
		await thread_load(channel, thread_ts);
	const found = thread_ts ? log_get(channel).find(ts) : await history_reach(channel, ts);

	if (!found)
		toast('The message is not there any more, or it is older than what can be read here.', true);
}

function Top({ channel, has_more }: { channel: Channel; has_more: boolean }) {
	if (has_more)
		return <div class="log-top faint">Reading older messages…</div>;
	return <div class="log-top"><strong>{channel_name(channel)}</strong> <span class="faint">This is the beginning.</span></div>;
}

export function ChannelView({ channel }: { channel: Channel }) {
	const { id } = channel;
	const log = log_get(id);
	const jump = route.value.message;
	const [opened] = useState(() => channel.unread ? 'unread' : 'read');
	const app = channel.is_im ? users.value.get(channel.user ?? '')?.app_id ?? '' : '';
	const [home, set_home] = useState(false);

	log.rev.value;          // drawn again when the log changes

	useEffect(() => {
		storage_set('channel', id);
		if (opened === 'unread')
			new_line_begin(id);
		return () => {
			new_line_end(id);
			log.trim();
		};
	}, []);

	useEffect(() => {
		void history_load(id);
	}, []);

	useEffect(() => {
		if (app)
			void home_open(app, home ? 'home' : 'messages');
	}, [app, home]);

	useEffect(() => {
		if (jump)
			void jump_to(id, jump, route.value.thread);
	}, [jump]);

	// Coming back to the window: what is in view has been seen.
	useEffect(() => {
		const seen = () => {
			const box = document.querySelector<HTMLElement>('.main .log');

			if (box && box.scrollHeight - box.scrollTop - box.clientHeight < 60)
				channel_mark_seen(id);
		};

		addEventListener('focus', seen);
		document.addEventListener('visibilitychange', seen);
		return () => {
			removeEventListener('focus', seen);
			document.removeEventListener('visibilitychange', seen);
		};
	}, []);

	const ephemerals = log.ephemerals.filter((message) => !is_reply(message) || !thread_is_open(id, message.thread_ts!));

	return (
		<main class="main pane" id="main">
			<Header channel={channel} />
			{app && <Sides app={app} home={home} show={set_home} />}
			{home ? <Home app={app} name={channel_name(channel)} /> : <>
			{log.error && <p class="error" role="alert">{log.error} <button type="button" class="button" onClick={() => void history_load(id)}>Try again</button></p>}
			{!log.loaded && !log.error && <p class="loading faint" role="status">Reading…</p>}
			{log.loaded && (
				<MessageList channel={id} messages={list_merge(log.roots, ephemerals)} label={`Messages in ${channel_name(channel)}`} in_thread={false}
					top={<Top channel={channel} has_more={log.has_more} />} jump={route.value.thread ? '' : jump} new_after={new_line.value.get(id) ?? ''}
					on_top={() => void history_older(id)} on_bottom={() => channel_mark_seen(id)} />
			)}
			{channel.is_member ? <Composer key={id} channel={id} thread_ts="" name={channel_name(channel)} /> : <JoinBar channel={channel} />}
			</>}
		</main>
	);
}

export function ChannelPane() {
	const channel = channel_shown.value;

	if (!channel)
		return (
			<main class="main pane" id="main">
				<header class="pane-head"><MenuButton /><h1>opsroom</h1></header>
				<p class="loading faint">{route.value.channel ? 'There is no such channel, or you are not in it.' : 'Choose a channel, or join one.'}</p>
			</main>
		);
	return <ChannelView key={channel.id} channel={channel} />;
}
