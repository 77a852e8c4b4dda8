# SPDX-License-Identifier: MIT
# Work for Ruby that allocates in many ways and prints what does not depend on time or place.
require "digest"
require "json"
require "zlib"

CHANCE = Random.new(1)

def tables
  table = Hash.new { |hash, key| hash[key] = [] }
  200_000.times do |i|
    table["key#{CHANCE.rand(5000)}"] << i.to_s
    table.delete("key#{CHANCE.rand(5000)}") if (i % 7).zero?
  end
  [table.size, Digest::SHA256.hexdigest(Marshal.dump(table.sort.to_a))]
end

def texts
  words = Array.new(50_000) { |i| (97 + i % 26).chr * (i % 40) }
  text = words.join(" ").gsub(/a+|z+/, &:upcase)
  [text.size, text.split.tally.size, Zlib.crc32(Zlib::Inflate.inflate(Zlib::Deflate.deflate(text)))]
end

def in_threads
  queue = Thread::Queue.new
  threads = Array.new(8) do |number|
    Thread.new { 2000.times { |i| queue << ("#{number}-#{i} " * (i % 30)).hash.class.name } }
  end
  threads.each(&:join)
  [queue.size, queue.pop]
end

def documents
  json = JSON.generate(Array.new(30_000) { |i| { "number" => i, "name" => "n#{i}", "part" => i / 8.0 } })
  [json.size, Digest::SHA256.hexdigest(JSON.parse(json).inspect)]
end

def collected
  kept = []
  20.times do |round|
    garbage = Array.new(20_000) { |i| "text #{i} " * (i % 20) }
    kept << garbage[round]
    GC.start
  end
  GC.compact if GC.respond_to?(:compact)
  kept.map(&:size)
end

def children
  Array.new(5) do |number|
    IO.popen("-") do |pipe|
      next pipe.read if pipe
      print Array.new(10_000) { |i| "#{number} #{i}" }.join.size
    end
  end
end

%i[tables texts in_threads documents collected children].each { |part| puts "#{part}: #{send(part).inspect}" }
