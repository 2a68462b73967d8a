// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/outbox.hpp"

#include <string>
#include <vector>

#include "mqttsn/messages.hpp"
#include "support/cmocka.hpp"
#include "support/hex.hpp"

using namespace mqttsn::gateway;
using mqttsn::Bytes;

namespace {

void outputs_come_in_the_order_of_pushing(void**) {
    Outbox outbox;
    assert_null(outbox.poll());
    assert_true(outbox.drained());
    outbox.push(LinkClose{LinkId{1, 1}, true});
    outbox.push(LinkClose{LinkId{2, 1}, false});
    assert_false(outbox.drained());
    const Output* const first = outbox.poll();
    assert_non_null(first);
    assert_int_equal(std::get<LinkClose>(*first).link.slot, 1);
    const Output* const second = outbox.poll();
    assert_non_null(second);
    assert_int_equal(std::get<LinkClose>(*second).link.slot, 2);
    assert_null(outbox.poll());
    assert_true(outbox.drained());
}

void message_over_the_limit_is_not_queued(void**) {
    Outbox outbox;
    const test::Octets payload(249, 'x');
    const mqttsn::Message message = mqttsn::make_publish(mqttsn::Flags{}, 1, 0, test::view(payload));
    // 7 + 249 = 256 in the 1-octet form, which ends at 255: 258 octets in the 3-octet form (SN12-09).
    assert_false(outbox.push_message(Endpoint{}, message, 257));
    assert_null(outbox.poll());
    assert_true(outbox.push_message(Endpoint{}, message, 258));
    const Output* const output = outbox.poll();
    assert_non_null(output);
    assert_int_equal(std::get<SendDatagram>(*output).octets.size, 258);
}

// Core contract 3: views live until the next input, however much is queued behind them.
void views_stay_valid_while_more_is_queued(void**) {
    Outbox outbox;
    std::vector<Bytes> views;
    std::vector<std::string> texts;
    for (int round = 0; round < 3; ++round) {
        views.clear();
        texts.clear();
        for (int i = 0; i < 3000; ++i) {
            texts.push_back(std::string(static_cast<std::size_t>(i % 97), static_cast<char>('a' + i % 26)));
            views.push_back(outbox.copy(test::view(texts.back())));
        }
        // Larger than any chunk, in the middle of small ones.
        texts.push_back(std::string(100000, 'z'));
        views.push_back(outbox.copy(test::view(texts.back())));
        texts.emplace_back("after");
        views.push_back(outbox.copy(test::view(texts.back())));
        for (std::size_t i = 0; i < views.size(); ++i) {
            assert_true(test::str(views[i]) == texts[i]);
        }
        outbox.clear();
    }
}

void cleared_outbox_has_nothing(void**) {
    Outbox outbox;
    for (int i = 0; i < 10000; ++i) {  // more than it keeps memory for
        outbox.push(LinkClose{});
    }
    assert_non_null(outbox.poll());
    outbox.clear();
    assert_null(outbox.poll());
    outbox.push(LinkClose{});
    assert_non_null(outbox.poll());
    assert_null(outbox.poll());
}

void copy_of_nothing_is_nothing(void**) {
    Outbox outbox;
    assert_true(outbox.copy(Bytes{}).empty());
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(outputs_come_in_the_order_of_pushing),
        cmocka_unit_test(message_over_the_limit_is_not_queued),
        cmocka_unit_test(views_stay_valid_while_more_is_queued),
        cmocka_unit_test(cleared_outbox_has_nothing),
        cmocka_unit_test(copy_of_nothing_is_nothing),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
