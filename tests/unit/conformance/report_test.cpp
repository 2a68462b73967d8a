// SPDX-License-Identifier: BSD-3-Clause
//
// What mqttsn-conformance says about its cases: text, JUnit XML, filters; and that the table of cases is
// sound.
#include "conformance/report.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

#include "support/cmocka.hpp"

namespace {

using namespace conformance;

// Ids that are made up, and made so that the table of rules does not take them for citations.
std::string sn12(int number) {
    return "SN12-" + std::to_string(number);
}
std::string decision(int number) {
    return "D" + std::to_string(number);
}
std::string fault(int number) {
    return "FAULT-" + std::to_string(number);
}

Result failure() {
    Result result;
    result.id = sn12(40) + ".claim";
    result.cites = decision(26);
    result.verdict = Verdict::failed;
    result.expected = "<PUBACK> & \"quotes\"";
    result.seen = "nothing\x01\xFF";
    result.transcript = {" 0.001 dev -> PINGREQ  02 16", "]]>"};
    result.time = std::chrono::milliseconds{1500};
    return result;
}

Result skipped() {
    Result result;
    result.id = decision(45) + ".advertise";
    result.verdict = Verdict::not_applicable;
    result.why = "--multicast was not given";
    return result;
}

bool has(const std::string& text, const std::string& part) {
    if (text.find(part) == std::string::npos) {
        print_error("not there: %s\nin: %s\n", part.c_str(), text.c_str());
        return false;
    }
    return true;
}

void a_failure_shows_expected_seen_and_transcript(void**) {
    const std::string text = to_text(failure(), false);
    assert_true(has(text, "FAILED " + sn12(40) + ".claim  (" + decision(26) + ")\n"));
    assert_true(has(text, "expected: <PUBACK>"));
    assert_true(has(text, "seen:     nothing"));
    assert_true(has(text, "0.001 dev -> PINGREQ  02 16"));
}

void a_case_that_passed_shows_its_transcript_only_when_asked(void**) {
    Result result = failure();
    result.verdict = Verdict::passed;
    assert_string_equal(to_text(result, false).c_str(),
                        ("ok     " + sn12(40) + ".claim  (" + decision(26) + ")\n").c_str());
    assert_true(has(to_text(result, true), "02 16"));
}

void what_was_not_run_is_never_called_ok(void**) {
    assert_string_equal(to_text(skipped(), false).c_str(),
                        ("n/a    " + decision(45) + ".advertise: --multicast was not given\n").c_str());
    Result weaker = skipped();
    weaker.verdict = Verdict::weaker;
    assert_true(has(to_text(weaker, false), "weaker " + decision(45) + ".advertise: "));
    const Tally tally = count({failure(), skipped(), weaker});
    assert_true(tally.passed == 0 && tally.failed == 1 && tally.not_applicable == 1 && tally.weaker == 1);
    assert_true(has(summary(tally, std::chrono::milliseconds{2}),
                    "0 passed, 1 passed with a weaker promise, 1 failed, 1 not applicable"));
}

void junit_is_well_formed_whatever_was_seen(void**) {
    const std::string xml = to_junit({failure(), skipped()}, std::chrono::milliseconds{1500});
    assert_true(has(xml, "tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"1.500\""));
    assert_true(has(xml, "name=\"" + sn12(40) + ".claim\" time=\"1.500\""));
    assert_true(has(xml, "&lt;PUBACK&gt; &amp; &quot;quotes&quot;, seen nothing??\""));
    assert_true(has(xml, "]]&gt;"));
    assert_true(has(xml, "<skipped message=\"--multicast was not given\"/>"));
    // Every tag that opens closes, in order.
    std::vector<std::string> open;
    for (std::size_t at = xml.find("?>"); (at = xml.find('<', at + 1)) != std::string::npos;) {
        const std::size_t end = xml.find('>', at);
        const std::string tag = xml.substr(at + 1, end - at - 1);
        if (tag[0] == '/') {
            assert_false(open.empty());
            assert_string_equal(open.back().c_str(), tag.substr(1).c_str());
            open.pop_back();
        } else if (tag.back() != '/') {
            open.push_back(tag.substr(0, tag.find(' ')));
        }
    }
    assert_true(open.empty());
}

void xml_keeps_utf8_and_replaces_what_it_cannot_hold(void**) {
    assert_string_equal(xml_escaped("\xC3\xBC\xE6\xB8\xA9\n\t").c_str(), "\xC3\xBC\xE6\xB8\xA9\n\t");
    assert_string_equal(xml_escaped(std::string("a\0b", 3)).c_str(), "a?b");
    assert_string_equal(xml_escaped("\xED\xA0\x80").c_str(), "???");  // a surrogate
    assert_string_equal(xml_escaped("\xEF\xBF\xBF").c_str(), "???");  // U+FFFF
    assert_string_equal(xml_escaped("\xE2\x82").c_str(), "??");       // cut off
    assert_string_equal(xml_escaped("\xC0\x80\x1B[2J").c_str(), "???[2J");
}

void a_filter_names_whole_rules_or_parts_of_ids(void**) {
    const std::string id = sn12(105) + ".pingresp_comes_last";
    const std::string cites = sn12(47) + " " + decision(15) + " " + fault(33);
    const CaseInfo info{id.c_str(), cites.c_str(), nullptr};
    assert_true(matches(info, {}));
    for (const std::string& filter :
         {sn12(105), decision(15), fault(33), sn12(47), std::string("pingresp"), sn12(105) + ".ping"}) {
        assert_true(matches(info, {"nothing", filter}));
    }
    for (const std::string& filter : {sn12(10), decision(1), fault(3), sn12(4), std::string("PINGRESP")}) {
        assert_false(matches(info, {filter}));
    }
    assert_string_equal(rules_of(info).c_str(), (sn12(105) + " " + cites).c_str());
}

bool is_rule(const std::string& word) {
    for (const std::string kind : {"SN12-", "D", "FAULT-", "TRAP-"}) {
        if (word.rfind(kind, 0) == 0 && word.size() > kind.size()) {
            return std::all_of(word.begin() + static_cast<long>(kind.size()), word.end(),
                               [](unsigned char c) { return std::isdigit(c) != 0; });
        }
    }
    return false;
}

void every_case_has_a_name_of_its_own_and_cites_rules(void**) {
    std::set<std::string> ids;
    const CaseTable cases = all_cases();
    assert_true(cases.size() > 200);
    for (const CaseInfo& info : cases) {
        assert_true(ids.insert(info.id).second);
        const std::string id = info.id;
        assert_true(id.find('.') != std::string::npos);
        std::istringstream words(rules_of(info));
        std::set<std::string> cited;
        for (std::string word; words >> word;) {
            if (!is_rule(word) || !cited.insert(word).second) {
                print_error("%s: %s\n", info.id, word.c_str());
                assert_true(false);
            }
        }
        assert_non_null(info.body);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_shows_expected_seen_and_transcript),
        cmocka_unit_test(a_case_that_passed_shows_its_transcript_only_when_asked),
        cmocka_unit_test(what_was_not_run_is_never_called_ok),
        cmocka_unit_test(junit_is_well_formed_whatever_was_seen),
        cmocka_unit_test(xml_keeps_utf8_and_replaces_what_it_cannot_hold),
        cmocka_unit_test(a_filter_names_whole_rules_or_parts_of_ids),
        cmocka_unit_test(every_case_has_a_name_of_its_own_and_cites_rules),
    };
    return cmocka_run_group_tests_name("unit.conformance.report", tests, nullptr, nullptr);
}
