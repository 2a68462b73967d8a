// SPDX-License-Identifier: BSD-3-Clause
#include "bench/process_usage.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "support/cmocka.hpp"

namespace {

using namespace mqttsn::load;

void what_this_process_uses_is_seen(void**) {
    const auto before = process_usage(0);
    assert_true(before.has_value());
    std::vector<char> memory(64 << 20);
    for (int round = 0; round < 10; ++round) {
        std::memset(memory.data(), round, memory.size());
    }
    const auto after = process_usage(::getpid());
    assert_true(after.has_value());
    assert_true(after->cpu_ns > before->cpu_ns);
    assert_true(after->rss_octets > before->rss_octets + (32U << 20U));
    assert_int_equal(memory[1000], 9);
}

void a_process_that_is_gone_has_no_usage(void**) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(0);
    }
    assert_int_equal(::waitpid(child, nullptr, 0), child);
    assert_false(process_usage(child).has_value());
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_this_process_uses_is_seen),
        cmocka_unit_test(a_process_that_is_gone_has_no_usage),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
