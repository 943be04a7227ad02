// pages.ts -- the pages beside the channels: one row each, for the sidebar, the switcher and the title.

import type { Route } from './route';

export interface Page {
	view: Route['view'];
	mark: string;
	name: string;
	hint: string;           // what is there, in the switcher
	daily: boolean;         // stands above the channels; the others below
	roles?: string[];       // for these alone
}

export const pages: Page[] = [
	{ view: 'alerts', mark: '▲', name: 'Alerts', hint: 'what is wrong now', daily: true },
	{ view: 'approvals', mark: '✓', name: 'Approvals', hint: 'what waits for a yes', daily: true },
	{ view: 'runs', mark: '▷', name: 'Runs', hint: 'what plugins run and ran', daily: true },
	{ view: 'silences', mark: '☾', name: 'Silences', hint: 'what is kept quiet', daily: true },
	{ view: 'sources', mark: '⇥', name: 'Sources', hint: 'what tools sent', daily: false },
	{ view: 'routes', mark: '↳', name: 'Routes', hint: 'where an alert would go', daily: false },
	{ view: 'access', mark: '§', name: 'Access', hint: 'who may run what', daily: false },
	{ view: 'noise', mark: '∿', name: 'Noise', hint: 'which rules make noise', daily: false },
	{ view: 'plugins', mark: '⊞', name: 'Plugins', hint: 'commands of your own', daily: false, roles: ['operator', 'admin'] },
	{ view: 'audit', mark: '≡', name: 'Audit', hint: 'who did what', daily: false, roles: ['admin'] },
	{ view: 'tokens', mark: '∗', name: 'Tokens', hint: 'for programs', daily: false },
];

export function page_is_for(page: Page, role = ''): boolean {
	return !page.roles || page.roles.includes(role);
}
