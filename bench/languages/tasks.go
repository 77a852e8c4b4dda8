// SPDX-License-Identifier: MIT

// The four tasks of README.md in Go.
//
// usage: tasks TASK SIZE ITERATIONS
package main

// Makes the program dynamic, so that a preloaded library is loaded into it. No C function is called. A
// comment right above this import would be C code.

import "C"

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

const (
	modulus     = 139968
	foldModulus = 1000003
	values      = 10000
	letters     = 26
	longestWord = 48
	alphabet    = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
)

var state = 42

// Returns a number from 0 to limit - 1.
func next(limit int) int {
	state = (state*3877 + 29573) % modulus
	return state * limit / modulus
}

func fold(sum, value int) int {
	return (sum*31 + value) % foldModulus
}

func fibonacci(n int) int {
	if n < 2 {
		return n
	}
	return fibonacci(n-1) + fibonacci(n-2)
}

func runFibonacci(size, iterations int) int {
	sum := 0
	for i := 0; i < iterations; i++ {
		sum = fold(sum, fibonacci(size))
	}
	return sum
}

type node struct {
	value       int
	left, right *node
}

func build(depth int) *node {
	tree := &node{value: next(values)}
	if depth > 0 {
		tree.left = build(depth - 1)
		tree.right = build(depth - 1)
	}
	return tree
}

func check(tree *node) int {
	if tree.left == nil {
		return tree.value
	}
	return (tree.value + 2*check(tree.left) + 3*check(tree.right)) % foldModulus
}

func runTrees(size, iterations int) int {
	sum := 0
	lasting := build(size)
	for i := 0; i < iterations; i++ {
		sum = fold(sum, check(build(size)))
	}
	return fold(sum, check(lasting))
}

func mapped(from []int, addend int) []int {
	result := make([]int, len(from))
	for i, value := range from {
		result[i] = value*3 + addend
	}
	return result
}

func filtered(from []int) []int {
	var result []int
	for _, value := range from {
		if value%2 == 0 {
			result = append(result, value)
		}
	}
	return result
}

func reduced(from []int, sum int) int {
	for _, value := range from {
		sum = fold(sum, value)
	}
	return sum
}

func runArrays(size, iterations int) int {
	sum := 0
	for i := 0; i < iterations; i++ {
		var array []int
		for left := 1 + next(size); left > 0; left-- {
			array = append(array, next(values))
		}
		sum = reduced(filtered(mapped(array, i)), sum)
	}
	return sum
}

func runStrings(size, iterations int) int {
	sum := 0
	for i := 0; i < iterations; i++ {
		var text strings.Builder
		for word := 0; word < size; word++ {
			if word > 0 {
				text.WriteByte(' ')
			}
			start := next(letters)
			length := 1 + next(longestWord)
			text.WriteString(alphabet[start : start+length])
		}
		for _, word := range strings.Split(text.String(), " ") {
			sum = fold(sum, len(word))
			sum = fold(sum, int(word[0]))
		}
	}
	return sum
}

// Returns the user and system time, like CLOCK_PROCESS_CPUTIME_ID.
func cpuMilliseconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e6
}

func main() {
	tasks := map[string]func(size, iterations int) int{
		"fibonacci": runFibonacci, "trees": runTrees, "arrays": runArrays, "strings": runStrings}
	if len(os.Args) == 4 {
		run, known := tasks[os.Args[1]]
		size, noSize := strconv.Atoi(os.Args[2])
		iterations, noIterations := strconv.Atoi(os.Args[3])
		if known && noSize == nil && noIterations == nil {
			start := cpuMilliseconds()
			sum := run(size, iterations)
			fmt.Printf("checksum = %d\nCPU time = %.3f ms\n", sum, cpuMilliseconds()-start)
			return
		}
	}
	fmt.Fprintln(os.Stderr, "usage: tasks fibonacci|trees|arrays|strings SIZE ITERATIONS")
	os.Exit(2)
}
