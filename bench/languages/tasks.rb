# SPDX-License-Identifier: MIT
# The four tasks of README.md in Ruby.
#
# usage: tasks.rb TASK SIZE ITERATIONS

MODULUS = 139_968
FOLD = 1_000_003
VALUES = 10_000
LETTERS = 26
LONGEST_WORD = 48
ALPHABET = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"

$state = 42

# Returns a number from 0 to limit - 1.
def next_number(limit)
  $state = ($state * 3877 + 29_573) % MODULUS
  $state * limit / MODULUS
end

def fold(sum, value)
  (sum * 31 + value) % FOLD
end

def fibonacci(n)
  n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2)
end

def run_fibonacci(size, iterations)
  sum = 0
  iterations.times { sum = fold(sum, fibonacci(size)) }
  sum
end

class Node
  attr_reader :value
  attr_accessor :left, :right

  def initialize(value)
    @value = value
    @left = nil
    @right = nil
  end
end

def build(depth)
  tree = Node.new(next_number(VALUES))
  if depth > 0
    tree.left = build(depth - 1)
    tree.right = build(depth - 1)
  end
  tree
end

def check(tree)
  return tree.value if tree.left.nil?

  (tree.value + 2 * check(tree.left) + 3 * check(tree.right)) % FOLD
end

def run_trees(size, iterations)
  sum = 0
  lasting = build(size)
  iterations.times { sum = fold(sum, check(build(size))) }
  fold(sum, check(lasting))
end

def run_arrays(size, iterations)
  sum = 0
  iterations.times do |i|
    array = []
    (1 + next_number(size)).times { array << next_number(VALUES) }
    sum = array.map { |value| value * 3 + i }.select(&:even?).reduce(sum) { |total, value| fold(total, value) }
  end
  sum
end

def run_strings(size, iterations)
  sum = 0
  iterations.times do
    text = +""
    size.times do |word|
      text << " " if word > 0
      start = next_number(LETTERS)
      length = 1 + next_number(LONGEST_WORD)
      text << ALPHABET[start, length]
    end
    text.split(" ").each do |word|
      sum = fold(sum, word.length)
      sum = fold(sum, word.ord)
    end
  end
  sum
end

def cpu_milliseconds
  Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID, :float_millisecond)
end

TASKS = %w[fibonacci trees arrays strings].freeze

if ARGV.length != 3 || !TASKS.include?(ARGV[0])
  warn "usage: tasks fibonacci|trees|arrays|strings SIZE ITERATIONS"
  exit 2
end
start = cpu_milliseconds
sum = send("run_#{ARGV[0]}", Integer(ARGV[1]), Integer(ARGV[2]))
puts format("checksum = %d\nCPU time = %.3f ms", sum, cpu_milliseconds - start)
