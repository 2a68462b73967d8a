// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/predefined_topics.hpp"

#include <string>

#include "support/cmocka.hpp"
#include "support/hex.hpp"

using mqttsn::Bytes;
using mqttsn::gateway::expand_template;
using mqttsn::gateway::PredefinedTopics;
using test::str;
using test::view;

namespace {

std::string expand(const std::string& text, std::string_view client_id) {
    std::string out = "left from before";
    return expand_template(text, client_id.empty() ? Bytes{} : view(client_id), 7, out) ? out : "(no)";
}

void templates_hold_client_and_gateway_id(void**) {
    assert_true(expand("a/{client_id}/b", "d1") == "a/d1/b");
    assert_true(expand("{client_id}{client_id}", "d1") == "d1d1");
    assert_true(expand("gw/{gateway_id}", "d1") == "gw/7");
    assert_true(expand("gw/{gateway_id}", "") == "gw/7");
    assert_true(expand("", "d1").empty());
    assert_true(expand("{other}{", "d1") == "{other}{");
}

// What a client id holds is text, never a template again.
void client_id_is_not_expanded_itself(void**) {
    assert_true(expand("{client_id}", "{gateway_id}") == "{gateway_id}");
}

void template_with_client_id_needs_one(void**) {
    assert_true(expand("a/{client_id}", "") == "(no)");
}

void first_rule_whose_glob_matches_decides(void**) {
    const PredefinedTopics topics(
        {{1, "meters/{client_id}", "meter-*"}, {1, "others/{client_id}", "*"}, {2, "only", "a"}}, 7);
    assert_true(str(topics.name_of(1, view("meter-1"))) == "meters/meter-1");
    assert_true(str(topics.name_of(1, view("pump"))) == "others/pump");
    assert_true(str(topics.name_of(2, view("a"))) == "only");
    assert_true(topics.name_of(2, view("ab")).empty());
    assert_true(topics.name_of(3, view("a")).empty());
}

// SN12-82: a sender of QoS -1 without a session has no client id.
void sender_without_client_id_matches_only_rules_for_all(void**) {
    const PredefinedTopics topics(
        {{1, "m", "meter-*"}, {1, "all", "*"}, {2, "x/{client_id}", "*"}, {3, "q", "?*"}}, 7);
    assert_true(str(topics.name_of(1, Bytes{})) == "all");
    assert_true(topics.name_of(2, Bytes{}).empty());
    assert_true(topics.name_of(3, Bytes{}).empty());
}

void rule_that_gives_no_valid_topic_gives_nothing(void**) {
    const PredefinedTopics topics({{1, "a/+/b", "*"}, {2, "", "*"}, {3, "a/\xFF", "*"}}, 7);
    assert_true(topics.name_of(1, view("d")).empty());
    assert_true(topics.name_of(2, view("d")).empty());
    assert_true(topics.name_of(3, view("d")).empty());
}

void every_configured_id_is_known_as_predefined(void**) {
    const PredefinedTopics topics({{1, "a", "x"}, {65534, "b", "*"}}, 7);
    assert_true(topics.is_predefined(1));
    assert_true(topics.is_predefined(65534));
    assert_false(topics.is_predefined(2));
    assert_false(PredefinedTopics().is_predefined(1));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(templates_hold_client_and_gateway_id),
        cmocka_unit_test(client_id_is_not_expanded_itself),
        cmocka_unit_test(template_with_client_id_needs_one),
        cmocka_unit_test(first_rule_whose_glob_matches_decides),
        cmocka_unit_test(sender_without_client_id_matches_only_rules_for_all),
        cmocka_unit_test(rule_that_gives_no_valid_topic_gives_nothing),
        cmocka_unit_test(every_configured_id_is_known_as_predefined),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
