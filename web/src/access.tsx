// access.tsx -- who may run what: a line tried against the rules, the rules in their order, and who has which roles.

import { useState } from 'preact/hooks';
import { error_text, v1 } from './api';
import { MenuButton } from './channel';
import { useRead } from './read';
import { channel_name, channels_mine, self, users } from './state';
import { time_near, time_whole } from './time';
import type { Access, AccessGrant, Explained } from './types';

const again_ms = 60_000;

// Where a rule stands: the name of the file and the line.
function From({ from }: { from: string }) {
	return <span class="faint" title={from}>{from.replace(/^.*\//, '')}</span>;
}

// ---- the explainer ----

function RuleRow({ rule }: { rule: Explained['rules'][number] }) {
	return (
		<li class={rule.fits ? 'taken' : ''}>
			<div class="branch" data-rule={rule.rule}>
				<div class="alert-line">
					{rule.fits && <span class="severity">fits</span>}
					<code class="branch-what">{rule.rule}</code>
					<From from={rule.from} />
				</div>
				<p class="faint">{rule.why}</p>
			</div>
		</li>
	);
}

function Verdict({ explained }: { explained: Explained }) {
	return (
		<>
			<div class="about" role="status">
				<p><code>{explained.call}</code></p>
				<p><strong class={explained.allowed ? 'state-resolved' : 'state-firing'}>{explained.allowed ? 'Allowed' : 'Refused'}</strong>{explained.allowed ? explained.needs.map((need, i) => `${i ? ', and ' : ', once '}${need}`) : `: ${explained.why}`}.</p>
			</div>
			<ul class="tree" aria-label="Rules for this command">{explained.rules.map((rule) => <RuleRow rule={rule} />)}</ul>
		</>
	);
}

function Explainer() {
	const [line, set_line] = useState('');
	const [as, set_as] = useState('');
	const [where, set_where] = useState('');
	const [explained, set_explained] = useState<Explained | null>(null);
	const [busy, set_busy] = useState(false);
	const [error, set_error] = useState('');
	const people = [...users.value.values()].filter((user) => !user.is_bot && user.id !== self.value?.user_id).sort((a, b) => a.name.localeCompare(b.name));

	async function explain(event: Event) {
		event.preventDefault();
		if (busy)
			return;
		set_busy(true);
		try {
			set_explained(await v1('POST', 'access/test', { line: line.replace(/^\/\S+\s+/, ''), ...(as ? { as } : {}), ...(where ? { in: where } : {}) }));
			set_error('');
		} catch (reason) {
			set_explained(null);
			set_error(error_text(reason));
		}
		set_busy(false);
	}

	return (
		<>
			<form class="alert severity-info silence-form" aria-label="Try a line" onSubmit={(event) => void explain(event)}>
				<label class="field-label">What would be said <span class="faint">nothing runs</span>
					<input class="input code" data-first required spellcheck={false} autocapitalize="off" placeholder="silence DbDown 2h" value={line} onInput={(event) => set_line(event.currentTarget.value)} />
				</label>
				<div class="silence-times">
					{self.value?.role === 'admin' && (
						<label class="field-label">Said by
							<select class="input" value={as} onChange={(event) => set_as(event.currentTarget.value)}>
								<option value="">me</option>
								{people.map((user) => <option key={user.id} value={user.id}>{user.name}</option>)}
							</select>
						</label>
					)}
					<label class="field-label">Said in
						<select class="input" value={where} onChange={(event) => set_where(event.currentTarget.value)}>
							<option value="">no channel</option>
							{channels_mine.value.map((one) => <option key={one.id} value={one.id}>{one.is_im ? '@' : ''}{channel_name(one)}</option>)}
						</select>
					</label>
				</div>
				{error && <p class="error" role="alert">{error}</p>}
				<div class="actions"><button class="button primary" aria-disabled={busy}>What would be decided?</button></div>
			</form>
			{explained && <Verdict explained={explained} />}
		</>
	);
}

// ---- the rules, and who is who ----

function Rules({ access }: { access: Access }) {
	const [all, set_all] = useState(false);
	const own = access.rules.filter((rule) => rule.from !== 'built in');

	return (
		<section>
			<h2 class="list-head">Rules</h2>
			<ul class="tree rules">
				{(all ? access.rules : own).map((rule) => <li><div class="branch alert-line"><code class="branch-what">{rule.rule}</code><From from={rule.from} /></div></li>)}
			</ul>
			{!own.length && <p class="faint about">The access file has none: each command asks for the role that it brings along.</p>}
			<button type="button" class="link-button" aria-expanded={all} onClick={() => set_all(!all)}>{all ? 'Hide those that commands bring along' : `Show the ${access.rules.length - own.length} that commands bring along`}</button>
		</section>
	);
}

function grant_text(grant: AccessGrant): string {
	return `${grant.roles.join(', ')}${grant.channel ? ` in #${grant.channel}` : ''}${grant.until ? `, until ${time_near(new Date(grant.until))}` : ''}`;
}

function Groups({ access }: { access: Access }) {
	return access.groups.length ? (
		<section>
			<h2 class="list-head">Groups</h2>
			<dl class="facts">
				{access.groups.map((group) => (
					<div key={group}>
						<dt>{group}</dt>
						<dd>{access.members.filter((member) => member.groups.includes(group)).map((member) => member.name).sort().join(', ') || <span class="faint">nobody</span>}
							{access.grants.filter((grant) => grant.group === group).map((grant) => <div class="faint" title={grant.until && time_whole(new Date(grant.until))}>has {grant_text(grant)}</div>)}
						</dd>
					</div>
				))}
			</dl>
		</section>
	) : null;
}

function Roles({ access }: { access: Access }) {
	return (
		<section>
			<h2 class="list-head">Roles</h2>
			<dl class="facts">
				{access.roles.map((role) => <div key={role.name}><dt>{role.name}</dt><dd>{role.perms.join(', ')}{role.includes.length > 0 && <span class="faint"> {role.perms.length > 0 && 'and '}all of {role.includes.join(', ')}</span>}</dd></div>)}
			</dl>
		</section>
	);
}

function Places({ access }: { access: Access }) {
	return access.channels.length + access.commands.length ? (
		<section>
			<h2 class="list-head">Places</h2>
			<dl class="facts">
				{access.channels.map((one) => <div><dt>#{one.name}</dt><dd>{one.env && <>is {one.env} </>}{one.only && <>takes only {one.only.join(', ') || 'nothing'} </>}<From from={one.from} /></dd></div>)}
				{access.commands.map((one) => <div><dt>{one.command.join(', ')}</dt><dd>only in {one.channels.map((name) => `#${name}`).join(', ') || 'no channel'} <From from={one.from} /></dd></div>)}
			</dl>
		</section>
	) : null;
}

function People({ access }: { access: Access }) {
	const extra = (name: string) => [
		...access.grants.filter((grant) => grant.user === name).map(grant_text),
		...access.members.filter((member) => member.name === name).flatMap((member) => member.on_call.map((team) => `on call for ${team}`)),
	];

	return (
		<section>
			<h2 class="list-head">{access.people.length > 1 ? 'People' : 'You'}</h2>
			<dl class="facts">
				{access.people.map((one) => (
					<div key={one.id} data-person={one.name}>
						<dt>{one.name}</dt>
						<dd>{one.roles.join(', ')}{one.groups.length > 0 && <span class="faint"> in {one.groups.join(', ')}</span>}{one.perms.length > 0 && <div class="faint">may {one.perms.join(', ')}</div>}
							{extra(one.name).map((text) => <div class="faint">{text}</div>)}
						</dd>
					</div>
				))}
			</dl>
		</section>
	);
}

export function AccessView() {
	const { value: access, error } = useRead<Access>('access', again_ms);

	return (
		<main class="main pane" id="main" tabIndex={-1}>
			<header class="pane-head"><MenuButton /><h1>Access</h1></header>
			<div class="alerts-scroll" tabIndex={0} role="region" aria-label="Access">
				<Explainer />
				{error && <p class="error" role="alert">{error}</p>}
				{access && <><Rules access={access} /><People access={access} /><Groups access={access} /><Roles access={access} /><Places access={access} /></>}
			</div>
		</main>
	);
}
