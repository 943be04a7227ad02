// What is kept quiet: made with a preview, seen by all, extended, ended, announced; where an alert would go; what is noise.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { go_to, gone, room_start, see } from './harness.mjs';

const routing = `route:
  receiver: source
  routes:
    - matchers: ['severity="page"']
      receiver: everybody
      continue: true
    - matchers: ['team="pay ments’"']
      receiver: payments
      group_by: [alertname, service]
      routes:
        - {matchers: ['service="cards"'], receiver: cards}
    - {matchers: ['team="db"'], receiver: payments}
receivers:
  - {name: everybody, channel: "#sre-alerts"}
  - {name: payments, channel: payments}
  - {name: cards, channel: payments}
`;
let room, folder, ann, ben;

async function alert(labels, summary) {
	await room.ann.call('POST', '/api/v2/alerts', [{ labels, annotations: { summary } }]);
}

const silence = (page, text) => page.locator('[data-silence]', { hasText: text });
const section = (page, title) => page.locator('section', { has: page.getByRole('heading', { name: title, exact: true }) });
const preview = (page) => page.locator('.silence-preview');
const labels = (page) => page.getByLabel('Labels of the alerts');

async function silences(query = '') {
	return (await room.ann.call('GET', `/v1/silences${query}`)).silences;
}

before(async () => {
	folder = await mkdtemp(join(tmpdir(), 'opsroom-web-'));
	await writeFile(join(folder, 'alerting.yaml'), routing);
	room = await room_start({ options: ['--alerting', join(folder, 'alerting.yaml')] });
	await room.channel('payments', 'ben');
	await alert({ alertname: 'DiskFull', host: 'db-1', severity: 'critical' }, 'Disk of db-1 is full');
	await alert({ alertname: 'ReplicaLag', host: 'db-1', severity: 'warning' }, 'Replica of db-1 lags');
	await alert({ alertname: 'QueueStuck', host: 'mq "1"', severity: 'warning' }, 'The queue is stuck');
	ann = await room.enter('ann');
	ben = await room.enter('ben');
});
after(async () => {
	await room?.end();
	await rm(folder, { recursive: true, force: true });
});

test('by keyboard: a silence says what it will keep quiet before it is made, and all see it at once', async () => {
	await go_to(ann, 'Silences');
	await see(ann.getByText('Nothing is silenced.'));
	await go_to(ben, 'Silences');
	await ben.getByRole('link', { name: 'New silence' }).press('Enter');
	await labels(ben).focus();
	await ben.keyboard.type('host=~(');
	await see(preview(ben).filter({ hasText: 'missing closing' }));
	await labels(ben).fill('host=db-9');
	await see(preview(ben).filter({ hasText: 'Fits no alert that fires now.' }));
	await labels(ben).fill('host=~"db-.*"\nseverity!=page');
	await see(preview(ben).filter({ hasText: 'Keeps 2 alerts of 2 groups quiet' }).filter({ hasText: 'Disk of db-1 is full' }).filter({ hasText: 'Replica of db-1 lags' }));
	await ben.getByLabel('How long').selectOption('1h');
	await ben.getByLabel('Why').fill('new disks');
	await ben.getByLabel('Why').press('Enter');
	for (const page of [ben, ann])
		await see(section(page, 'In force').locator('[data-silence]', { hasText: 'new disks' }).filter({ hasText: 'by ben' }).filter({ hasText: 'keeps 2 alerts quiet now' }).filter({ hasText: 'host=~db-.*' }).filter({ hasText: 'severity!=page' }));
	await gone(ben.locator('.silence-form'));
	await see(ben.locator('.toast', { hasText: 'is made, until' }));
});

test('extended it stays the same, with its author', async () => {
	const [before] = await silences();

	await silence(ann, 'new disks').getByRole('button', { name: 'Extend +1 h' }).click();
	await see(ann.locator('.toast', { hasText: 'It lasts until' }));
	await see(silence(ben, 'new disks').filter({ hasText: /for 1 h 5\d min more/ }));
	const [now] = await silences();

	assert.equal(now.id, before.id);
	assert.equal(now.createdBy, 'ben');
	assert.equal(Date.parse(now.endsAt) - Date.parse(before.endsAt), 3_600_000);
	await silence(ben, 'new disks').getByRole('button', { name: 'Extend +4 h' }).click();
	await see(silence(ann, 'new disks').filter({ hasText: /for 5 h 5\d min more/ }));
	if (await silence(ann, 'new disks').getByRole('button', { name: 'Extend until tomorrow 9:00' }).count()) {
		await silence(ann, 'new disks').getByRole('button', { name: 'Extend until tomorrow 9:00' }).click();
		await see(silence(ben, 'new disks').filter({ hasText: /until tomorrow/ }));
	}
});

test('ended it is over, for all, and can be made again', async () => {
	await silence(ann, 'new disks').getByRole('button', { name: 'End now' }).click();
	await gone(silence(ben, 'new disks'));
	await see(ben.getByText('Nothing is silenced.'));
	await ben.getByRole('button', { name: 'Show those that are over' }).click();
	await see(section(ben, 'Over').locator('[data-silence]', { hasText: 'kept 2 alerts quiet' }).filter({ hasText: 'ended' }));
	await silence(ben, 'new disks').getByRole('link', { name: 'Silence again…' }).click();
	assert.equal(await labels(ben).inputValue(), 'host=~"db-.*"\nseverity!="page"');
	await ben.getByRole('link', { name: 'Cancel' }).click();
	await gone(ben.locator('.silence-form'));
	const { records } = await room.ann.call('GET', '/v1/audit?action=silence.expire');

	assert.deepEqual(records.map(({ actor_name, via }) => [actor_name, via]), [['ann', 'console']]);
});

test('from an alert: its labels stand in the form', async () => {
	await go_to(ben, 'Alerts');
	await ben.locator('.alert', { hasText: 'The queue is stuck' }).getByRole('link', { name: 'Silence…' }).click();
	await see(preview(ben).filter({ hasText: 'Keeps 1 alert of 1 group quiet' }).filter({ hasText: 'The queue is stuck' }));
	assert.equal(await labels(ben).inputValue(), 'alertname="QueueStuck"\nhost="mq \\"1\\""\nseverity="warning"');
	await ben.getByLabel('How long').selectOption('until');
	await ben.getByLabel('Until', { exact: true }).fill('2020-01-01T00:00');
	await ben.getByRole('button', { name: 'Silence', exact: true }).click();
	await see(ben.getByText('Not made: it would end before it begins'));
	await ben.getByLabel('How long').selectOption('30m');
	await ben.getByRole('button', { name: 'Silence', exact: true }).click();
	await see(silence(ben, 'QueueStuck').filter({ hasText: 'No reason given' }));
});

test('what ends soon is marked', async () => {
	await room.ben.call('POST', '/v1/silences', { matchers: 'host=db-1', for: '10m', comment: 'only short' });
	await see(silence(ben, 'only short').locator('.severity', { hasText: 'ends soon' }));
	await see(silence(ben, 'QueueStuck').locator('.severity', { hasText: 'active' }));
});

test('a maintenance window is announced, waits, and is called off', async () => {
	const local = new Date(Date.now() + 2 * 3_600_000 - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

	await ben.getByRole('link', { name: 'Announce maintenance' }).click();
	await ben.getByLabel('What is done').fill('db upgrade');
	await labels(ben).fill('host=db-1');
	await ben.getByLabel('Begins').fill(local);
	await ben.getByLabel('How long').selectOption('4h');
	await ben.getByLabel('Tell its beginning and end in').selectOption({ label: '#payments' });
	await ben.getByRole('button', { name: 'Announce', exact: true }).click();
	await see(section(ann, 'To come').locator('[data-silence]', { hasText: 'Maintenance: db upgrade' }).filter({ hasText: 'would keep 2 alerts quiet now' }).filter({ hasText: /in 1 h 5\d min/ }));
	const window = (await silences()).find(({ name }) => name === 'db upgrade');

	assert.equal(window.kind, 'maintenance');
	assert.equal(Date.parse(window.endsAt) - Date.parse(window.startsAt), 4 * 3_600_000);
	await silence(ann, 'db upgrade').getByRole('button', { name: 'Extend +1 h' }).click();
	await see(ann.locator('.toast', { hasText: 'It lasts until' }));
	await silence(ann, 'db upgrade').getByRole('button', { name: 'Call off' }).click();
	await gone(section(ben, 'To come'));
});

test('who may only look sees them, and is refused', async () => {
	await room.person('vera', 'viewer');
	const vera = await room.enter('vera');

	await go_to(vera, 'Silences');
	await see(silence(vera, 'only short').filter({ hasText: 'keeps 2 alerts quiet now' }));
	await see(vera.getByText('Responders can silence.'));
	assert.equal(await vera.getByRole('button', { name: /Extend|End now/ }).count(), 0);
	await vera.evaluate(() => location.hash = '#/silences/new');
	await see(silence(vera, 'only short'));
	assert.equal(await vera.locator('.silence-form').count(), 0);
	const refused = await vera.evaluate(async () => {
		const response = await fetch('/v1/silences', { method: 'POST', headers: { 'X-Opsroom': 'console' }, body: JSON.stringify({ matchers: 'host=db-1', for: '1h' }) });

		return [response.status, (await response.json()).detail];
	});

	assert.deepEqual(refused, [403, 'this needs the role responder; yours is viewer. An admin can change that']);
	await go_to(vera, 'Alerts');
	await see(vera.locator('.alert').first());
	assert.equal(await vera.getByRole('link', { name: 'Silence…' }).count(), 0);
});

test('the routes: which an alert would take, and why not the others', async () => {
	const route = (receiver) => ben.locator(`[data-route="${receiver}"]`);

	await go_to(ben, 'Routes');
	await ben.getByLabel('Labels of an alert').fill('severity');
	await ben.getByRole('button', { name: 'Where would it go?' }).click();
	await see(ben.locator('.error', { hasText: 'bad matcher format' }));
	await ben.getByLabel('Labels of an alert').fill('severity=page\nteam=pay ments’\nservice="cards"');
	await ben.getByRole('button', { name: 'Where would it go?' }).press('Enter');
	await see(ben.getByText('It goes to everybody and cards.'));
	await see(route('everybody').filter({ hasText: 'taken' }).filter({ hasText: 'the routes behind it are asked too' }).filter({ hasText: 'line 4' }));
	await see(route('cards').filter({ hasText: 'taken' }).filter({ hasText: 'grouped by alertname, service' }));
	await see(route('payments').filter({ hasText: 'not asked: a route before it was taken' }));
	await see(ben.locator('.tree ul ul [data-route="cards"]'));
	await ben.getByLabel('Labels of an alert').fill('team=web');
	await ben.getByRole('button', { name: 'Where would it go?' }).click();
	await see(ben.getByText('It goes to the channel of its source.'));
	await see(route('payments').filter({ hasText: 'team="db" does not fit: it is "web"' }));
});

test('the noise report, of a day or a month', async () => {
	await go_to(ben, 'Noise');
	const row = ben.getByRole('row').filter({ hasText: 'DiskFull' });

	await see(row);
	assert.deepEqual((await row.getByRole('cell').allInnerTexts()).slice(0, 5), ['1', '0', '0', '0', '0']);
	await ben.getByRole('button', { name: '30 days' }).click();
	await see(ben.getByRole('button', { name: '30 days', pressed: true }));
	await see(ben.getByRole('columnheader', { name: 'Over within 5 min' }));
});
