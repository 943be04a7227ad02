// What tools sent: refused ones with their sentence, bodies for those who may see them, and Replay.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { go_to, gone, room_start, see } from './harness.mjs';

const down = { check_id: 4711, check_name: 'Shop front', current_state: 'DOWN', previous_state: 'UP', state_changed_timestamp: 1772416740, big_number: 1 };
let room, ola, ben, hook;

async function send(body, path = hook) {
	return (await fetch(room.daemon.url + path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'Content-Type': 'application/json' } })).status;
}

before(async () => {
	room = await room_start();
	const made = await room.ann.call('POST', '/v1/provision', 'channels: [{name: checks, members: [ann]}]\nsources: [{name: shop, tool: pingdom, channel: checks}]\n', 'application/yaml');

	hook = new URL(made.sources.shop.url).pathname;
	await room.person('ola', 'operator');
	assert.equal(await send(JSON.stringify(down).replace(`"big_number":1`, `"big_number":9007199254740993`)), 200);
	assert.equal(await send('{"check_id":'), 400);
	assert.equal(await send(down, '/hooks/pingdom/nobody-has-this-key-at-all'), 401);
	ola = await room.enter('ola');
	ben = await room.enter('ben');
});
after(() => room.end());

const source = (page, name) => page.locator(`[data-source="${name}"]`);
const delivery = (page, text) => page.locator('.delivery', { hasText: text });

test('the sources are listed with their counts and the last error', async () => {
	await go_to(ola, 'Sources');
	await see(source(ola, 'shop').filter({ hasText: '2 deliveries' }).filter({ hasText: '1 refused' }).filter({ hasText: 'JSON, line 1' }));
	await see(source(ola, '-').filter({ hasText: 'Without a source' }).filter({ hasText: 'this key is not known' }));
});

test('a refused delivery shows its sentence, and its key to nobody', async () => {
	await source(ola, '-').getByRole('link', { name: 'Without a source' }).click();
	await see(delivery(ola, '401').filter({ hasText: 'this key is not known' }));
	await delivery(ola, '401').getByRole('button', { name: 'Look inside' }).click();
	await see(delivery(ola, '401').filter({ hasText: 'nobody knows whose it is' }));
	await see(delivery(ola, 'POST /hooks/pingdom/KEY'));
	assert.equal(await ola.locator('.main').getByText('nobody-has-this-key').count(), 0);
	await ola.getByRole('link', { name: 'All sources' }).click();
	await see(source(ola, 'shop'));
});

test('by keyboard: look inside, replay, see what it did', async () => {
	await source(ola, 'shop').getByRole('link', { name: 'shop' }).press('Enter');
	await see(ola.locator('.main h1', { hasText: 'shop' }));
	const first = delivery(ola, '1 alert, 1 changed something').first();

	await first.getByRole('button', { name: 'Look inside' }).press('Enter');
	await see(first.filter({ hasText: 'Shop front is DOWN' }));
	assert.match(await first.locator('.delivery-body').innerText(), /\n {2}"check_name": "Shop front",\n[^]*"big_number": 9007199254740993\n/);
	await first.getByRole('button', { name: 'Replay' }).press('Enter');
	await see(first.getByText('Taken (200): 1 alert, nothing changed.'));
	await see(delivery(ola, 'a replay by ola'));
});

test('after it was resolved by hand, a replay makes it fire again', async () => {
	const { alerts } = await room.ann.call('GET', '/v1/alerts');

	await room.ann.call('POST', '/v1/commands', { line: `resolve ${alerts[0].id}` });
	assert.equal(await send({ ...down, current_state: 'UP', previous_state: 'DOWN', state_changed_timestamp: 1772416800 }), 200);
	await see(delivery(ola, '1 changed').nth(0));
	const first = ola.locator('.delivery', { has: ola.locator('.delivery-body', { hasText: '"current_state": "DOWN"' }) });

	await first.getByRole('button', { name: 'Replay' }).click();
	await see(first.getByText('Taken (200): 1 alert, 1 changed something.'));
	assert.equal((await room.ann.call('GET', '/v1/alerts')).alerts.length, 1);
});

test('a replay that is refused says why', async () => {
	await delivery(ola, 'JSON, line 1').first().getByRole('button', { name: 'Look inside' }).click();
	await delivery(ola, 'JSON, line 1').first().getByRole('button', { name: 'Replay' }).click();
	await see(ola.getByText(/^Refused \(400\): JSON, line 1/));
});

test('who is no operator sees what came, but not what was in it', async () => {
	await go_to(ben, 'Sources');
	await source(ben, 'shop').getByRole('link', { name: 'shop' }).click();
	await see(delivery(ben, 'JSON, line 1'));
	await see(ben.getByText('Operators can look inside.'));
	await gone(ben.getByRole('button', { name: 'Look inside' }));
});
