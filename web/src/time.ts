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

// "09:00" today, "tomorrow 09:00", "24 Nov 2026 09:00" otherwise.
export function time_near(date: Date): string {
	const tomorrow = new Date();

	tomorrow.setDate(tomorrow.getDate() + 1);
	if (date.toDateString() === new Date().toDateString())
		return clock.format(date);
	return `${date.toDateString() === tomorrow.toDateString() ? 'tomorrow' : new Intl.DateTimeFormat(undefined, date_styles.date_short).format(date)} ${clock.format(date)}`;
}

// "a moment", "12 min", "3 h 5 min", "2 days": for how long, or how long ago.
export function time_since(rfc3339: string | undefined): string {
	return seconds_text((Date.now() - Date.parse(rfc3339 ?? '')) / 1000);
}

export function time_until(rfc3339: string | undefined): string {
	return seconds_text((Date.parse(rfc3339 ?? '') - Date.now()) / 1000);
}

function seconds_text(span: number): string {
	const seconds = Math.max(0, span);
	const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);

	if (!Number.isFinite(seconds))
		return '';
	if (minutes < 1)
		return 'a moment';
	if (hours < 1)
		return `${minutes} min`;
	if (days < 1)
		return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
	return days === 1 ? '1 day' : `${days} days`;
}

const date_styles: Record<string, Intl.DateTimeFormatOptions> = {
	date_num: { year: 'numeric', month: '2-digit', day: '2-digit' },
	date: { year: 'numeric', month: 'long', day: 'numeric' },
	date_short: { year: 'numeric', month: 'short', day: 'numeric' },
	date_long: { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' },
	time: { hour: '2-digit', minute: '2-digit' },
	time_secs: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
};

function date_token(name: string, date: Date): string | null {
	if (name === 'ago')
		return `${time_since(date.toISOString())} ago`;
	const pretty = name.endsWith('_pretty');
	const style = new Map(Object.entries(date_styles)).get(name.replace(/_pretty$/, ''));
	const near = pretty ? day_name(String(date.getTime() / 1000)) : '';

	if (!style)
		return null;
	return near === 'Today' || near === 'Yesterday' ? near.toLowerCase() : new Intl.DateTimeFormat(undefined, style).format(date);
}

// The format of Slack's <!date^…>: "{date_short_pretty} at {time}", in the reader's zone. A token that is not known stays as it is.
export function date_format(date: Date, format: string): string {
	return format.replace(/\{([a-z_]{1,30})\}/g, (whole, name: string) => date_token(name, date) ?? whole);
}
