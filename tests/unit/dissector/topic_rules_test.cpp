// SPDX-License-Identifier: BSD-3-Clause
//
// Names of pre-defined topic ids: which rule counts, and what is read from a gateway's configuration.
#include "dissector/topic_rules.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "support/cmocka.hpp"

namespace {

using mqttsnx::Endpoint;
using mqttsnx::glob_matches;
using mqttsnx::TopicNames;
using mqttsnx::TopicRule;
using mqttsnx::TopicRules;

Endpoint gateway(std::uint8_t last) {
    Endpoint made;
    made.kind = 2;
    made.size = 4;
    made.port = 1883;
    made.octets = {10, 0, 0, last};
    return made;
}

TopicRule rule(const char* client, std::uint16_t id, const char* topic) {
    TopicRule made;
    made.client = client;
    made.id = id;
    made.topic = topic;
    return made;
}

TopicRule rule_of(std::uint8_t last, const char* client, std::uint16_t id, const char* topic) {
    TopicRule made = rule(client, id, topic);
    made.any_gateway = false;
    made.gateway = gateway(last);
    made.gateway.port = 0;
    return made;
}

std::string found(const TopicRules& rules, std::uint8_t at, std::string_view client, std::uint16_t id) {
    const TopicRule* best = rules.find(gateway(at), client, id);
    return best == nullptr ? "" : best->topic;
}

// SN12-78
void the_most_specific_rule_counts(void** /*state*/) {
    TopicRules rules(TopicRules::Order::most_specific);
    rules.add(rule("*", 1, "any"));
    rules.add(rule("dev*", 1, "pattern"));
    rules.add(rule("dev1", 1, "client"));
    rules.add(rule_of(9, "*", 1, "gateway"));
    rules.add(rule_of(9, "dev1", 1, "gateway and client"));
    rules.add(rule("*", 1, "any, later"));
    assert_string_equal(found(rules, 1, "x", 1).c_str(), "any");
    assert_string_equal(found(rules, 1, "", 1).c_str(), "any");
    assert_string_equal(found(rules, 1, "dev2", 1).c_str(), "pattern");
    assert_string_equal(found(rules, 1, "dev1", 1).c_str(), "client");
    assert_string_equal(found(rules, 9, "dev2", 1).c_str(), "gateway");
    assert_string_equal(found(rules, 9, "dev1", 1).c_str(), "gateway and client");
    assert_string_equal(found(rules, 9, "dev1", 2).c_str(), "");
    rules.clear();
    assert_string_equal(found(rules, 9, "dev1", 1).c_str(), "");
}

// SN12-78
void of_a_gateways_rules_the_first_counts(void** /*state*/) {
    TopicRules rules(TopicRules::Order::first);
    rules.add(rule("dev*", 1, "pattern"));
    rules.add(rule("dev1", 1, "client"));
    rules.add(rule("?", 2, "one character"));
    assert_string_equal(found(rules, 1, "dev1", 1).c_str(), "pattern");
    assert_string_equal(found(rules, 1, "", 1).c_str(), "");
    assert_string_equal(found(rules, 1, "\xc3\xa9", 2).c_str(), "one character");
    assert_string_equal(found(rules, 1, "ab", 2).c_str(), "");
}

void globs_match_whole_texts(void** /*state*/) {
    const struct {
        const char* pattern;
        const char* text;
        bool matches;
    } rows[] = {
        {"", "", true},           {"", "a", false},          {"*", "", true},      {"*", "abc", true},
        {"a*", "abc", true},      {"*c", "abc", true},       {"a*c", "abc", true}, {"a*c", "abcd", false},
        {"a*b*c", "axbxc", true}, {"a*b*c", "axcxb", false}, {"?", "", false},     {"??", "ab", true},
        {"a?c", "abc", true},     {"a?c", "ac", false},      {"**", "a", true},    {"abc", "ab", false},
        {"*ab", "aab", true},     {"[a]", "a", false},
    };
    for (const auto& row : rows) {
        assert_int_equal(glob_matches(row.pattern, row.text), row.matches);
    }
}

void a_pattern_of_many_stars_ends(void** /*state*/) {
    const std::string text(5000, 'a');
    std::string pattern;
    for (int i = 0; i < 100; ++i) {
        pattern += "*a";
    }
    assert_false(glob_matches(pattern + "b", text));
    assert_true(glob_matches(pattern, text));
}

void templates_are_filled_and_names_stay(void** /*state*/) {
    TopicNames names;
    TopicRule made = rule("*", 1, "{gateway_id}/{client_id}/{client_id}/{other}");
    made.gateway_id = 7;
    const std::string_view first = names.name_of(made, "dev1");
    assert_string_equal(std::string(first).c_str(), "7/dev1/dev1/{other}");
    for (int i = 0; i < 1000; ++i) {
        names.name_of(made, "dev" + std::to_string(i));
    }
    assert_string_equal(std::string(first).c_str(), "7/dev1/dev1/{other}");
    assert_ptr_equal(names.name_of(made, "dev1").data(), first.data());
    assert_true(names.name_of(made, "").empty());
}

// SN12-25, SN12-37
void what_cannot_be_a_rule_is_told(void** /*state*/) {
    assert_string_equal(mqttsnx::topic_rule_problem(1, "a/b").c_str(), "");
    assert_string_equal(mqttsnx::topic_rule_problem(0, "a").c_str(),
                        "expected a topic id from 1 to 65534, got 0");
    assert_string_equal(mqttsnx::topic_rule_problem(65535, "a").c_str(),
                        "expected a topic id from 1 to 65534, got 65535");
    assert_string_equal(mqttsnx::topic_rule_problem(1, "").c_str(),
                        "expected a topic name of 1 to 65535 octets");
    assert_string_equal(mqttsnx::topic_rule_problem(1, "a/#").c_str(),
                        "expected a topic name without '+' and '#', got \"a/#\"");
    assert_string_equal(mqttsnx::topic_rule_problem(1, "\xff").c_str(), "expected a topic name in UTF-8");
}

/// A file with this text, gone at the end of the test.
class File {
  public:
    explicit File(const char* text) {
        const int descriptor = mkstemp(path_);
        if (descriptor < 0 || write(descriptor, text, std::string_view(text).size()) < 0) {
            std::abort();
        }
        close(descriptor);
    }
    ~File() { unlink(path_); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    const char* path() const { return path_; }

  private:
    char path_[32] = "/tmp/dormouse-rules-XXXXXX";
};

/// What is wrong with a configuration of this text. No assert in here: it would jump over the file's end.
std::string problem_of(const char* text, TopicRules& rules) {
    const File file(text);
    return mqttsnx::read_gateway_config(file.path(), rules);
}

void a_gateways_topics_are_read(void** /*state*/) {
    if (!mqttsnx::can_read_gateway_config()) {
        _skip(__FILE__, __LINE__);
    }
    TopicRules rules(TopicRules::Order::first);
    const std::string problem = problem_of(
        "[gateway]\nid = 9\n[broker]\nurl = \"mqtt://x\"\n"
        "[[predefined_topic]]\nid = 1\ntopic = \"t/{gateway_id}\"\n"
        "[[predefined_topic]]\nid = 65534\ntopic = \"last\"\nclient = \"meter-*\"\n",
        rules);
    assert_string_equal(problem.c_str(), "");
    const TopicRule* first = rules.find(gateway(1), "dev1", 1);
    assert_non_null(first);
    TopicNames names;
    assert_string_equal(std::string(names.name_of(*first, "dev1")).c_str(), "t/9");
    assert_string_equal(found(rules, 1, "meter-1", 65534).c_str(), "last");
    assert_string_equal(found(rules, 1, "dev1", 65534).c_str(), "");
}

void a_bad_configuration_is_told_with_its_line_and_what_is_good_counts(void** /*state*/) {
    if (!mqttsnx::can_read_gateway_config()) {
        _skip(__FILE__, __LINE__);
    }
    const struct {
        const char* text;
        const char* problem;
        const char* topic;
    } rows[] = {
        {"[[predefined_topic]]\nid = 1\ntopic = \"good\"\n[[predefined_topic]]\nid = 0\ntopic = \"t\"\n",
         "line 4: expected a topic id from 1 to 65534, got 0 (1 of 2 entries left out, the others count)",
         "good"},
        {"[[predefined_topic]]\nid = 0\ntopic = \"t\"\n[[predefined_topic]]\nid = 1\ntopic = \"good\"\n",
         "line 1: expected a topic id from 1 to 65534, got 0 (1 of 2 entries left out, the others count)",
         "good"},
        {"[[predefined_topic]]\nid = 1\ntopic = \"good\"\n[[predefined_topic]]\nid = 1\ntopic = \"t\"\n",
         "line 4: id 1 for client \"*\" is given twice; the first is in line 1 (1 of 2 entries left out, the "
         "others count)",
         "good"},
        {"[[predefined_topic]]\nid = 1\ntopic = \"good\"\n[[predefined_topic]]\nid = 1\ntopic = "
         "\"t\"\nclient = \"x\"\n",
         "", "good"},
        {"\n[[predefined_topic]]\nid = 70000\ntopic = \"t\"\n",
         "line 2: expected a topic id from 1 to 65534, got 70000", ""},
        {"[[predefined_topic]]\nid = \"1\"\ntopic = \"t\"\n",
         "line 1: expected id = NUMBER and topic = \"NAME\" in [[predefined_topic]]", ""},
        {"[[predefined_topic]]\nid = 1\n",
         "line 1: expected id = NUMBER and topic = \"NAME\" in [[predefined_topic]]", ""},
        {"[[predefined_topic]]\nid = 1\ntopic = \"a/+\"\n",
         "line 1: expected a topic name without '+' and '#', got \"a/+\"", ""},
        {"[[predefined_topic]]\nid = 1\ntopic = \"t\"\nclient = 5\n",
         "line 4: expected a client id or a pattern like \"meter-*\"", ""},
        {"predefined_topic = [1]\n", "line 1: expected [[predefined_topic]]", ""},
        {"[predefined_topic]\nid = 1\ntopic = \"t\"\n",
         "line 1: expected [[predefined_topic]], with two brackets", ""},
        {"[gateway]\nid = 1\n", "there is no [[predefined_topic]] in it", ""},
    };
    for (const auto& row : rows) {
        TopicRules rules(TopicRules::Order::first);
        assert_string_equal(problem_of(row.text, rules).c_str(), row.problem);
        assert_string_equal(found(rules, 1, "dev1", 1).c_str(), row.topic);
    }
}

void what_is_no_configuration_does_no_harm(void** /*state*/) {
    if (!mqttsnx::can_read_gateway_config()) {
        _skip(__FILE__, __LINE__);
    }
    TopicRules rules(TopicRules::Order::first);
    assert_true(problem_of("[[predefined_topic]]\nid = \n", rules).starts_with("line 2, column "));
    assert_false(problem_of("\xff\xfe binary", rules).empty());
    assert_false(problem_of("", rules).empty());
    assert_string_equal(mqttsnx::read_gateway_config("/nowhere/gateway.toml", rules).c_str(),
                        "cannot be read: No such file or directory");
    assert_string_equal(mqttsnx::read_gateway_config("/tmp", rules).c_str(), "not a file");
    const File secret("");
    if (geteuid() != 0 && chmod(secret.path(), 0) == 0) {  // root reads it all the same
        assert_string_equal(mqttsnx::read_gateway_config(secret.path(), rules).c_str(),
                            "cannot be read: Permission denied");
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_most_specific_rule_counts),
        cmocka_unit_test(of_a_gateways_rules_the_first_counts),
        cmocka_unit_test(globs_match_whole_texts),
        cmocka_unit_test(a_pattern_of_many_stars_ends),
        cmocka_unit_test(templates_are_filled_and_names_stay),
        cmocka_unit_test(what_cannot_be_a_rule_is_told),
        cmocka_unit_test(a_gateways_topics_are_read),
        cmocka_unit_test(a_bad_configuration_is_told_with_its_line_and_what_is_good_counts),
        cmocka_unit_test(what_is_no_configuration_does_no_harm),
    };
    return cmocka_run_group_tests_name("unit.dissector.topic_rules", tests, nullptr, nullptr);
}
