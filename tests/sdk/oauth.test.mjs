// OAuth: the official InstallProvider, unchanged from npm, sends somebody who is logged in to us and gets them back with a code.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { daemon } from './daemon.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const { WebClient, LogLevel } = require('@slack/web-api');
const { InstallProvider } = require('@slack/oauth');
const { IncomingWebhook } = require('@slack/webhook');
const quiet = { debug() {}, info() {}, warn() {}, error() {}, setLevel() {}, getLevel: () => 'error', setName() {} };
let d, server, home, app, provider, installed, failed;
const client = (token) => new WebClient(token, { slackApiUrl: `${d.url}/api/`, retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR });
const refused = (error) => (e) => e.data?.error === error || assert.fail(`expected ${error}, got ${e.data?.error ?? e.message}`);
const installation_store = { rows: new Map(), async storeInstallation(i) { this.rows.set(i.team.id, i); }, async fetchInstallation(q) { return this.rows.get(q.teamId); }, async deleteInstallation(q) { this.rows.delete(q.teamId); } };
const scopes = ['chat:write', 'channels:join', 'incoming-webhook'], userScopes = ['search:read', 'users:read'];

// A browser of which only the cookies are left.
const cookies = { d: '', app: '' };
async function log_in(user) {
	const r = await fetch(`${d.url}/v1/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ user, password: 'correct horse' }) });
	cookies.d = r.headers.get('set-cookie').split(';')[0];
}
async function console_call(method, path, body) {
	const r = await fetch(d.url + path, { method, body: body && JSON.stringify(body), headers: { cookie: cookies.d, 'x-opsroom': 'console', 'content-type': 'application/json' } });
	return { status: r.status, ...await r.json() };
}
// From the app's button to the page that asks: its query.
async function begin() {
	const r = await fetch(`${home}/slack/install`);
	cookies.app = r.headers.get('set-cookie').split(';')[0];
	const url = new URL(/<a href="([^"]+)"/.exec(await r.text())[1].replaceAll('&amp;', '&'));
	assert.equal(url.origin + url.pathname, `${d.url}/oauth/v2/authorize`);
	const page = await fetch(url);
	assert.match(page.headers.get('content-type'), /text\/html/);
	return url.search;
}
const back = (redirect) => fetch(redirect, { headers: { cookie: cookies.app } });

before(async () => {
	d = await daemon();
	server = createServer((req, res) => {
		if (req.url.startsWith('/slack/install')) provider.handleInstallPath(req, res, {}, { scopes, userScopes, redirectUri: `${home}/slack/oauth_redirect` });
		else provider.handleCallback(req, res, { success: (i, _o, _q, r) => { installed = i; r.end('installed'); }, failure: (e, _o, _q, r) => { failed = e; r.end('failed'); } });
	});
	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	home = `http://127.0.0.1:${server.address().port}`;
	app = await d.api('/v1/apps', { body: { name: 'helper', manifest: { display_information: { name: 'Helper', description: 'It helps.' },
		oauth_config: { redirect_urls: [`${home}/slack/oauth_redirect`, 'https://other.example.com/back?x=1'], scopes: { bot: [...scopes, 'users:read'], user: [...userScopes, 'chat:write'] } } } } });
	provider = new InstallProvider({ clientId: app.client_id, clientSecret: app.client_secret, stateSecret: 'a secret', installationStore: installation_store, logger: quiet,
		authorizationUrl: `${d.url}/oauth/v2/authorize`, clientOptions: { slackApiUrl: `${d.url}/api/` } });
	await log_in('ann');
});
after(async () => { server.close(); await d.stop(); });

test('a person says yes, and the app has two tokens and a webhook', async () => {
	const query = await begin();
	assert.equal((await fetch(`${d.url}/v1/oauth${query}`)).status, 401, 'nobody is asked who is not logged in');
	const asked = await console_call('GET', `/v1/oauth${query}`);
	assert.deepEqual([asked.app, asked.description, asked.scopes, asked.user_scopes, asked.incoming_webhook], ['helper', 'It helps.', scopes, userScopes, true]);
	assert.equal((await console_call('POST', `/v1/oauth${query}`, { allow: true })).code, 'invalid', 'a webhook needs a channel');
	const { redirect } = await console_call('POST', `/v1/oauth${query}`, { allow: true, channel: d.made.channels.ops.id });
	assert.ok(redirect.startsWith(`${home}/slack/oauth_redirect?code=`), redirect);
	assert.equal(await (await back(redirect)).text(), 'installed', String(failed));

	const team = (await client(d.token).auth.test()).team_id;
	assert.deepEqual([installed.team.id, installed.appId, installed.bot.userId, installed.bot.id, installed.user.id], [team, app.app_id, app.bot_user_id, app.bot_id, d.made.users.ann.id]);
	assert.deepEqual([installed.bot.scopes, installed.user.scopes, installed.tokenType, installed.isEnterpriseInstall], [scopes, userScopes, 'bot', false]);
	assert.deepEqual([installed.incomingWebhook.channel, installed.incomingWebhook.channelId], ['#ops', d.made.channels.ops.id]);
	assert.equal((await new IncomingWebhook(installed.incomingWebhook.url).send('by webhook')).text, 'ok');
	const authorized = await provider.authorize({ teamId: team, isEnterpriseInstall: false });
	const bot = client(authorized.botToken), user = client(authorized.userToken);
	await bot.conversations.join({ channel: d.made.channels.ops.id });
	assert.equal((await bot.chat.postMessage({ channel: d.made.channels.ops.id, text: 'here' })).message.app_id, app.app_id);
	assert.equal((await user.auth.test()).user, 'ann');
	await user.search.messages({ query: 'here' });
	// What was not asked for is not given, though the manifest has it.
	await assert.rejects(bot.users.list(), (e) => e.data.error === 'missing_scope' && e.data.provided === scopes.join(','));
	await assert.rejects(user.chat.postMessage({ channel: d.made.channels.ops.id, text: 'x' }), refused('missing_scope'));

	const code = new URL(redirect).searchParams.get('code'), redirect_uri = `${home}/slack/oauth_redirect`, nobody = client(undefined);
	await assert.rejects(nobody.oauth.v2.access({ client_id: app.client_id, client_secret: app.client_secret, code, redirect_uri }), refused('code_already_used'));
});

test('who says yes again gives the same tokens, which may more', async () => {
	const before = installed, more = new URLSearchParams(await begin());
	more.set('scope', 'users:read');
	more.set('user_scope', 'chat:write');
	const { redirect } = await console_call('POST', `/v1/oauth?${more}`, { allow: true });
	const code = new URL(redirect).searchParams.get('code');
	const basic = 'Basic ' + Buffer.from(`${app.client_id}:${app.client_secret}`).toString('base64');
	const r = await (await fetch(`${d.url}/api/oauth.v2.access`, { method: 'POST', headers: { authorization: basic }, body: new URLSearchParams({ code, redirect_uri: more.get('redirect_uri') }) })).json();
	assert.equal(r.ok, true, r.error);
	assert.deepEqual([r.access_token, r.authed_user.access_token], [before.bot.token, before.user.token]);
	assert.deepEqual([r.token_type, r.authed_user.token_type, r.enterprise, r.is_enterprise_install, r.incoming_webhook], ['bot', 'user', null, false, undefined]);
	assert.equal(r.scope, ['users:read', ...scopes].join(','));
	await client(r.access_token).users.list();
	await client(r.authed_user.access_token).chat.postMessage({ channel: d.made.channels.ops.id, text: 'as ann' });
	assert.equal((await client(r.authed_user.access_token).auth.revoke()).revoked, true);
	await assert.rejects(client(r.authed_user.access_token).auth.test(), refused('token_revoked'));
});

test('a person says no', async () => {
	const { redirect } = await console_call('POST', `/v1/oauth${await begin()}`, { allow: false });
	assert.equal(new URL(redirect).searchParams.get('error'), 'access_denied');
	assert.ok(new URL(redirect).searchParams.get('state'));
	failed = null;
	await back(redirect);
	assert.equal(failed.code, 'slack_oauth_installer_authorization_error');
});

test('what is wrong is said in Slack\'s words, and nobody is sent elsewhere', async () => {
	const good = { client_id: app.client_id, client_secret: app.client_secret }, nobody = client(undefined), uri = 'https://other.example.com/back?x=1';
	await assert.rejects(nobody.oauth.v2.access({ ...good, client_id: '1.2', code: 'x' }), refused('invalid_client_id'));
	await assert.rejects(nobody.oauth.v2.access({ ...good, client_secret: 'x', code: 'x' }), refused('bad_client_secret'));
	await assert.rejects(nobody.oauth.v2.access({ ...good, code: 'x' }), refused('invalid_code'));
	await assert.rejects(nobody.oauth.v2.access({ ...good, grant_type: 'password', code: 'x' }), refused('invalid_grant_type'));
	const ask = (more) => console_call('POST', `/v1/oauth?${new URLSearchParams({ client_id: app.client_id, scope: 'chat:write', redirect_uri: uri, state: 'a&b', ...more })}`, { allow: true });
	assert.match((await ask({ client_id: 'x' })).detail, /^invalid_client_id/);
	assert.match((await ask({ redirect_uri: 'https://evil.example.com/' })).detail, /^bad_redirect_uri/);
	assert.match((await ask({ scope: 'admin' })).detail, /^invalid_scope.*admin/);
	assert.match((await ask({ scope: '' })).detail, /^invalid_scope/);
	assert.equal((await d.api(`/v1/oauth?client_id=${app.client_id}&scope=chat:write`, { body: { allow: true }, token: app.user_token })).code, 'forbidden', 'an app says yes for nobody');
	const { redirect } = await ask({}), code = new URL(redirect).searchParams.get('code');
	assert.deepEqual([new URL(redirect).searchParams.get('x'), new URL(redirect).searchParams.get('state')], ['1', 'a&b']);
	const other = await d.api('/v1/apps', { body: { name: 'other' } });
	await assert.rejects(nobody.oauth.v2.access({ client_id: other.client_id, client_secret: other.client_secret, code, redirect_uri: uri }), refused('invalid_code'));
	await assert.rejects(nobody.oauth.v2.access({ ...good, code }), refused('bad_redirect_uri'));
	const r = await nobody.oauth.v2.access({ ...good, code, redirect_uri: uri });
	assert.deepEqual(r.authed_user, { id: d.made.users.ann.id }, 'no token of a person that was not asked for');
	await d.api('/v1/apps/helper', { method: 'DELETE' });
	await assert.rejects(client(r.access_token).auth.test(), refused('token_revoked'));
	await assert.rejects(new IncomingWebhook(installed.incomingWebhook.url).send('x'));
});
