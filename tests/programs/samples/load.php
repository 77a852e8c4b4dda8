<?php
// SPDX-License-Identifier: MIT
// Work for PHP that allocates in many ways and prints what does not depend on time or place.
declare(strict_types=1);

mt_srand(1);

function tables(): string {
    $table = [];
    for ($i = 0; $i < 200000; $i++) {
        $key = "key" . mt_rand(0, 5000);
        $table[$key][] = $i;
        if ($i % 7 === 0) unset($table["key" . mt_rand(0, 5000)]);
    }
    ksort($table);
    return count($table) . " " . md5(serialize($table));
}

function texts(): string {
    $text = "";
    for ($i = 0; $i < 50000; $i++) $text .= str_repeat(chr(97 + $i % 26), $i % 40) . " ";
    $words = preg_split('/\s+/', preg_replace_callback('/(a+)|(z+)/', fn($m) => strtoupper($m[0]), $text));
    return count($words) . " " . md5(implode(",", array_unique($words)));
}

class Node {
    public array $others = [];
    public function __construct(public int $number) {}
}

function cycles(): string {
    $collected = 0;
    for ($round = 0; $round < 50; $round++) {
        $nodes = [];
        for ($i = 0; $i < 1000; $i++) $nodes[] = new Node($i);
        foreach ($nodes as $i => $node) $node->others = [$nodes[($i * 7) % 1000], $nodes[($i * 13) % 1000]];
        unset($nodes, $node);
        $collected += gc_collect_cycles();
    }
    return (string) $collected;
}

function numbers(int $count): Generator {
    for ($i = 0; $i < $count; $i++) yield $i => ["number" => $i, "name" => "n$i", "part" => $i / 8];
}

function documents(): string {
    $json = json_encode(iterator_to_array(numbers(30000)));
    return strlen($json) . " " . md5(var_export(json_decode($json, true), true));
}

foreach (["tables", "texts", "cycles", "documents"] as $part) echo $part, ": ", $part(), "\n";
