// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/open_files.hpp"

#include <sys/resource.h>

#include <cstring>
#include <string>

#include "support/cmocka.hpp"

using mqttsn::gateway::kOwnOpenFiles;
using mqttsn::gateway::raise_open_files;
using mqttsn::gateway::too_few_open_files;

namespace {

void the_soft_limit_is_raised_to_the_hard_one(void**) {
    rlimit before{};
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit low = before;
    low.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    const std::uint64_t allowed = raise_open_files();
    rlimit after{};
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(after.rlim_cur, before.rlim_max);
    assert_int_equal(allowed, before.rlim_max);
}

void enough_open_files_are_no_word_worth(void**) {
    assert_string_equal(too_few_open_files(1000 + kOwnOpenFiles, 1000).c_str(), "");
    assert_string_equal(too_few_open_files(0, 1000).c_str(), "");  // the system did not say
}

void too_few_are_told_with_what_they_are_enough_for(void**) {
    const std::string text = too_few_open_files(20000, 100000);
    assert_non_null(std::strstr(text.c_str(), "limits.sessions is 100000"));
    assert_non_null(std::strstr(text.c_str(), "enough for 19936 connections"));
    assert_non_null(std::strstr(text.c_str(), "LimitNOFILE=100064"));
    assert_non_null(std::strstr(too_few_open_files(10, 5).c_str(), "enough for 0 connections"));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_soft_limit_is_raised_to_the_hard_one),
        cmocka_unit_test(enough_open_files_are_no_word_worth),
        cmocka_unit_test(too_few_are_told_with_what_they_are_enough_for),
    };
    return cmocka_run_group_tests_name("app.open_files", tests, nullptr, nullptr);
}
