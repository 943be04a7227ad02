// plugins.tsx -- the plugins there are: which version is in force, what is wrong with one; for admins enable, go back, disable.

import { useState } from 'preact/hooks';
import { error_text, v1 } from './api';
import { MenuButton } from './channel';
import { ask_confirm } from './frame';
import { escape } from './mrkdwn';
import { useRead } from './read';
import { self, toast } from './state';
import type { Plugin } from './types';

const again_ms = 30_000;

function Acts({ plugin, again }: { plugin: Plugin; again: () => void }) {
	const [version, set_version] = useState(plugin.versions.at(-1) ?? '');
	const [busy, set_busy] = useState(false);
	const { name } = plugin;

	async function act(verb: string, question: string, body: Record<string, string> = {}) {
		if (busy || !await ask_confirm({ title: `${verb[0]!.toUpperCase()}${verb.slice(1)} ${name}?`, text: question, yes: `${verb[0]!.toUpperCase()}${verb.slice(1)}`, no: 'Not now' }))
			return;
		set_busy(true);
		try {
			const now = await v1('POST', `plugins/${encodeURIComponent(name)}/${verb}`, body);

			toast(now.enabled ? `${name} ${now.enabled} is in force.` : `${name} is disabled.`);
		} catch (reason) {
			toast(`Not done: ${error_text(reason)}`, true);
		}
		set_busy(false);
		again();
	}

	return (
		<div class="actions acts">
			{plugin.versions.length > 0 && (
				<>
					<select class="button" aria-label={`Version of ${name}`} value={version} onChange={(event) => set_version(event.currentTarget.value)}>{plugin.versions.map((one) => <option key={one} value={one}>{one}</option>)}</select>
					<button type="button" class="button primary" aria-label={`Enable ${name}`} aria-disabled={busy} onClick={() => void act('enable', `*${escape(name)} ${escape(version)}* is in force from then on, its files pinned as they lie there now.`, { version })}>Enable</button>
				</>
			)}
			{plugin.before && <button type="button" class="button" aria-label={`Back to ${plugin.before} of ${name}`} aria-disabled={busy} onClick={() => void act('rollback', `Back to *${escape(plugin.before)}*.`)}>Back to {plugin.before}</button>}
			{plugin.enabled && <button type="button" class="button danger" aria-label={`Disable ${name}`} aria-disabled={busy} onClick={() => void act('disable', 'Its commands go; calls under way end.')}>Disable</button>}
		</div>
	);
}

function PluginCard({ plugin, again }: { plugin: Plugin; again: () => void }) {
	const state = plugin.fault ? 'faulty' : plugin.in_force ? 'in force' : 'not enabled';

	return (
		<li class={`alert ${plugin.fault ? 'severity-critical' : plugin.in_force ? 'severity-resolved' : 'severity-none'}`} data-plugin={plugin.name}>
			<div class="alert-line"><span class="severity">{state}</span><h2>{plugin.name} {plugin.in_force}</h2></div>
			{plugin.summary && <p>{plugin.summary}</p>}
			{plugin.fault && <p class="state-firing">{plugin.fault}</p>}
			<div class="alert-facts">
				{plugin.carrier && <span>{plugin.carrier}</span>}
				<span>{plugin.versions.length ? `versions ${plugin.versions.join(', ')}` : 'no version'}</span>
				{plugin.enabled && plugin.enabled !== plugin.in_force && <span>enabled is {plugin.enabled}</span>}
				{plugin.digest && <span title={plugin.digest}>digest <code>{plugin.digest.slice(0, 12)}</code></span>}
			</div>
			{plugin.commands && plugin.commands.length > 0 && <div class="labels">{plugin.commands.map((command) => <span class="label">{command}</span>)}</div>}
			{self.value?.role === 'admin' && <Acts key={plugin.versions.join()} plugin={plugin} again={again} />}
		</li>
	);
}

export function PluginsView() {
	const { value, error, again } = useRead<{ dir: string; plugins: Plugin[] }>('plugins', again_ms);

	return (
		<main class="main pane" id="main" tabIndex={-1}>
			<header class="pane-head"><MenuButton /><h1>Plugins</h1></header>
			<div class="alerts-scroll" tabIndex={0} role="region" aria-label="List of plugins">
				{error && <p class="error" role="alert">{error}</p>}
				{value && <p class="faint about">They lie in <code>{value.dir}</code>; <code>opsroom plugin install</code> puts one there.</p>}
				<ul class="alerts" aria-busy={!value}>{value?.plugins.map((plugin) => <PluginCard key={plugin.name} plugin={plugin} again={again} />)}</ul>
				{value?.plugins.length === 0 && <p class="faint about">There is none yet.</p>}
			</div>
		</main>
	);
}
