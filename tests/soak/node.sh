#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# soak: 60
# node: its compilers, workers, files, children, sockets, compression.

# shellcheck source=tests/soak/both.sh
. "$(dirname -- "$0")/both.sh"
need_packages nodejs:node

both 40 <<'END'
cat >main.js <<'JS'
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const { execFileSync, spawn } = require('child_process');
const crypto = require('crypto'), fs = require('fs'), net = require('net');
const zlib = require('zlib');

function primes(n) {
	const sieve = new Uint8Array(n + 1);
	let count = 0;

	for (let i = 2; i <= n; i++) {
		if (sieve[i])
			continue;
		count++;
		for (let j = 2 * i; j <= n; j += i)
			sieve[j] = 1;
	}
	return count;
}

if (!isMainThread) {
	parentPort.postMessage(primes(workerData));
	return;
}

async function main() {
	const counts = await Promise.all([1, 2, 3, 4].map(i =>
		new Promise((resolve, reject) => {
			const w = new Worker(__filename, { workerData: i * 300000 });
			w.on('message', resolve);
			w.on('error', reject);
		})));
	console.log('workers ' + counts);

	const data = Buffer.alloc(4 << 20);
	for (let i = 0; i < data.length; i++)
		data[i] = (i * i) >> 7;
	const hash = d => crypto.createHash('sha256').update(d).digest('hex');
	console.log('hash ' + hash(data));
	fs.writeFileSync('data', zlib.gzipSync(data));
	console.log('files ' + hash(zlib.gunzipSync(fs.readFileSync('data'))));
	console.log('modes ' + (fs.statSync('data').mode & 0o777).toString(8));
	console.log('child ' + execFileSync('sh', ['-c', 'printf $((6 * 7))']));

	const killed = await new Promise(resolve => {
		const child = spawn('sleep', ['100']);
		child.on('spawn', () => child.kill('SIGTERM'));
		child.on('exit', (code, signal) => resolve(`${code} ${signal}`));
	});
	console.log('killed ' + killed);

	const echoed = await new Promise(resolve => {
		const server = net.createServer(s => s.pipe(s));
		server.listen(0, '127.0.0.1', () => {
			const client = net.connect(server.address().port, '127.0.0.1');
			const got = [];
			client.on('data', d => got.push(d));
			client.on('end', () => {
				server.close();
				resolve(hash(Buffer.concat(got)));
			});
			client.end(data);
		});
	});
	console.log('echoed ' + echoed);

	let turns = 0;
	function recurse() { turns++; recurse(); }
	try {
		recurse();
	} catch (e) {
		console.log('overflow ' + e.constructor.name + (turns > 1000));
	}
}

main().then(() => process.exit(7));
JS
node main.js
echo "node $?"
node --jitless main.js | sed 's/^/jitless-/'
END
compare
finish
