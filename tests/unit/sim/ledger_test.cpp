// SPDX-License-Identifier: BSD-3-Clause
//
// The ledger (tests/sim/ledger.hpp): numbers in payloads, arrivals.
#include "sim/ledger.hpp"

#include <string>

#include "support/cmocka.hpp"

using mqttsn::sim::Ledger;
using mqttsn::sim::MessageRecord;
using mqttsn::sim::Micros;
using mqttsn::sim::Way;

namespace {

void messages_are_numbered_from_0_and_keep_what_was_said_of_them(void**) {
    Ledger ledger;
    assert_int_equal(ledger.add(3, Way::up, -1, 2, Micros{5}), 0);
    assert_int_equal(ledger.add(4, Way::down, 2, 900, Micros{6}), 1);
    assert_int_equal(ledger.messages().size(), 2);
    const MessageRecord& up = ledger.at(0);
    assert_int_equal(up.device, 3);
    assert_true(up.way == Way::up);
    assert_int_equal(up.qos, -1);
    assert_int_equal(up.topic, 2);
    assert_int_equal(up.sent_at.count(), 5);
    assert_int_equal(up.arrived_at.count(), -1);
    assert_int_equal(up.arrivals, 0);
    assert_true(ledger.at(1).way == Way::down);
    assert_int_equal(ledger.at(1).topic, 900);
}

void a_payload_carries_its_number_at_every_length(void**) {
    Ledger ledger;
    for (int count = 0; count < 300; ++count) {
        ledger.add(0, Way::up, 0, 0, Micros{0});
    }
    for (const std::uint32_t number : {0U, 1U, 9U, 10U, 16U, 255U, 256U, 299U}) {
        for (const std::size_t octets : {8U, 9U, 32U, 1000U}) {
            const std::string payload = Ledger::payload(number, octets);
            assert_int_equal(payload.size(), octets);
            assert_int_equal(ledger.number_in(payload), number);
        }
    }
}

void a_payload_is_never_shorter_than_its_number(void**) {
    assert_string_equal(Ledger::payload(0xAB, 0).c_str(), "000000ab");
    assert_string_equal(Ledger::payload(0xFFFFFFFE, 10).c_str(), "fffffffe..");
}

void what_payload_has_not_made_has_no_number(void**) {
    Ledger ledger;
    ledger.add(0, Way::up, 0, 0, Micros{0});
    assert_int_equal(ledger.number_in("00000000"), 0);
    for (const char* const other : {"", "0000000", "00000000x", "00000000.x", "0000000g", "0000000A",
                                    " 0000000", "00000001", "ffffffff", "........"}) {
        if (ledger.number_in(other) != Ledger::kUnknown) {
            print_error("\"%s\" was taken for a payload\n", other);
            assert_true(false);
        }
    }
    assert_int_equal(ledger.number_in(std::string(8, '\0')), Ledger::kUnknown);
}

void the_first_arrival_counts_for_time_and_rank(void**) {
    Ledger ledger;
    ledger.add(0, Way::up, 1, 0, Micros{0});
    ledger.add(0, Way::up, 1, 0, Micros{1});
    ledger.arrived(1, Micros{10});
    ledger.arrived(0, Micros{20});
    ledger.arrived(1, Micros{30});
    assert_int_equal(ledger.at(1).arrivals, 2);
    assert_int_equal(ledger.at(1).arrived_at.count(), 10);
    assert_int_equal(ledger.at(1).arrival_rank, 1);
    assert_int_equal(ledger.at(0).arrivals, 1);
    assert_int_equal(ledger.at(0).arrived_at.count(), 20);
    assert_int_equal(ledger.at(0).arrival_rank, 2);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_numbered_from_0_and_keep_what_was_said_of_them),
        cmocka_unit_test(a_payload_carries_its_number_at_every_length),
        cmocka_unit_test(a_payload_is_never_shorter_than_its_number),
        cmocka_unit_test(what_payload_has_not_made_has_no_number),
        cmocka_unit_test(the_first_arrival_counts_for_time_and_rank),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
