// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/supervisor.hpp"

#include <unistd.h>

#include <string>

#include "support/cmocka.hpp"
#include "support/process.hpp"
#include "support/unix_inbox.hpp"

using mqttsn::gateway::Supervisor;
using mqttsn::gateway::SupervisorWish;

namespace {

/// The manager's side.
struct Manager {
    test::TemporaryFolder folder;
    test::UnixInbox inbox;
    std::string path = folder.file("notify");
};

int set_up(void** state) {
    auto* const manager = new Manager;
    *state = manager;
    return manager->inbox.open(manager->path) ? 0 : -1;
}

int tear_down(void** state) {
    delete static_cast<Manager*>(*state);
    return 0;
}

Manager& manager_of(void** state) {
    return *static_cast<Manager*>(*state);
}

// FAULT-106
void the_manager_hears_ready_alive_and_stopping(void** state) {
    Manager& manager = manager_of(state);
    Supervisor supervisor(SupervisorWish{manager.path, "30000000", std::to_string(::getpid())});
    assert_int_equal(supervisor.alive_every_ms(), 15000);
    supervisor.say_ready();
    supervisor.say_alive();
    supervisor.say_stopping();
    assert_string_equal(manager.inbox.receive().c_str(), "READY=1");
    assert_string_equal(manager.inbox.receive().c_str(), "WATCHDOG=1");
    assert_string_equal(manager.inbox.receive().c_str(), "STOPPING=1");
    assert_string_equal(manager.inbox.receive(0).c_str(), "");
}

void nothing_is_said_without_a_manager_or_to_one_that_is_gone(void** state) {
    const std::string path = manager_of(state).path;
    for (const std::string& name : {std::string(), path + ".none", std::string("relative"), std::string("@"),
                                    std::string("/") + std::string(200, 'x')}) {
        Supervisor supervisor(SupervisorWish{name, "30000000", ""});
        assert_int_equal(supervisor.alive_every_ms(), 0);
        supervisor.say_ready();
    }
    assert_string_equal(manager_of(state).inbox.receive(0).c_str(), "");
}

void a_watchdog_for_somebody_else_or_without_a_time_is_none(void** state) {
    const std::string path = manager_of(state).path;
    for (const char* const usec : {"", "0", "-1", "soon", "1s", "99999999999999999999"}) {
        assert_int_equal(Supervisor(SupervisorWish{path, usec, ""}).alive_every_ms(), 0);
    }
    assert_int_equal(Supervisor(SupervisorWish{path, "2000000", "1"}).alive_every_ms(), 0);
    assert_int_equal(Supervisor(SupervisorWish{path, "2000000", ""}).alive_every_ms(), 1000);
    assert_int_equal(Supervisor(SupervisorWish{path, "1", ""}).alive_every_ms(), 1);
}

/// A manager that does not read must not hold the loop up.
void a_full_socket_does_not_block(void** state) {
    Supervisor supervisor(SupervisorWish{manager_of(state).path, "", ""});
    for (int i = 0; i < 10000; ++i) {
        supervisor.say_alive();
    }
    assert_string_equal(manager_of(state).inbox.receive().c_str(), "WATCHDOG=1");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_manager_hears_ready_alive_and_stopping, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_said_without_a_manager_or_to_one_that_is_gone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_watchdog_for_somebody_else_or_without_a_time_is_none, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_full_socket_does_not_block, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
