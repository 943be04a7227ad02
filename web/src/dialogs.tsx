// dialogs.tsx -- everything that opens over the page: questions, the emoji picker, the quick switcher, channels, help.

import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { error_text, slack } from './api';
import { emoji, emoji_first, emoji_search } from './emoji';
import { FactorDialog } from './factor';
import { Frame, dialog, dialog_close, type Question } from './frame';
import { ModalDialog } from './modal';
import { Mrkdwn } from './mrkdwn';
import { page_is_for, pages } from './pages';
import { route_go, route_to_channel } from './route';
import { channel_change, channel_count, channel_create, channel_join, channel_name, channels, channels_mine, dm_open, self, toast, users } from './state';
import type { Channel, User } from './types';

function ConfirmDialog({ question, answer }: { question: Question; answer: (yes: boolean) => void }) {
	function say_yes() {
		dialog.value = null;
		answer(true);
	}

	return (
		<Frame title={question.title}>
			<Mrkdwn text={question.text} />
			<div class="dialog-buttons">
				<button type="button" class="button" onClick={dialog_close}>{question.no}</button>
				<button type="button" class="button primary" data-first onClick={say_yes}>{question.yes}</button>
			</div>
		</Frame>
	);
}

function EmojiDialog({ pick }: { pick: (name: string) => void }) {
	const [word, set_word] = useState('');
	const names = word ? emoji_search(word.toLowerCase().replace(/:/g, ''), 48) : [...emoji_first, ...[...emoji.keys()].filter((name) => !emoji_first.includes(name))].slice(0, 48);

	function take(name: string | undefined) {
		dialog_close();
		if (name)
			pick(name);
	}

	return (
		<Frame title="React with">
			<input class="input" type="search" placeholder="Search emoji" aria-label="Search emoji" data-first value={word}
				onInput={(event) => set_word(event.currentTarget.value)}
				onKeyDown={(event) => { if (event.key === 'Enter') { event.preventDefault(); take(names[0]); } }} />
			<div class="emoji-grid">
				{names.map((name) => <button type="button" key={name} class="emoji-cell" aria-label={name} title={`:${name}:`} onClick={() => take(name)}>{emoji.get(name)}</button>)}
				{names.length === 0 && <p class="faint">Nothing is named so.</p>}
			</div>
		</Frame>
	);
}

// ---- the quick switcher ----

interface Goal { key: string; label: string; hint: string; unread: number; go: () => void }

function goals_find(word: string): Goal[] {
	const low = word.toLowerCase().replace(/^[#@]/, '');
	const dm_with = new Set(channels_mine.value.filter((channel) => channel.is_im).map((channel) => channel.user));
	const list: Goal[] = [...channels.value.values()].filter((channel) => !channel.is_im || channel.is_member).map(channel_goal);

	for (const { view, name, hint } of pages.filter((page) => page_is_for(page, self.value?.role)))
		list.push({ key: view, label: name, hint, unread: 0, go: () => route_go(`#/${view}`) });
	for (const user of users.value.values())
		if (!dm_with.has(user.id) && user.id !== self.value?.user_id)
			list.push(user_goal(user));
	return list.map((goal) => ({ goal, points: goal_points(goal, low) })).filter((entry) => entry.points > 0)
		.sort((a, b) => b.points - a.points || b.goal.unread - a.goal.unread || a.goal.label.localeCompare(b.goal.label))
		.slice(0, 12).map((entry) => entry.goal);
}

function goal_points(goal: Goal, low: string): number {
	const label = goal.label.toLowerCase().replace(/^[#@]/, '');

	if (label.startsWith(low))
		return 3;
	return label.includes(low) ? 2 : goal.hint.toLowerCase().includes(low) ? 1 : 0;
}

// What is told beside the name: nothing when it is the same.
function real_name(user: User | undefined): string {
	return user?.real_name && user.real_name !== user.name ? user.real_name : '';
}

function channel_goal(channel: Channel): Goal {
	const unread = channel_count(channel);
	const hint = channel.is_im ? real_name(users.value.get(channel.user ?? '')) : channel.is_member ? channel.topic ?? '' : 'not joined';

	return { key: channel.id, label: channel.is_im ? '@' + channel_name(channel) : channel_name(channel), hint, unread, go: () => route_go(route_to_channel(channel.id)) };
}

function user_goal(user: User): Goal {
	return { key: user.id, label: '@' + user.name, hint: real_name(user), unread: 0, go: () => void dm_open(user.id).catch((error) => toast(error_text(error), true)) };
}

function SwitcherDialog() {
	const [word, set_word] = useState('');
	const [at, set_at] = useState(0);
	const goals = goals_find(word);
	const chosen = Math.min(at, goals.length - 1);

	useLayoutEffect(() => {
		document.getElementById(`switcher-${chosen}`)?.scrollIntoView({ block: 'nearest' });
	}, [chosen]);

	function take(goal: Goal | undefined) {
		dialog_close();
		goal?.go();
	}

	function on_key(event: KeyboardEvent) {
		const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;

		if (!step && event.key !== 'Enter')
			return;
		event.preventDefault();
		if (step)
			set_at((chosen + step + goals.length) % Math.max(1, goals.length));
		else
			take(goals[chosen]);
	}

	return (
		<Frame title="Go to">
			<input class="input" role="combobox" aria-expanded="true" aria-controls="switcher-list" aria-autocomplete="list" aria-label="Channel, person or page"
				aria-activedescendant={goals.length ? `switcher-${chosen}` : undefined} placeholder="Channel, person or page" data-first value={word}
				onInput={(event) => { set_word(event.currentTarget.value); set_at(0); }} onKeyDown={on_key} />
			<ul id="switcher-list" class="choices" role="listbox" aria-label="Channels, people and pages">
				{goals.map((goal, i) => (
					<li key={goal.key} id={`switcher-${i}`} role="option" aria-selected={i === chosen} onClick={() => take(goal)}>
						<span class="choice-label">{goal.label}</span> <span class="choice-hint">{goal.hint}</span>
						{goal.unread > 0 && <span class="badge">{goal.unread}</span>}
					</li>
				))}
			</ul>
			{goals.length === 0 && <p class="faint">Nothing is named so.</p>}
		</Frame>
	);
}

// ---- channels ----

function BrowseDialog() {
	const [word, set_word] = useState('');
	const [error, set_error] = useState('');
	const others = [...channels.value.values()].filter((channel) => !channel.is_member && !channel.is_im && channel.name.includes(word.toLowerCase()))
		.sort((a, b) => a.name.localeCompare(b.name));

	function join(channel: Channel) {
		channel_join(channel.id).then(dialog_close, (reason) => set_error(error_text(reason)));
	}

	return (
		<Frame title="Join a channel" wide>
			<input class="input" type="search" placeholder="Search channels" aria-label="Search channels" data-first value={word} onInput={(event) => set_word(event.currentTarget.value)} />
			{error && <p class="error" role="alert">{error}</p>}
			<ul class="rows">
				{others.map((channel) => (
					<li key={channel.id}>
						<span class="row-text"><strong>#{channel.name}</strong> <span class="faint">{channel.num_members ?? 0} people {channel.topic ? `· ${channel.topic}` : ''}</span></span>
						<button type="button" class="button" aria-label={`Join ${channel.name}`} onClick={() => join(channel)}>Join</button>
					</li>
				))}
			</ul>
			{others.length === 0 && <p class="faint">{word ? 'No channel is named so.' : 'You are in every public channel.'}</p>}
			<div class="dialog-buttons"><button type="button" class="button" onClick={() => dialog.value = { kind: 'create' }}>New channel…</button></div>
		</Frame>
	);
}

function CreateDialog() {
	const [name, set_name] = useState('');
	const [is_private, set_private] = useState(false);
	const [error, set_error] = useState('');

	function create(event: Event) {
		event.preventDefault();
		channel_create(name.trim(), is_private).then(dialog_close, (reason) => set_error(error_text(reason)));
	}

	return (
		<Frame title="New channel">
			<form onSubmit={create}>
				<label class="field-label">Name
					<input class="input" data-first required maxLength={80} value={name} placeholder="db-incident" autocomplete="off"
						onInput={(event) => set_name(event.currentTarget.value.toLowerCase().replace(/\s+/g, '-'))} />
				</label>
				<label class="check"><input type="checkbox" checked={is_private} onChange={(event) => set_private(event.currentTarget.checked)} /> Private: only those who are invited see it</label>
				{error && <p class="error" role="alert">{error}</p>}
				<div class="dialog-buttons"><button class="button primary">Create</button></div>
			</form>
		</Frame>
	);
}

function DetailsDialog({ id }: { id: string }) {
	const channel = channels.value.get(id);
	const [members, set_members] = useState<string[]>([]);
	const [topic, set_topic] = useState(channel?.topic ?? '');
	const [error, set_error] = useState('');
	const [rev, set_rev] = useState(0);

	useEffect(() => {
		slack('conversations.members', { channel: id, limit: 500 }).then((answer) => set_members(answer.members), (reason) => set_error(error_text(reason)));
	}, [id, rev]);

	async function act(work: Promise<unknown>, done: () => void) {
		try {
			await work;
			set_error('');
			done();
		} catch (reason) {
			set_error(error_text(reason));
		}
	}

	if (!channel)
		return null;
	const others = [...users.value.values()].filter((user) => !members.includes(user.id)).sort((a, b) => a.name.localeCompare(b.name));

	return (
		<Frame title={channel_name(channel)} wide>
			{error && <p class="error" role="alert">{error}</p>}
			{!channel.is_im && channel.is_member && (
				<form class="line" onSubmit={(event) => {
					event.preventDefault();
					void act(slack('conversations.setTopic', { channel: id, topic }), () => { channel_change(id, { topic }); dialog_close(); });
				}}>
					<label class="field-label">Topic <input class="input" data-first maxLength={250} value={topic} onInput={(event) => set_topic(event.currentTarget.value)} /></label>
					<button class="button">Save</button>
				</form>
			)}
			<h3>Members ({members.length})</h3>
			<ul class="rows members">
				{members.map((member) => <li key={member}><span class="row-text">{users.value.get(member)?.name ?? member} <span class="faint">{real_name(users.value.get(member))}</span></span></li>)}
			</ul>
			{!channel.is_im && channel.is_member && (
				<div class="dialog-buttons split">
					<select class="button" aria-label="Add someone" onChange={(event) => {
						const user = event.currentTarget.value;

						event.currentTarget.selectedIndex = 0;
						if (user)
							void act(slack('conversations.invite', { channel: id, users: user }), () => set_rev(rev + 1));
					}}>
						<option value="">Add someone…</option>
						{others.map((user) => <option key={user.id} value={user.id}>{user.name}</option>)}
					</select>
					<button type="button" class="button danger" onClick={() => void act(slack('conversations.leave', { channel: id }), dialog_close)}>Leave the channel</button>
				</div>
			)}
		</Frame>
	);
}

// ---- help ----

const keys: [string, string][] = [
	['Ctrl K', 'Go to a channel, person or page'],
	['Alt ↑ / Alt ↓', 'Channel above / below'],
	['Alt Shift ↑ / ↓', 'Unread channel above / below'],
	['Enter / Shift Enter', 'Send / new line'],
	['/', 'Commands: at the beginning of a message'],
	['@  #  :', 'Complete people, channels, emoji'],
	['↑', 'In an empty composer: edit your last message'],
	['Shift Tab', 'From the composer to the messages'],
	['↑ ↓ or k j', 'Among messages: go up and down'],
	['Enter or t', 'On a message: open its thread'],
	['r  e  c  Delete', 'On a message: react, edit, copy link, delete'],
	['Escape', 'Close; back to the composer'],
	['?', 'This help'],
];

function HelpDialog() {
	return (
		<Frame title="Keys" wide>
			<dl class="keys">{keys.map(([key, what]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div>)}</dl>
		</Frame>
	);
}

export function Dialogs() {
	const open = dialog.value;

	switch (open?.kind) {
	case 'confirm':
		return <ConfirmDialog key={open.question} question={open.question} answer={open.answer} />;
	case 'modal':
		return <ModalDialog key={open.view.id ?? open.view} view={open.view} submit={open.submit} />;
	case 'emoji':
		return <EmojiDialog pick={open.pick} />;
	case 'switcher':
		return <SwitcherDialog />;
	case 'factor':
		return <FactorDialog />;
	case 'help':
		return <HelpDialog />;
	case 'browse':
		return <BrowseDialog />;
	case 'create':
		return <CreateDialog />;
	case 'details':
		return <DetailsDialog key={open.channel} id={open.channel} />;
	}
	return null;
}
