-- SPDX-License-Identifier: MIT
-- The four tasks of README.md in Lua 5.1 to 5.4, hence without the operator //.
--
-- usage: tasks.lua TASK SIZE ITERATIONS

local MODULUS = 139968
local FOLD = 1000003
local VALUES = 10000
local LETTERS = 26
local LONGEST_WORD = 48
local ALPHABET = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"

local floor = math.floor
local state = 42

-- Returns a number from 0 to limit - 1.
local function next_number(limit)
    state = (state * 3877 + 29573) % MODULUS
    return floor(state * limit / MODULUS)
end

local function fold(sum, value)
    return (sum * 31 + value) % FOLD
end

local function fibonacci(n)
    if n < 2 then
        return n
    end
    return fibonacci(n - 1) + fibonacci(n - 2)
end

local function run_fibonacci(size, iterations)
    local sum = 0
    for _ = 1, iterations do
        sum = fold(sum, fibonacci(size))
    end
    return sum
end

local function build(depth)
    local tree = {value = next_number(VALUES)}
    if depth > 0 then
        tree.left = build(depth - 1)
        tree.right = build(depth - 1)
    end
    return tree
end

local function check(tree)
    if tree.left == nil then
        return tree.value
    end
    return (tree.value + 2 * check(tree.left) + 3 * check(tree.right)) % FOLD
end

local function run_trees(size, iterations)
    local sum = 0
    local lasting = build(size)
    for _ = 1, iterations do
        sum = fold(sum, check(build(size)))
    end
    return fold(sum, check(lasting))
end

local function map(from, addend)
    local result = {}
    for i, value in ipairs(from) do
        result[i] = value * 3 + addend
    end
    return result
end

local function filter(from)
    local result = {}
    for _, value in ipairs(from) do
        if value % 2 == 0 then
            result[#result + 1] = value
        end
    end
    return result
end

local function reduce(from, sum)
    for _, value in ipairs(from) do
        sum = fold(sum, value)
    end
    return sum
end

local function run_arrays(size, iterations)
    local sum = 0
    for i = 0, iterations - 1 do
        local array = {}
        for place = 1, 1 + next_number(size) do
            array[place] = next_number(VALUES)
        end
        sum = reduce(filter(map(array, i)), sum)
    end
    return sum
end

local function split(text)
    local words = {}
    for word in text:gmatch("[^ ]+") do
        words[#words + 1] = word
    end
    return words
end

local function run_strings(size, iterations)
    local sum = 0
    for _ = 1, iterations do
        local parts = {}
        for word = 1, size do
            local start = next_number(LETTERS)
            local length = 1 + next_number(LONGEST_WORD)
            parts[word] = ALPHABET:sub(start + 1, start + length)
        end
        for _, word in ipairs(split(table.concat(parts, " "))) do
            sum = fold(sum, #word)
            sum = fold(sum, word:byte(1))
        end
    end
    return sum
end

local tasks = {fibonacci = run_fibonacci, trees = run_trees, arrays = run_arrays, strings = run_strings}

local run = #arg == 3 and tasks[arg[1]]
if not run then
    io.stderr:write("usage: tasks fibonacci|trees|arrays|strings SIZE ITERATIONS\n")
    os.exit(2)
end
local start = os.clock()
local sum = run(floor(tonumber(arg[2])), floor(tonumber(arg[3])))
print(string.format("checksum = %d\nCPU time = %.3f ms", sum, (os.clock() - start) * 1e3))
