// SPDX-License-Identifier: MIT
// Reads a document into a tree of small nodes, makes an index of it, and drops the tree. The index has one
// entry for every 60 nodes, but entries and nodes lie in the same slabs, as they were asked for in turn: what
// is left of each slab keeps all of it.
//
// usage: fragmenting [wait]     with "wait" it waits with the index until the standard input ends
#include <cstring>
#include <memory>
#include <unistd.h>
#include <vector>

struct Node {
    char text[200];
};
struct Entry {
    char key[200];
};

std::unique_ptr<Node> parse_node(int number) {
    auto node = std::make_unique<Node>();
    std::memset(node->text, 'a' + number % 26, sizeof node->text);
    return node;
}

std::unique_ptr<Entry> index_entry(const Node& node) {
    auto entry = std::make_unique<Entry>();
    std::memcpy(entry->key, node.text, sizeof entry->key);
    return entry;
}

std::vector<std::unique_ptr<Entry>> read_document() {
    std::vector<std::unique_ptr<Node>> tree;
    std::vector<std::unique_ptr<Entry>> index;
    for (int number = 0; number < 300'000; ++number) {
        tree.push_back(parse_node(number));
        if (number % 60 == 0) {
            index.push_back(index_entry(*tree.back()));
        }
    }
    return index;
}

int main(int count, char** arguments) {
    const auto& index = *new auto(read_document()); // kept until the process ends
    if (count > 1 && std::strcmp(arguments[1], "wait") == 0) {
        char line = 0;
        if (write(STDOUT_FILENO, "ready\n", 6) != 6 || read(STDIN_FILENO, &line, 1) < 0) {
            return 1;
        }
    }
    return index.empty() ? 1 : 0;
}
