// SPDX-License-Identifier: MIT
// Work for node that allocates in many ways. Its output does not depend on time or place.
'use strict';
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const crypto = require('crypto');
const zlib = require('zlib');
const { execFileSync } = require('child_process');

function* numbers(seed, count) {
    for (let i = 0; i < count; i++) {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
        yield seed >>> 8;
    }
}

function digest(value) {
    return crypto.createHash('sha256').update(value).digest('hex').slice(0, 16);
}

function objects(seed) {
    const table = new Map();
    for (const n of numbers(seed, 60000)) {
        const key = `key${n % 5000}`;
        if (!table.has(key)) table.set(key, []);
        table.get(key).push({ n, text: 'x'.repeat(n % 60) });
        if (n % 7 === 0) table.delete(`key${n % 4999}`);
    }
    return digest(JSON.stringify([...table.entries()]));
}

function buffers(seed) {
    const hash = crypto.createHash('sha256');
    let kept = [];
    for (const n of numbers(seed, 4000)) {
        const buffer = Buffer.alloc(n % 50000, n & 255);
        kept.push(buffer);
        if (kept.length > 200) kept = kept.filter((_, i) => i % 2 === 0);
        hash.update(buffer.subarray(0, 64));
    }
    return hash.digest('hex').slice(0, 16);
}

function packed(seed) {
    const text = [...numbers(seed, 40000)].join(' ');
    const back = zlib.brotliDecompressSync(zlib.brotliCompressSync(zlib.gunzipSync(zlib.gzipSync(text)),
        { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }));
    return digest(back);
}

if (!isMainThread) {
    const answer = [objects(workerData), buffers(workerData), packed(workerData)];
    const shared = Buffer.alloc(1 << 20, workerData);
    parentPort.postMessage({ seed: workerData, answer, buffer: shared.buffer }, [shared.buffer]);
} else {
    const answers = [];
    const workers = [1, 2, 3, 4].map((seed) => new Promise((resolve, reject) => {
        const worker = new Worker(__filename, { workerData: seed });
        worker.on('message', (message) => {
            answers[seed] = `${message.seed} ${message.answer.join(' ')} ${message.buffer.byteLength}`;
        });
        worker.on('error', reject);
        worker.on('exit', resolve);
    }));
    const own = [objects(9), buffers(9), packed(9)].join(' ');
    Promise.all(workers).then((codes) => {
        console.log(codes.join(' '));
        console.log(answers.slice(1).join('\n'));
        console.log(own);
        const program = 'console.log([1, 2, 3].map((n) => n * n).join())';
        console.log(execFileSync(process.execPath, ['-e', program]).toString());
    });
}
