// IRC for the tests: Debian's ngircd and InspIRCd on ports of their own, a certificate authority, a raw client, services, and a server by hand.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './daemon.mjs';

export const freePort = () => new Promise((done) => { const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => done(port)); }); });

export function folder() {
	const dir = mkdtempSync(join(tmpdir(), 'opsroom-irc-'));
	chmodSync(dir, 0o755); // ngircd reads as nobody
	return { dir, path: (name) => join(dir, name), remove: () => rmSync(dir, { recursive: true, force: true }) };
}

// ca.pem, server.pem and server.key for localhost and 127.0.0.1; client.pem (certificate and key) for SASL EXTERNAL.
export function certificates(f) {
	const ssl = (...args) => execFileSync('openssl', args, { cwd: f.dir, stdio: ['ignore', 'ignore', 'ignore'] });
	const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
	ssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test CA', '-days', '2');
	writeFileSync(f.path('ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
	for (const who of ['server', 'client']) {
		ssl('req', ...key, '-keyout', `${who}.key`, '-out', `${who}.csr`, '-subj', `/CN=${who}`);
		ssl('x509', '-req', '-in', `${who}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-out', `${who}.pem`, '-days', '2', '-extfile', 'ext');
		chmodSync(f.path(`${who}.key`), 0o644);
	}
	writeFileSync(f.path('client-both.pem'), readFileSync(f.path('client.pem'), 'utf8') + readFileSync(f.path('client.key'), 'utf8'));
}

const listens = (port) => new Promise((done) => { const s = net.connect(port, '127.0.0.1', () => { s.destroy(); done(true); }).on('error', () => done(false)); });

async function program(f, name, command, args, port) {
	let child;
	const log = f.path(`${name}.log`);
	const start = async () => {
		const out = openSync(log, 'a');
		child = spawn(command, args, { cwd: f.dir, stdio: ['ignore', out, out] });
		closeSync(out);
		const ended = new Promise((_, failed) => child.once('exit', (code) => failed(new Error(`${command} ended with ${code}: ${readFileSync(log, 'utf8')}`))));
		ended.catch(() => {});
		await Promise.race([until(() => listens(port), `${command} listens`), ended]);
	};
	const stop = (signal = 'SIGTERM') => new Promise((done) => {
		if (child.exitCode !== null || child.signalCode) return done();
		child.once('exit', done);
		child.kill(signal);
	});
	await start();
	return { port, start, stop, pause: () => child.kill('SIGSTOP'), resume: () => child.kill('SIGCONT'), get log() { return readFileSync(log, 'utf8'); } };
}

// links: [{name, port?, password}] to other ngircds.
export async function ngircd(f, name, { tlsPort, links = [], limits = '', ports } = {}) {
	const port = ports ?? await freePort(), file = f.path(`${name}.conf`);
	const server = (l) => `[Server]\nName = ${l.name}\nHost = 127.0.0.1\n${l.port ? `Port = ${l.port}\n` : ''}MyPassword = link\nPeerPassword = link\n`;
	writeFileSync(file, `[Global]
Name = ${name}
Info = a test
Listen = 127.0.0.1
Ports = ${port}
MotdPhrase = welcome
AdminEMail = admin@example.com
[Limits]
MaxConnectionsIP = 0
MaxNickLength = 20
ConnectRetry = 5
${limits}
[Options]
Ident = no
DNS = no
PAM = no
[Operator]
Name = root
Password = root
${tlsPort ? `[SSL]\nCertFile = ${f.path('server.pem')}\nKeyFile = ${f.path('server.key')}\nPorts = ${tlsPort}\n` : ''}
${links.map(server).join('')}`);
	chmodSync(file, 0o644);
	return program(f, name, '/usr/sbin/ngircd', ['-n', '-f', file], port);
}

// People at its port may flood; at the TLS port and at strictPort ten commands are let pass at once, and one a second then.
export async function inspircd(f, name, { tlsPort, linkPort, strictPort } = {}) {
	const port = await freePort(), file = f.path(`${name}.conf`);
	const modules = ['ssl_gnutls', 'cap', 'sasl', 'services_account', 'spanningtree', 'ircv3', 'ircv3_accounttag', 'ircv3_batch', 'ircv3_capnotify', 'ircv3_chghost', 'ircv3_ctctags',
		'ircv3_echomessage', 'ircv3_msgid', 'ircv3_servertime', 'namesx', 'botmode', 'sslinfo', 'chghost', 'samode', 'sanick'];
	writeFileSync(f.path('empty.txt'), 'welcome\n');
	const limits = 'timeout="60" pingfreq="120" hardsendq="262144" softsendq="8192" recvq="8192" localmax="100" globalmax="100" useident="no" resolvehostnames="no" maxchans="50"';
	writeFileSync(file, `<config format="xml">
<server name="${name}" description="a test" network="Test" id="001">
<admin name="x" nick="x" email="x@example.com">
${modules.map((m) => `<module name="${m}">`).join('\n')}
<sslprofile name="main" provider="gnutls" certfile="${f.path('server.pem')}" keyfile="${f.path('server.key')}" hash="sha256" requestclientcert="yes">
<bind address="127.0.0.1" port="${port}" type="clients">
${tlsPort ? `<bind address="127.0.0.1" port="${tlsPort}" type="clients" sslprofile="main">` : ''}
${linkPort ? `<bind address="127.0.0.1" port="${linkPort}" type="servers">
<link name="services.example" ipaddr="127.0.0.1" port="1" allowmask="127.0.0.0/8" sendpass="link" recvpass="link">
<uline server="services.example" silent="yes">
<sasl target="services.example" requiressl="no">` : ''}
<connect name="people" allow="*" port="${port}" ${limits} threshold="1000" commandrate="1000" fakelag="off">
<connect name="strict" allow="*" ${limits} threshold="10" commandrate="1000" fakelag="off">
${strictPort ? `<bind address="127.0.0.1" port="${strictPort}" type="clients">` : ''}
<class name="all" commands="*" privs="*" usermodes="*" chanmodes="*"><type name="Root" classes="all"><oper name="root" password="root" host="*@*" type="Root">
<cidr ipv4clone="32"><performance quietbursts="yes"><files motd="${f.path('empty.txt')}"><options allowmismatch="yes"><security allowcoreunload="no">
<pid file="${f.path(`${name}.pid`)}"><path datadir="${f.dir}" logdir="${f.dir}">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="${f.path(`${name}.server.log`)}">
`);
	return program(f, name, '/usr/sbin/inspircd', ['--config', file, '--nofork', '--nopid', '--runasroot'], port);
}

const lineReader = (on) => {
	let rest = '';
	return (d) => {
		rest += d;
		const lines = rest.split('\n');
		rest = lines.pop();
		for (const line of lines) on(line.replace(/\r$/, ''));
	};
};

// A person's client, by hand. caps: what it asks for. account, password: SASL PLAIN.
export async function client(port, nick, { caps = [], account, password, join: channels = [] } = {}) {
	const socket = net.connect(port, '127.0.0.1'), lines = [];
	const say = (line) => socket.write(line + '\r\n');
	let closed = false;
	socket.on('error', () => {}).on('close', () => { closed = true; });
	socket.setEncoding('utf8').on('data', lineReader((line) => {
		if (line.startsWith('PING')) say(line.replace('PING', 'PONG'));
		lines.push(line);
	}));
	const self = {
		nick, lines, say,
		get closed() { return closed; },
		said: (to, text) => say(`PRIVMSG ${to} :${text}`),
		// The texts that were said where the client could see it.
		heard: (from, to) => lines.map((l) => /^(?:@\S+ )?:([^! ]+)\S* (?:PRIVMSG|NOTICE) (\S+) :(.*)$/.exec(l)).filter((m) => m && (!from || m[1] === from) && (!to || m[2] === to)).map((m) => m[3]),
		sees: (what, title = String(what)) => until(() => lines.find((l) => what.test(l)), `${nick} sees ${title}`).catch((e) => { throw new Error(`${e.message}\nafter all:\n${lines.slice(-30).join('\n')}`); }),
		end: () => new Promise((done) => { if (closed) return done(); socket.once('close', done); say('QUIT :bye'); setTimeout(() => socket.destroy(), 500).unref(); }),
	};
	if (caps.length || account) say('CAP LS 302');
	say(`NICK ${nick}`);
	say(`USER ${nick} 0 * :${nick}`);
	if (caps.length || account) {
		say(`CAP REQ :${[...caps, ...(account ? ['sasl'] : [])].join(' ')}`);
		await self.sees(/ CAP \S+ ACK /);
		if (account) {
			say('AUTHENTICATE PLAIN');
			await self.sees(/^AUTHENTICATE :?\+/);
			say(`AUTHENTICATE ${Buffer.from(`\0${account}\0${password}`).toString('base64')}`);
			await self.sees(/ 903 /);
		}
		say('CAP END');
	}
	await self.sees(/ (376|422) /);
	for (const channel of channels) {
		say(`JOIN ${channel}`);
		await self.sees(new RegExp(` 366 \\S+ ${channel} `));
	}
	return self;
}

// Services for InspIRCd, as far as SASL goes (its link protocol, 1205): accounts with passwords, and of certificates' fingerprints.
export async function services(linkPort, accounts, fingerprints = {}) {
	const socket = net.connect(linkPort, '127.0.0.1'), started = {};
	const say = (line) => socket.write(line + '\r\n');
	const now = () => Math.floor(Date.now() / 1000);
	const seen = [];
	const done = (uid, account) => {
		if (account) say(`:00A METADATA ${uid} accountname :${account}`);
		say(`:00A ENCAP 001 SASL 00AAAAAAA ${uid} D ${account ? 'S' : 'F'}`);
	};
	socket.on('error', () => {}).setEncoding('utf8').on('data', lineReader((line) => {
		const w = line.split(' ');
		seen.push(line);
		if (w[1] === 'PING') say(`:00A PONG ${w[0].slice(1)}`);
		if (w[0] === 'SERVER') for (const l of [`:00A BURST ${now()}`, ':00A METADATA * saslmechlist :PLAIN,EXTERNAL', ':00A ENDBURST']) say(l);
		if (w[1] !== 'ENCAP' || w[3] !== 'SASL') return;
		const [, , , , uid, , mode, data, fingerprint] = w.map((x) => x.replace(/^:/, ''));
		if (mode === 'S') {
			started[uid] = { mechanism: data, fingerprint };
			say(`:00A ENCAP 001 SASL 00AAAAAAA ${uid} C +`);
		} else if (mode === 'C' && started[uid]?.mechanism === 'PLAIN') {
			const [, account, password] = Buffer.from(data, 'base64').toString().split('\0');
			done(uid, accounts[account] === password ? account : undefined);
		} else if (mode === 'C') {
			done(uid, fingerprints[started[uid]?.fingerprint]);
		}
	}));
	for (const l of ['CAPAB START 1205', 'CAPAB CAPABILITIES :PROTOCOL=1205', 'CAPAB END', 'SERVER services.example link 0 00A :services']) say(l);
	await until(() => seen.some((l) => / ENDBURST/.test(l)), 'services are linked').catch((e) => { throw new Error(`${e.message}: ${seen.join('\n')}`); });
	return { seen, say, end: () => socket.destroy() };
}

// A server by hand: script(peer) is called for each connection. peer: say(line), sees(regexp), lines.
export async function peer(script, { tlsOptions, port = 0 } = {}) {
	const links = [];
	const on = (socket) => {
		const lines = [], waiting = [];
		let closed = false;
		const self = {
			lines, socket,
			get closed() { return closed; },
			say: (line) => socket.write(line + '\r\n'),
			sees: (what) => until(() => lines.find((l) => what.test(l)), `the server sees ${what}`).catch((e) => { throw new Error(`${e.message}; it saw:\n${lines.join('\n')}`); }),
			// Each line that is told to it, in order.
			on: (f) => { waiting.push(f); lines.forEach(f); },
		};
		links.push(self);
		socket.on('error', () => {}).on('close', () => { closed = true; }).setEncoding('utf8').on('data', lineReader((l) => { lines.push(l); waiting.forEach((f) => f(l)); }));
		script(self, links.length - 1);
	};
	const server = tlsOptions ? tls.createServer(tlsOptions, on) : net.createServer(on);
	await new Promise((done) => server.listen(port, '127.0.0.1', done));
	return { port: server.address().port, links, end: () => new Promise((done) => { links.forEach((l) => l.socket.destroy()); server.close(done); }) };
}
