// The page on which a person lets an app act: logged in first, a channel for its webhook, yes and no.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { log_in, room_start, see, violations } from './harness.mjs';

let room, server, address;
const came = [];

before(async () => {
	room = await room_start();
	await room.channel('deploys');
	server = createServer((req, res) => {
		if (req.url.startsWith('/back'))
			came.push(new URL(req.url, 'http://x').searchParams);
		res.setHeader('content-type', 'text/html').end('<h1>Back at the app</h1>');
	});
	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	const redirect = `http://127.0.0.1:${server.address().port}/back`;
	const app = await room.ann.call('POST', '/v1/apps', { name: 'helper', manifest: { oauth_config: { redirect_urls: [redirect], scopes: { bot: ['chat:write', 'incoming-webhook'], user: ['search:read'] } } } });
	address = (more = {}) => `${room.daemon.url}/oauth/v2/authorize?${new URLSearchParams({ client_id: app.client_id, scope: 'chat:write,incoming-webhook', user_scope: 'search:read', redirect_uri: redirect, state: 's 1', ...more })}`;
});
after(async () => {
	server?.close();
	await room?.end();
});

test('who is logged out logs in first, then chooses a channel and allows', async () => {
	const page = await room.window();

	await page.goto(address());
	await log_in(page, 'ann');
	await see(page.getByRole('heading', { name: 'Allow helper to act here?' }));
	await see(page.getByText('post messages'));
	assert.deepEqual(await violations(page), []);
	await page.getByRole('button', { name: 'Allow' }).click();
	await see(page.getByRole('alert').filter({ hasText: 'Choose the channel' }));
	await page.getByLabel('Where may its webhook post?').selectOption({ label: '#deploys' });
	await page.getByRole('button', { name: 'Allow' }).click();
	await see(page.getByRole('heading', { name: 'Back at the app' }));
	assert.ok(came[0].get('code'));
	assert.equal(came[0].get('state'), 's 1');

	await page.goto(address());
	await page.getByRole('button', { name: 'Cancel' }).click();
	await see(page.getByRole('heading', { name: 'Back at the app' }));
	assert.equal(came[1].get('error'), 'access_denied');
	await page.goto(address({ redirect_uri: 'https://evil.example.com/' }));
	await see(page.getByRole('alert').filter({ hasText: 'bad_redirect_uri' }));
});
