// pages.ts -- the pages beside the channels: one row each, for the sidebar, the switcher and the title.

import type { Route } from './route';

export interface Page {
	view: Route['view'];
	mark: string;
	name: string;
	hint: string;           // what is there, in the switcher
	daily: boolean;         // stands above the channels; the others below
	admin?: boolean;        // for admins alone
}

export const pages: Page[] = [
	{ view: 'alerts', mark: '▲', name: 'Alerts', hint: 'what is wrong now', daily: true },
	{ view: 'approvals', mark: '✓', name: 'Approvals', hint: 'what waits for a yes', daily: true },
	{ view: 'silences', mark: '☾', name: 'Silences', hint: 'what is kept quiet', daily: true },
	{ view: 'sources', mark: '⇥', name: 'Sources', hint: 'what tools sent', daily: false },
	{ view: 'routes', mark: '↳', name: 'Routes', hint: 'where an alert would go', daily: false },
	{ view: 'access', mark: '§', name: 'Access', hint: 'who may run what', daily: false },
	{ view: 'noise', mark: '∿', name: 'Noise', hint: 'which rules make noise', daily: false },
];
