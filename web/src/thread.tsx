// thread.tsx -- the thread pane: a root, its replies and a composer of its own.

import { useEffect } from 'preact/hooks';
import { Composer } from './composer';
import { MessageList, list_merge } from './list';
import { route, route_go, route_to_channel } from './route';
import { channel_mark_seen, channel_name, channel_shown, log_get, thread_load } from './state';

export function thread_close(): void {
	route_go(route_to_channel(route.value.channel));
	document.querySelector<HTMLElement>('.main .composer textarea')?.focus();
}

export function ThreadPane() {
	const channel = channel_shown.value!;
	const ts = route.value.thread;
	const log = log_get(channel.id);
	const messages = log.threads.get(ts);

	log.rev.value;

	useEffect(() => {
		if (!route.value.message)       // else the jump reads it
			void thread_load(channel.id, ts);
		if (matchMedia('(hover: hover)').matches)
			document.querySelector<HTMLElement>('.thread .composer textarea')?.focus();
		return () => void log.threads.delete(ts);       // read anew when it is opened again
	}, []);

	return (
		<aside class="thread pane" aria-label="Thread">
			<header class="pane-head">
				<h2>Thread</h2>
				<span class="topic">{channel_name(channel)}</span>
				<button type="button" class="icon-button" aria-label="Close the thread" onClick={thread_close}>✕</button>
			</header>
			{messages
				? <MessageList channel={channel.id} messages={list_merge(messages, log.ephemerals.filter((message) => message.thread_ts === ts))} label="Messages in the thread"
					in_thread top={null} jump={route.value.message} new_after="" on_bottom={() => !channel.unread && channel_mark_seen(channel.id)} />
				: <p class="loading faint" role="status">Reading…</p>}
			{channel.is_member && <Composer key={ts} channel={channel.id} thread_ts={ts} name={channel_name(channel)} />}
		</aside>
	);
}
