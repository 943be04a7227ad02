// types.ts -- the shapes that the daemon sends: docs/api.md, and Slack's messages and blocks.
//
// Everything here came over the wire, so nothing but what a renderer checks may be believed: a field may be absent
// or of another type when a bot wrote it.

export interface Reaction { name: string; users: string[]; count: number }

export interface Message {
	type?: string;
	subtype?: string;
	ts: string;
	user?: string;
	bot_id?: string;
	username?: string;
	bot_profile?: { name?: string };
	text?: string;
	blocks?: Block[];
	attachments?: Attachment[];
	files?: MessageFile[];
	thread_ts?: string;
	reply_count?: number;
	reply_users?: string[];
	latest_reply?: string;
	edited?: { user?: string; ts?: string };
	reactions?: Reaction[];
	ephemeral?: boolean;            // ours: only this person sees it, and only until the page is left
}

export interface MessageFile {
	id: string;
	name?: string;
	title?: string;
	mimetype?: string;
	size?: number;
	original_w?: number;
	original_h?: number;
}

export interface TextObject { type?: string; text?: string; emoji?: boolean }

export interface Confirm { title?: TextObject | string; text?: TextObject | string; confirm?: TextObject; deny?: TextObject; ok_text?: string; dismiss_text?: string }

export interface Option { text?: TextObject; value?: string; description?: TextObject; url?: string }

export interface Element {
	type?: string;
	text?: TextObject | string;
	action_id?: string;
	value?: string;
	url?: string;
	style?: string;
	confirm?: Confirm;
	options?: Option[];
	placeholder?: TextObject;
	option_groups?: { label?: TextObject; options?: Option[] }[];
	min_query_length?: number;
	is_decimal_allowed?: boolean;
	initial_option?: Option;
	initial_value?: string;
	multiline?: boolean;
	max_length?: number;
	image_url?: string;
	alt_text?: string;
	elements?: RichElement[];
}

export interface RichStyle { bold?: boolean; italic?: boolean; strike?: boolean; code?: boolean }

export interface RichElement {
	type?: string;
	text?: string;
	url?: string;
	name?: string;
	unicode?: string;
	user_id?: string;
	channel_id?: string;
	usergroup_id?: string;
	range?: string;
	fallback?: string;
	timestamp?: number;
	style?: RichStyle | string;
	indent?: number;
	offset?: number;
	elements?: RichElement[];
}

export interface Block {
	type?: string;
	block_id?: string;
	text?: TextObject | string;
	label?: TextObject;             // of an input: this and the three that follow
	hint?: TextObject;
	optional?: boolean;
	element?: Element;
	fields?: TextObject[];
	accessory?: Element;
	elements?: (Element & RichElement)[];
	image_url?: string;
	alt_text?: string;
	title?: TextObject;
	fallback?: string;
}

export interface AttachmentAction {
	type?: string; text?: string; url?: string; name?: string; value?: string; style?: string; confirm?: Confirm;
	options?: { text?: string; value?: string }[];
}

export interface Attachment {
	id?: number;
	color?: string;
	fallback?: string;
	pretext?: string;
	author_name?: string;
	author_link?: string;
	title?: string;
	title_link?: string;
	text?: string;
	fields?: { title?: string; value?: string; short?: boolean | string }[];
	image_url?: string;
	thumb_url?: string;
	footer?: string;
	ts?: number | string;
	callback_id?: string;
	actions?: AttachmentAction[];
	blocks?: Block[];
	mrkdwn_in?: string[];
}

// A dialog, as Slack's views are.
export interface ModalView {
	id?: string;                    // of an app's
	type?: string;
	app_id?: string;
	previous_view_id?: string | null;
	notify_on_close?: boolean;
	callback_id?: string;
	private_metadata?: string;
	title?: TextObject;
	submit?: TextObject;
	close?: TextObject;
	blocks?: Block[];
}

// What was entered: by block_id, by action_id.
export interface FieldState { type: string; [member: string]: unknown }
export interface ModalState { values: Record<string, Record<string, FieldState>> }

// Where an element stands: what the daemon must know when it is used. view: in a dialog or a home of an app, not in a message.
export interface Place { channel: string; message: Message; view?: ModalView }

export interface Channel {
	id: string;
	name: string;
	is_private?: boolean;
	is_im?: boolean;
	is_member?: boolean;
	user?: string;                  // a direct message's other side
	topic?: string;
	num_members?: number;
	last_seq?: number;
	last_read?: string;
	unread?: number;
	mentions?: number;
	latest?: string;
}

export interface User {
	id: string;
	name: string;
	real_name?: string;
	is_bot?: boolean;
	app_id?: string;                // of an app's bot
	role?: string;
	presence?: string;
}

export interface CommandParam {
	name: string;
	type: string;
	letter?: string;
	option?: boolean;
	required?: boolean;
	rest?: boolean;
	repeat?: boolean;
	help?: string;
	choices?: string[];
}

export interface Command { name: string; plugin?: string; args?: string; help?: string; risk?: string; dry_run?: boolean; params?: CommandParam[] }

export interface Filter { name: string; args: string; help: string }

export interface Self { user_id: string; name: string; real_name?: string; role?: string }

export interface Boot {
	self: Self;
	team: { id: string; name: string; url: string };
	channels: Channel[];
	users: User[];
	commands: Command[];
	command_prefixes: string[];
	command_flags?: CommandParam[];
	command_filters?: Filter[];
	apps?: App[];
}

// What an app offers people.
export interface AppCommand { command: string; args?: string; help?: string }
export interface AppShortcut { callback_id: string; name: string; type: 'global' | 'message' }
export interface App { id: string; name: string; commands: AppCommand[]; shortcuts: AppShortcut[] }

export interface AlertMember {
	fingerprint?: string; status?: string; labels?: Record<string, string>; annotations?: Record<string, string>;
	starts_at?: string; ends_at?: string; generator_url?: string;
}

export interface AlertGroup {
	id: string;
	long_id?: string;
	state: string;
	severity?: string;
	title?: string;
	source?: string;
	channel?: string;
	ts?: string;
	firing?: number;
	resolved?: number;
	since?: string;
	changed?: string;
	acked_by?: string;
	acked_by_name?: string;
	acked_at?: string;
	resolved_by?: string;
	labels?: Record<string, string>;
	url?: string;
	members?: AlertMember[];
}

export interface Source {
	name: string;
	tool?: string;
	channel?: string;
	auth?: string[];
	received: number;
	refused: number;
	last_at?: string;
	last_error?: { at?: string; status?: number; text?: string };
}

export interface Delivery {
	id: string;
	at: string;
	last_at: string;
	times: number;
	status: number;
	error?: string;
	alerts: number;
	changed: number;
	from: string;
	method: string;
	path: string;
	body_bytes: number;
	replay_of?: string;
	replay_by?: string;
	can_replay: boolean;
	no_replay?: string;
	// of one alone
	query?: string;
	headers?: { name: string; value: string }[];
	body?: string;
	cut?: boolean;
	gone?: boolean;
	events?: { status: string; severity?: string; title: string; alert?: string }[];
}

export interface ApprovalNeed { n: number; sets: string[]; not_requester: boolean; within: number; valid: number; channel: string; rule: string }

// A call that waits for a yes, or waited.
export interface Approval {
	id: string;
	code: string;
	kind: 'approval' | 'confirm' | 'break_glass';
	state: string;
	user: string;
	channel?: string;
	line: string;
	calls: string;
	reason: string;
	rule: string;
	preview: string;
	why: string;
	outcome: string;
	created: string;
	expires: string;
	decided?: string;
	decided_by?: string;
	needs: { approvals?: ApprovalNeed[] };
	votes: { user: string; at: string; note: string }[];
	waits_for_me: boolean;
	mine: boolean;
}

export interface AccessGrant { user?: string; group?: string; roles: string[]; channel?: string; until?: string }

// The access file as it was understood.
export interface Access {
	rules: { rule: string; from: string }[];
	roles: { name: string; perms: string[]; includes: string[] }[];
	groups: string[];
	members: { name: string; groups: string[]; on_call: string[] }[];
	grants: AccessGrant[];
	channels: { name: string; env: string; only?: string[]; from: string }[];
	commands: { command: string[]; channels: string[]; from: string }[];
	people: { id: string; name: string; role: string; groups: string[]; roles: string[]; perms: string[] }[];
}

// What would be decided of a line.
export interface Explained {
	call: string;
	allowed: boolean;
	rule: string;
	why: string;
	needs: string[];
	rules: { rule: string; from: string; fits: boolean; why: string }[];
}

export interface AuditRecord {
	id: string;
	home: string;
	seq: number;
	at: string;
	actor?: string;
	actor_name?: string;
	channel_name?: string;
	action: string;
	via: string;
	detail: Record<string, unknown> | string;
	result: string;
	hash: string;
}

export interface AuditVerdict {
	ok: boolean; records: number; chains: number; checkpoints: number; signed: number; faults: number;
	bad: { home?: string; seq?: number; checkpoint?: number; why: string }[];
}

export interface Token { id: string; name: string; user: string; scopes: string[]; created: string; last_used: string | null; last_from?: string }

// Of GET /v1/tokens/report.
export interface TokenReport {
	id: string; name: string; user: string; scope: string; needed: string | null; created: string; last_used: string | null; last_from?: string;
	owner_gone: boolean; never_used: boolean; unused: boolean; over_broad: boolean; badness: number; advice: string;
}

export interface Run {
	id: string; code: string; state: string; user: string; channel?: string; via: string; plugin: string; version: string; digest: string; command: string; call: string; line: string;
	dry_run: boolean; created: string; started?: string; ended?: string; exit_code?: number; output_sha256?: string; why: string; shown: string; progress: string; lines: number; bytes: number; mine: boolean;
}

export interface RunLine { n: number; at: string; stream: string; text: string }

export interface Plugin {
	name: string; enabled: string; before: string; versions: string[]; in_force?: string; digest?: string; carrier?: string; summary?: string; commands?: string[]; fault?: string;
}

export interface SilenceMatcher { name: string; value: string; isRegex: boolean; isEqual: boolean }

export interface Silence {
	id: string;
	kind: 'silence' | 'maintenance';
	name?: string;
	status: { state: 'active' | 'pending' | 'expired' };
	startsAt: string;
	endsAt: string;
	createdBy: string;
	comment: string;
	matchers: SilenceMatcher[];
	alerts: number;
	hushed: number;
}

// What the command `route` says of one route.
export interface RouteAsked {
	depth: number;
	matchers: string;
	receiver: string;
	line: number;
	asked: boolean;
	matched: boolean;
	taken: boolean;
	continue: boolean;
	why: string;
	group_by: string[] | null;
	group_wait_ms: number;
	repeat_interval_ms: number;
	mute_time_intervals?: string[];
	active_time_intervals?: string[];
}

// What the command `noise` says of one rule.
export interface NoiseRule {
	rule: string;
	fired: number;
	acknowledged: number;
	resolved_by_hand: number;
	discussed: number;
	short_lived: number;
	last: string;
	advice: string;
}

// One event of the stream. Fields as docs/api.md has them for each type.
export interface SlackEvent extends Partial<Message> {
	type: string;
	channel?: string;
	message?: Message;
	previous_message?: { ts?: string };
	deleted_ts?: string;
	hidden?: boolean;
	reaction?: string;
	item?: { type?: string; channel?: string; ts?: string };
	topic?: string;
}

// ---- one's second factor (GET /v1/mfa, POST /v1/mfa/enrol) ----

export interface Factor { enrolled: boolean; recovery_codes_left?: number; given_at?: string }
export interface FactorSecret { secret: string; uri: string }
