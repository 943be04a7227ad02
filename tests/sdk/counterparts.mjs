// Real programs of others, from Debian's packages; a test of one that is not there is skipped with a sentence.
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';

export function missing(program, from) {
	return spawnSync(program, ['--version']).error ? `${program} is not installed: apt-get install ${from}` : false;
}

// Runs a program to its end; never blocks the server that it talks to.
export function run(program, args, input = '') {
	return new Promise((done, failed) => {
		const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
		let out = '', err = '';
		child.stdout.setEncoding('utf8').on('data', (d) => { out += d; });
		child.stderr.setEncoding('utf8').on('data', (d) => { err += d; });
		child.stdin.on('error', () => {}); // it need not read
		child.stdin.end(input);
		child.on('error', failed).on('close', (code) => done({ code, out, err }));
	});
}

// For a program that cannot pick one itself.
export function free_port() {
	return new Promise((done) => {
		const server = createServer().listen(0, '127.0.0.1', () => {
			const { port } = server.address();
			server.close(() => done(port));
		});
	});
}
