// api.ts -- calls to the daemon: Slack's methods at /api, ours at /v1.
//
// Every call carries X-Opsroom: the session cookie alone does nothing, so no other site can act through this browser.

export class ApiError extends Error {
	constructor(readonly code: string, message: string, readonly status: number) {
		super(message);
	}
}

const words: Record<string, string> = {
	channel_not_found: 'There is no such channel, or you are not in it.',
	not_in_channel: 'You are not in this channel.',
	is_archived: 'This channel is archived.',
	msg_too_long: 'The message is too long.',
	no_text: 'There is nothing to send.',
	message_not_found: 'The message is not there any more.',
	thread_not_found: 'The thread is not there any more.',
	cant_update_message: 'Only your own messages can be edited.',
	cant_delete_message: 'Only your own messages can be deleted.',
	edit_window_closed: 'It is too late to edit this message.',
	name_taken: 'A channel of this name exists already.',
	invalid_name: 'A name has lower-case letters, digits, - and _, at most 80.',
	invalid_name_specials: 'A name has lower-case letters, digits, - and _, at most 80.',
	invalid_name_required: 'A channel needs a name.',
	cant_leave_general: 'This channel cannot be left.',
	already_in_channel: 'This person is in the channel already.',
	missing_scope: 'You may not do this.',
	restricted_action: 'You may not do this.',
	no_permission: 'You may not do this.',
	ratelimited: 'Too fast: wait a moment and try again.',
	too_long: 'This is too long.',
	idempotency_mismatch: 'This was sent before with another text.',
	service_unavailable: 'opsroom is busy. Try again in a moment.',
	internal_error: 'opsroom made a mistake. Its log tells more.',
};

let on_logged_out: () => void = () => {};

// Whom to tell when the session has ended.
export function api_on_logged_out(tell: () => void): void {
	on_logged_out = tell;
}

const patience_ms = 30_000;      // a connection that swallows everything is one that cannot be reached

async function exchange(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<{ status: number; data: any }> {
	const init: RequestInit = { method, credentials: 'same-origin', headers: { 'X-Opsroom': 'console', ...headers }, signal: AbortSignal.timeout(patience_ms) };
	let response: Response;

	if (body !== undefined) {
		init.body = JSON.stringify(body);
		init.headers = { ...init.headers, 'Content-Type': 'application/json; charset=utf-8' };
	}
	try {
		response = await fetch(path, init);
	} catch {
		throw new ApiError('offline', 'opsroom cannot be reached.', 0);
	}
	const data = await response.json().catch(() => null);

	return { status: response.status, data };
}

// Calls a method of Slack's Web API. key: the same key with the same arguments is carried out once.
export async function slack(method: string, args: Record<string, unknown>, key?: string): Promise<any> {
	const { status, data } = await exchange('POST', `/api/${method}`, args, key ? { 'Idempotency-Key': key } : {});

	if (data?.ok === true)
		return data;
	const code = typeof data?.error === 'string' ? data.error : status === 429 ? 'ratelimited' : `http_${status}`;

	if (code === 'not_authed' || code === 'invalid_auth' || code === 'token_revoked')
		on_logged_out();
	const said = data?.response_metadata?.messages?.[0];
	const text = data?.detail ? String(data.detail) : words[code] ?? (typeof said === 'string' ? said.replace(/^\[ERROR\] /, '') : code.replace(/_/g, ' '));

	throw new ApiError(code, text, status);
}

// A call that outlives the page. Nobody hears the answer.
export function slack_farewell(method: string, args: Record<string, unknown>): void {
	void fetch(`/api/${method}`, {
		method: 'POST', credentials: 'same-origin', keepalive: true, body: JSON.stringify(args),
		headers: { 'X-Opsroom': 'console', 'Content-Type': 'application/json; charset=utf-8' },
	}).catch(() => {});
}

// Calls our own API. Errors carry the problem's detail (RFC 9457).
export async function v1(method: string, path: string, body?: unknown): Promise<any> {
	const { status, data } = await exchange(method, `/v1/${path}`, body);

	if (status >= 200 && status < 300)
		return data ?? {};
	if (status === 401 && path !== 'login')
		on_logged_out();
	throw new ApiError(String(data?.code ?? `http_${status}`), String(data?.detail ?? data?.title ?? `opsroom answered ${status}.`), status);
}

// The lines of an answer that is no JSON value but many.
export async function v1_lines(path: string): Promise<string[]> {
	const response = await fetch(`/v1/${path}`, { credentials: 'same-origin', headers: { 'X-Opsroom': 'console' } }).catch(() => null);

	if (!response?.ok)
		throw new ApiError(`http_${response?.status ?? 0}`, response ? `opsroom answered ${response.status}.` : 'opsroom cannot be reached.', response?.status ?? 0);
	return (await response.text()).split('\n').filter(Boolean);
}

export function error_text(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

// A key for one intent to send. crypto.randomUUID is missing on plain http away from localhost.
export function key_new(): string {
	return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
