// noise.tsx -- which alert rules make noise, and what to do about each.

import { useEffect, useState } from 'preact/hooks';
import { error_text, v1 } from './api';
import { MenuButton } from './channel';
import { time_since, time_whole } from './time';
import type { NoiseRule } from './types';

const spans: [string, string][] = [['1d', '1 day'], ['7d', '7 days'], ['30d', '30 days']];

const numbers: [keyof NoiseRule, string][] = [
	['fired', 'Fired'], ['acknowledged', 'Acknowledged'], ['resolved_by_hand', 'Resolved by hand'], ['discussed', 'Discussed'], ['short_lived', 'Over within 5 min'],
];

// On a phone each row is a card (style.css), which takes the roles of a table away; so they are said.
function Row({ rule }: { rule: NoiseRule }) {
	return (
		<tr role="row" data-rule={rule.rule}>
			<th role="rowheader" scope="row">{rule.rule}{rule.advice && <div class="advice">{rule.advice}</div>}</th>
			{numbers.map(([key, label]) => <td role="cell" class="number" data-label={label}>{rule[key]}</td>)}
			<td role="cell" data-label="Last"><time dateTime={rule.last} title={time_whole(new Date(rule.last))}>{time_since(rule.last)} ago</time></td>
		</tr>
	);
}

export function NoiseView() {
	const [span, set_span] = useState('7d');
	const [rules, set_rules] = useState<NoiseRule[] | null>(null);
	const [error, set_error] = useState('');

	useEffect(() => {
		let current = true;

		v1('POST', 'commands', { line: `noise ${span}` }).then((answer) => {
			if (current) {
				set_rules(answer.data ?? []);
				set_error('');
			}
		}, (reason) => current && set_error(error_text(reason)));
		return () => { current = false; };
	}, [span]);

	return (
		<main class="main pane" id="main" tabIndex={-1}>
			<header class="pane-head"><MenuButton /><h1>Noise</h1></header>
			<div class="filters" role="group" aria-label="How far back">
				{spans.map(([value, label]) => <button type="button" key={value} class="button" aria-pressed={span === value} onClick={() => set_span(value)}>{label}</button>)}
			</div>
			{error && <p class="error" role="alert">{error}</p>}
			<div class="alerts-scroll" tabIndex={0} role="region" aria-label="Noise report">
				{rules && rules.length > 0 && (
					<table class="noise" role="table" aria-label="Alert rules, the most frequent first">
						<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Rule</th>{numbers.map(([, label]) => <th role="columnheader" scope="col" class="number">{label}</th>)}<th role="columnheader" scope="col">Last</th></tr></thead>
						<tbody role="rowgroup">{rules.map((rule) => <Row key={rule.rule} rule={rule} />)}</tbody>
					</table>
				)}
				{rules?.length === 0 && <p class="loading faint">No alert in this time.</p>}
			</div>
		</main>
	);
}
