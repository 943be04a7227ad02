// A message as a person sees it: `>` before a reply in a thread, its texts, buttons in brackets, the colour of an attachment, names for ids, without the stars of bold type.

function texts(value, out) {
	if (Array.isArray(value)) {
		for (const v of value) texts(v, out);
	} else if (value && typeof value === 'object') {
		if (value.type === 'button') {
			out.push(`[${value.text?.text ?? value.text}]`);
			return;
		}
		if (value.color) out.push(`colour ${value.color}`);
		for (const key of ['pretext', 'title', 'text', 'value']) {
			if (typeof value[key] === 'string') out.push(value[key]);
			else if (value[key]) texts(value[key], out);
		}
		for (const key of ['fields', 'elements', 'blocks', 'attachments', 'actions']) texts(value[key], out);
	}
}

export function shown(message, names = {}) {
	const out = [];
	texts(message, out);
	const text = out.join('\n').replace(/<@([A-Z0-9]+)>/g, (whole, id) => (names[id] ? `@${names[id]}` : whole)).replace(/<!date\^[^|>]*\|([^>]*)>/g, '$1')
		.replace(/\*([^*\n]+)\*/g, '$1').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
	const reply = message.thread_ts && message.thread_ts !== message.ts ? '> ' : '';
	return `${reply}${message.username ?? names[message.user] ?? message.user}: ${text}`;
}

// What somebody wrote or a tool sent, without "has joined the channel" and its kin.
// In a thread only; what is told to the channel too counts as the channel's.
export const isReply = (message) => message.thread_ts && message.thread_ts !== message.ts && message.subtype !== 'thread_broadcast';

export const isSaid = (message) => !/^channel_/.test(message.subtype ?? '');

// Buttons of a message, wherever they stand.
export function buttons(message) {
	const found = [];
	const look = (value) => {
		if (value?.type === 'button') found.push(value);
		else if (value && typeof value === 'object') Object.values(value).forEach(look);
	};
	look([message.blocks, message.attachments]);
	return found;
}
