// SPDX-License-Identifier: MIT
// The four tasks of README.md in JavaScript, for Node.js.
//
// usage: tasks.js TASK SIZE ITERATIONS
"use strict";

const MODULUS = 139968;
const FOLD = 1000003;
const VALUES = 10000;
const LETTERS = 26;
const LONGEST_WORD = 48;
const ALPHABET = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";

let state = 42;

// Returns a number from 0 to limit - 1.
function next(limit) {
    state = (state * 3877 + 29573) % MODULUS;
    return Math.floor(state * limit / MODULUS);
}

function fold(sum, value) {
    return (sum * 31 + value) % FOLD;
}

function fibonacci(n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

function runFibonacci(size, iterations) {
    let sum = 0;
    for (let i = 0; i < iterations; ++i) {
        sum = fold(sum, fibonacci(size));
    }
    return sum;
}

class Node {
    constructor(value) {
        this.value = value;
        this.left = null;
        this.right = null;
    }
}

function build(depth) {
    const tree = new Node(next(VALUES));
    if (depth > 0) {
        tree.left = build(depth - 1);
        tree.right = build(depth - 1);
    }
    return tree;
}

function check(tree) {
    return tree.left === null ? tree.value : (tree.value + 2 * check(tree.left) + 3 * check(tree.right)) % FOLD;
}

function runTrees(size, iterations) {
    let sum = 0;
    const lasting = build(size);
    for (let i = 0; i < iterations; ++i) {
        sum = fold(sum, check(build(size)));
    }
    return fold(sum, check(lasting));
}

function runArrays(size, iterations) {
    let sum = 0;
    for (let i = 0; i < iterations; ++i) {
        const array = [];
        for (let left = 1 + next(size); left > 0; --left) {
            array.push(next(VALUES));
        }
        sum = array.map((value) => value * 3 + i).filter((value) => value % 2 === 0).reduce(fold, sum);
    }
    return sum;
}

function runStrings(size, iterations) {
    let sum = 0;
    for (let i = 0; i < iterations; ++i) {
        let text = "";
        for (let word = 0; word < size; ++word) {
            if (word > 0) {
                text += " ";
            }
            const start = next(LETTERS);
            const length = 1 + next(LONGEST_WORD);
            text += ALPHABET.slice(start, start + length);
        }
        for (const word of text.split(" ")) {
            sum = fold(sum, word.length);
            sum = fold(sum, word.charCodeAt(0));
        }
    }
    return sum;
}

function cpuMilliseconds() {
    const usage = process.cpuUsage();
    return (usage.user + usage.system) / 1e3;
}

const TASKS = {fibonacci: runFibonacci, trees: runTrees, arrays: runArrays, strings: runStrings};

const [task, size, iterations] = process.argv.slice(2);
if (process.argv.length !== 5 || !Object.keys(TASKS).includes(task)) {
    process.stderr.write("usage: tasks fibonacci|trees|arrays|strings SIZE ITERATIONS\n");
    process.exitCode = 2;
} else {
    const start = cpuMilliseconds();
    const sum = TASKS[task](Number(size), Number(iterations));
    console.log(`checksum = ${sum}\nCPU time = ${(cpuMilliseconds() - start).toFixed(3)} ms`);
}
