// SPDX-License-Identifier: MIT
#include "document/bash_completion.h"
#include "document/fish_completion.h"
#include "document/footer.h"
#include "document/help.h"
#include "document/man_page.h"
#include "document/option_facts.h"
#include "document/zsh_completion.h"

#include <CLI/CLI.hpp>
#include <catch2/catch.hpp>

using namespace ashlar::document;

namespace {

struct Declared {
    CLI::App app{"Try things", "tool"};
    CLI::App* command = app.add_subcommand("try", "Try one thing");
    std::vector<int> counts{1, 2};
    std::string name;
    std::string kind;
    bool flag = false;
    std::vector<std::string> words;

    Declared() {
        command->footer("Some \\ text.\n.dot\n\nExamples:\n  tool try -n x\n\nExit status: 0, or 1.");
        command->add_option("-n,--name", name, "Its name")->type_name("NAME");
        command->add_option("--counts", counts, "How many")
            ->delimiter(',')
            ->check(CLI::Range(1, 9))
            ->capture_default_str();
        command->add_option("--kind", kind, "Which")
            ->check(CLI::IsMember(std::vector<std::string>{"red", "blue"}));
        command->add_flag("--flag", flag, "Whether");
        command->add_option("--from", name, "Where from")->type_name("FILE");
        command->add_option("--conf", name, "How: settings")->type_name("SETTINGS");
        command->add_option("words", words, "What else")->required();
        command->add_option("--secret", name, "Nobody's business")->group("");
        app.add_subcommand("hidden", "Not for people")->group("");
    }
};

const OptionFacts& named(const std::vector<OptionFacts>& options, const std::string& name) {
    const auto found = std::find_if(options.begin(), options.end(),
                                    [&](const OptionFacts& option) { return option.names.back() == name; });
    REQUIRE(found != options.end());
    return *found;
}

} // namespace

TEST_CASE("document: a footer's paragraphs") {
    const auto parts = parse_footer("\nFirst: not a title, because of `this`\n\n\nExamples:\n  a: b\n\n"
                                    "Exit status: 0.\n1 if not.\n");
    REQUIRE(parts.size() == 3);
    CHECK(parts[0].title == "First");
    CHECK_FALSE(parts[0].is_verbatim);
    CHECK(parts[1].title == "Examples");
    CHECK(parts[1].is_verbatim);
    CHECK(parts[1].body == "  a: b");
    CHECK(parts[2].title == "Exit status");
    CHECK(parts[2].body == "0.\n1 if not.");
    CHECK(parse_footer("lower: no title")[0].title.empty());
    CHECK(parse_footer("A name with-hyphen: no title")[0].title.empty());
    CHECK(parse_footer("").empty());
}

TEST_CASE("document: what is known of options") {
    const Declared declared;
    const auto options = options_of(*declared.command);
    CHECK(named(options, "--name").names == std::vector<std::string>{"-n", "--name"});
    CHECK(named(options, "--name").value == "NAME");
    CHECK(named(options, "--counts").limits == "1 to 9");
    CHECK(named(options, "--counts").usual == "1,2");
    CHECK(named(options, "--counts").is_list);
    CHECK_FALSE(named(options, "--counts").is_path);
    CHECK(named(options, "--from").is_path);
    CHECK(named(options, "--conf").words == kSettings);
    CHECK(named(options, "--name").words.empty());
    CHECK(named(options, "--kind").choices.size() == 2);
    CHECK(named(options, "--flag").value.empty());
    CHECK(named(options, "words").is_positional);
    CHECK(named(options, "words").is_required);
    CHECK(std::none_of(options.begin(), options.end(),
                       [](const OptionFacts& option) { return option.names.back() == "--secret"; }));
    CHECK(commands_of(declared.app).size() == 1);
}

TEST_CASE("document: a manual page says what is declared, and nothing in it is a request by accident") {
    const Declared declared;
    const std::string page = man_page(declared.app, *declared.command);
    for (const char* const part :
         {".TH \"TOOL\\-TRY\" \"1\"", "\\fB\\-n\\fR, \\fB\\-\\-name\\fR \\fINAME\\fR", "Some \\e text.",
          "\\&.dot", ".SH \"EXIT STATUS\"\n0, or 1.", "Default: 1,2.", "Must be: 1 to 9."}) {
        INFO(part);
        CHECK(page.find(part) != std::string::npos);
    }
    CHECK(page.find("secret") == std::string::npos);
    CHECK(man_page(declared.app).find("hidden") == std::string::npos);
}

TEST_CASE("document: completion knows commands, options and choices") {
    const Declared declared;
    const std::string script = bash_completion(declared.app);
    for (const char* const part :
         {"complete -o default -F _ashlar tool", "    try)\n",
          "-n --name --counts --kind --flag --from --conf", "--kind) _ashlar_offer 'red blue' one"}) {
        INFO(part);
        CHECK(script.find(part) != std::string::npos);
    }
    CHECK(script.find("hidden") == std::string::npos);
}

TEST_CASE("document: the other shells' completion knows them, too") {
    const Declared declared;
    const std::string fish = fish_completion(declared.app);
    for (const char* const part :
         {"-n '__ashlar_in try' -s n -l name -x -d 'Its name'", "-l kind -x -a 'red blue'",
          "-l flag -d 'Whether'", "-l from -r -F -d", "-l conf -x -a '(__ashlar_list settings)' -d 'How'"}) {
        INFO(part);
        CHECK(fish.find(part) != std::string::npos);
    }
    const std::string zsh = zsh_completion(declared.app);
    for (const char* const part : {"'(-n --name)'{-n+,--name=}'[Its name]:NAME: '", "--kind='[Which]:",
                                   ":(red blue)'", "--flag'[Whether]'", "--from='[Where from]:FILE:_files'",
                                   "--conf='[How\\: settings]:SETTINGS:_ashlar_words settings list'"}) {
        INFO(part);
        CHECK(zsh.find(part) != std::string::npos);
    }
    CHECK((fish + zsh).find("hidden") == std::string::npos);
}

TEST_CASE("document: help fits its columns") {
    const Declared declared;
    const std::string text = help_text(*declared.command, 80);
    for (const char* const part :
         {"Try one thing\n\nUsage: tool try [OPTION]... WORDS...\n", "\nArguments:\n  WORDS...",
          "\nOptions:\n", "  -n, --name NAME         Its name\n", "[1 to 9; default: 1,2]",
          "[one of red, blue]", "\nExamples:\n  tool try -n x\n"}) {
        INFO(part);
        CHECK(text.find(part) != std::string::npos);
    }
    CHECK(help_text(declared.app, 80).find("\nCommands:\n  try                     Try one thing\n") !=
          std::string::npos);
    CHECK(help_text(*declared.command, 60).find("  -n, --name NAME\n      Its name\n") != std::string::npos);
}
