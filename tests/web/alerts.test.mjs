// An alert from Prometheus until it is over, in the chat and in the alerts view.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { composer, go_to, gone, message, room_start, say, see, until } from './harness.mjs';

let room, ann, ben;

// As Prometheus posts: Alertmanager's API v2.
async function alert(name, more = {}) {
	await room.ann.call('POST', '/api/v2/alerts', [{
		labels: { alertname: name, severity: 'critical', service: 'checkout', ...more.labels },
		annotations: { summary: `${name} on checkout`, description: 'The pool is *exhausted*.', runbook_url: 'https://wiki.example.com/db' },
		generatorURL: 'http://prometheus.example.com/graph', ...(more.endsAt ? { endsAt: more.endsAt } : {}),
	}]);
}

before(async () => {
	room = await room_start();
	ann = await room.enter('ann');
	ben = await room.enter('ben');
});
after(() => room.end());

function colour(page, text) {
	return message(page, text).locator('.attachment-body').first().evaluate((element) => getComputedStyle(element, '::before').backgroundColor);
}

test('an alert is told in its channel, with colour and buttons', async () => {
	await alert('DbPoolExhausted');
	await ann.locator('.sidebar', { hasText: 'sre-alerts' }).waitFor();
	await go_to(ann, 'sre-alerts');
	const row = message(ann, 'DbPoolExhausted on checkout');

	await see(row.getByRole('button', { name: 'Acknowledge' }));
	await see(row.getByRole('button', { name: 'Resolve' }));
	await see(row.getByRole('link', { name: 'Runbook' }));
	assert.equal(await row.getByRole('link', { name: 'Runbook' }).getAttribute('rel'), 'noopener noreferrer nofollow');
	assert.match(await colour(ann, 'DbPoolExhausted on checkout'), /^rgb\((1[5-9]\d|2\d\d), ([0-5]?\d), ([0-5]?\d)\)$/);
	await see(ann.locator('.sidebar .loud-badge', { hasText: '1' }));
});

test('Acknowledge shows everyone who has it', async () => {
	const row = message(ann, 'DbPoolExhausted on checkout');

	await row.getByRole('button', { name: 'Acknowledge' }).click();
	await see(row.filter({ hasText: /acknowledged by @ann/i }));
	await gone(row.getByRole('button', { name: 'Acknowledge' }));
	await see(ben.locator('.sidebar', { hasText: 'Alerts' }));
	await go_to(ben, 'Alerts');
	await see(ben.locator('.alert', { hasText: 'Acknowledged by ann' }));
});

test('/srebot status tells about it', async () => {
	await say(ann, '/srebot status');
	await see(ann.locator('.message.ephemeral', { hasText: 'DbPoolExhausted' }));
});

test('resolved by command, it turns green', async () => {
	const id = await ben.locator('.alert').first().getAttribute('data-alert');

	await composer(ann).focus();
	await ann.keyboard.type('/res');
	await ann.keyboard.press('Tab');
	await ann.keyboard.type(id.slice(0, 2));
	await see(ann.getByRole('option').filter({ hasText: id }));
	await ann.keyboard.press('Tab');
	await ann.keyboard.press('Enter');
	const row = message(ann, 'DbPoolExhausted on checkout').first();

	await see(row.filter({ hasText: /resolved/i }));
	await gone(row.getByRole('button', { name: 'Resolve' }));
	await until(ann, () => [...document.querySelectorAll('.message:not(.ephemeral) .attachment-body')].some((one) => getComputedStyle(one, '::before').backgroundColor === 'rgb(46, 184, 134)'));
	await see(ben.getByText('Nothing is wrong'));
});

test('the alerts view filters, acknowledges, and leads to the message', async () => {
	await alert('DiskFull', { labels: { severity: 'warning' } });
	const card = ben.locator('.alert', { hasText: 'DiskFull' });

	await see(card.locator('.severity', { hasText: 'warning' }));
	await card.getByRole('button', { name: /firing/ }).click();
	await see(card.locator('.members', { hasText: 'severity=warning' }));
	await card.getByRole('button', { name: 'Acknowledge' }).click();
	await see(card.filter({ hasText: 'Acknowledged by ben' }));
	await ben.getByRole('button', { name: 'resolved', exact: true }).click();
	await see(ben.locator('.alert', { hasText: 'DbPoolExhausted' }));
	await gone(card);
	await ben.getByRole('button', { name: 'all', exact: true }).click();
	await card.getByRole('link', { name: 'Show in channel' }).click();
	await see(ben.locator('.message.marked', { hasText: 'DiskFull' }));
});

test('resolved by its source, it is told as well', async () => {
	await alert('DiskFull', { labels: { severity: 'warning' }, endsAt: new Date(Date.now() - 1000).toISOString() });
	await see(message(ben, 'DiskFull on checkout').filter({ hasText: /resolved/i }));
});

test('who may only look is told so, and nothing changes', async () => {
	await room.person('vera', 'viewer');
	const vera = await room.enter('vera');

	await alert('QueueStuck');
	await go_to(vera, 'sre-alerts');
	await message(vera, 'QueueStuck on checkout').getByRole('button', { name: 'Acknowledge' }).click();
	await see(vera.locator('.toast.bad, .message.ephemeral').filter({ hasText: /viewer|responder|may not/i }));
	await go_to(vera, 'Alerts');
	const card = vera.locator('.alert', { hasText: 'QueueStuck' });

	await card.getByRole('button', { name: 'Acknowledge' }).click();
	await see(vera.locator('.toast.bad', { hasText: 'Not done' }));
	await see(card.filter({ hasText: 'Nobody has it yet' }));
});

test('the worst stands first, not the newest', async () => {
	await alert('DiskSlow', { labels: { severity: 'warning' } });
	await go_to(ben, 'Alerts');
	await see(ben.locator('.alert', { hasText: 'DiskSlow' }));
	assert.deepEqual(await ben.locator('.alert .severity').allInnerTexts(), ['critical', 'warning']);
});
