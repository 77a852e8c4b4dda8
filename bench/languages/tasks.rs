// SPDX-License-Identifier: MIT
//! The four tasks of README.md in Rust, without crates.
//!
//! usage: tasks TASK SIZE ITERATIONS
use std::env;
use std::os::raw::{c_int, c_long};
use std::process::exit;

const MODULUS: i64 = 139968;
const FOLD: i64 = 1000003;
const VALUES: i64 = 10000;
const LETTERS: i64 = 26;
const LONGEST_WORD: i64 = 48;
const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";

struct Random(i64);

impl Random {
    /// Returns a number from 0 to limit - 1.
    fn next(&mut self, limit: i64) -> i64 {
        self.0 = (self.0 * 3877 + 29573) % MODULUS;
        self.0 * limit / MODULUS
    }
}

fn fold(sum: i64, value: i64) -> i64 {
    (sum * 31 + value) % FOLD
}

fn fibonacci(n: i64) -> i64 {
    if n < 2 {
        n
    } else {
        fibonacci(n - 1) + fibonacci(n - 2)
    }
}

fn run_fibonacci(size: i64, iterations: i64, _: &mut Random) -> i64 {
    (0..iterations).fold(0, |sum, _| fold(sum, fibonacci(size)))
}

struct Node {
    value: i64,
    children: Option<(Box<Node>, Box<Node>)>,
}

fn build(depth: i64, random: &mut Random) -> Box<Node> {
    let value = random.next(VALUES);
    let children = if depth > 0 {
        let left = build(depth - 1, random);
        let right = build(depth - 1, random);
        Some((left, right))
    } else {
        None
    };
    Box::new(Node { value, children })
}

fn check(tree: &Node) -> i64 {
    match &tree.children {
        Some((left, right)) => (tree.value + 2 * check(left) + 3 * check(right)) % FOLD,
        None => tree.value,
    }
}

fn run_trees(size: i64, iterations: i64, random: &mut Random) -> i64 {
    let lasting = build(size, random);
    let mut sum = 0;
    for _ in 0..iterations {
        sum = fold(sum, check(&build(size, random)));
    }
    fold(sum, check(&lasting))
}

fn run_arrays(size: i64, iterations: i64, random: &mut Random) -> i64 {
    let mut sum = 0;
    for i in 0..iterations {
        let mut array = Vec::new();
        for _ in 0..1 + random.next(size) {
            array.push(random.next(VALUES));
        }
        let mapped: Vec<i64> = array.iter().map(|value| value * 3 + i).collect();
        let filtered: Vec<i64> = mapped.iter().copied().filter(|value| value % 2 == 0).collect();
        sum = filtered.iter().fold(sum, |sum, &value| fold(sum, value));
    }
    sum
}

fn run_strings(size: i64, iterations: i64, random: &mut Random) -> i64 {
    let mut sum = 0;
    for _ in 0..iterations {
        let mut text = String::new();
        for word in 0..size {
            if word > 0 {
                text.push(' ');
            }
            let start = random.next(LETTERS) as usize;
            let length = 1 + random.next(LONGEST_WORD) as usize;
            text.push_str(&ALPHABET[start..start + length]);
        }
        let words: Vec<String> = text.split(' ').map(str::to_string).collect();
        for word in &words {
            sum = fold(sum, word.len() as i64);
            sum = fold(sum, i64::from(word.as_bytes()[0]));
        }
    }
    sum
}

#[repr(C)]
struct Timespec {
    seconds: c_long,
    nanoseconds: c_long,
}

extern "C" {
    fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int;
}

fn cpu_milliseconds() -> f64 {
    const CLOCK_PROCESS_CPUTIME_ID: c_int = 2; // on Linux
    let mut now = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: the pointer is to a live object with the layout of the C library's.
    unsafe { clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.seconds as f64 * 1e3 + now.nanoseconds as f64 / 1e6
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let [_, task, size, iterations] = arguments.as_slice() {
        let run: Option<fn(i64, i64, &mut Random) -> i64> = match task.as_str() {
            "fibonacci" => Some(run_fibonacci),
            "trees" => Some(run_trees),
            "arrays" => Some(run_arrays),
            "strings" => Some(run_strings),
            _ => None,
        };
        if let (Some(run), Ok(size), Ok(iterations)) = (run, size.parse(), iterations.parse()) {
            let start = cpu_milliseconds();
            let sum = run(size, iterations, &mut Random(42));
            println!("checksum = {}\nCPU time = {:.3} ms", sum, cpu_milliseconds() - start);
            return;
        }
    }
    eprintln!("usage: tasks fibonacci|trees|arrays|strings SIZE ITERATIONS");
    exit(2);
}
