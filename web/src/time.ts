// time.ts -- ts strings and RFC 3339 times as people read them, in the browser's zone.

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

export function ts_date(ts: string): Date {
	return new Date(Number(ts) * 1000 || 0);
}

export function time_short(date: Date): string {
	return clock.format(date);
}

export function time_whole(date: Date): string {
	return whole.format(date);
}

export function day_key(ts: string): string {
	return ts_date(ts).toDateString();
}

export function day_name(ts: string): string {
	const today = new Date(), yesterday = new Date(Date.now() - 86_400_000);
	const key = day_key(ts);

	if (key === today.toDateString())
		return 'Today';
	return key === yesterday.toDateString() ? 'Yesterday' : day.format(ts_date(ts));
}

// "12 min", "3 h 5 min", "2 days": how long ago.
export function time_since(rfc3339: string | undefined): string {
	const seconds = Math.max(0, (Date.now() - Date.parse(rfc3339 ?? '')) / 1000);
	const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);

	if (!Number.isFinite(seconds))
		return '';
	if (minutes < 1)
		return 'just now';
	if (hours < 1)
		return `${minutes} min`;
	if (days < 1)
		return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
	return days === 1 ? '1 day' : `${days} days`;
}
