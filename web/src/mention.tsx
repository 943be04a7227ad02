// mention.tsx -- people and channels inside of text.

import { channel_name, channels, self, users } from './state';
import { route_to_channel } from './route';

export function UserMention({ id, label }: { id: string; label: string }) {
	const name = users.value.get(id)?.name ?? label ?? id;

	return <span class={id === self.value?.user_id ? 'mention me' : 'mention'}>@{name || id}</span>;
}

export function ChannelMention({ id, label }: { id: string; label: string }) {
	const channel = channels.value.get(id);

	if (!channel)
		return <span class="mention">#{label || id}</span>;
	return <a class="mention" href={route_to_channel(id)}>{channel_name(channel)}</a>;
}

export function SpecialMention({ label }: { label: string }) {
	return <span class="mention me">@{label}</span>;
}
