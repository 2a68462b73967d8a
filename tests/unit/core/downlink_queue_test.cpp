// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/downlink_queue.hpp"

#include <deque>
#include <string>

#include "gateway/core/prng.hpp"
#include "support/cmocka.hpp"
#include "support/hex.hpp"

using namespace mqttsn::gateway;

namespace {

std::string payload_of(const DownlinkItem& item) {
    return std::string(item.payload.begin(), item.payload.end());
}

DownlinkItem& push(DownlinkQueue& queue, std::uint16_t packet_id, const std::string& payload) {
    DownlinkItem& item = queue.push(test::view(payload));
    item.packet_id = packet_id;
    item.qos = packet_id != 0 ? 1 : 0;
    return item;
}

void items_leave_in_the_order_of_coming(void**) {
    DownlinkQueue queue;
    assert_true(queue.empty());
    for (std::uint16_t i = 1; i <= 100; ++i) {
        push(queue, i, std::to_string(i));
    }
    for (std::uint16_t i = 1; i <= 100; ++i) {
        assert_int_equal(queue.front().packet_id, i);
        queue.pop_front();
    }
    assert_true(queue.empty());
    assert_int_equal(queue.octets(), 0);
}

void find_looks_only_at_what_the_broker_knows(void**) {
    DownlinkQueue queue;
    push(queue, 0, "qos 0");
    push(queue, 7, "seven");
    push(queue, 8, "detached").detached = true;
    DownlinkItem& release = push(queue, 9, "");
    release.qos = 0;
    release.kind = DownlinkItem::Kind::release;
    assert_null(queue.find(0));
    assert_ptr_equal(queue.find(7), &queue[1]);
    assert_null(queue.find(8));
    assert_ptr_equal(queue.find(9), &queue[3]);
    assert_null(queue.find(10));
}

void reused_place_remembers_nothing(void**) {
    DownlinkQueue queue;
    for (int round = 0; round < 20; ++round) {
        DownlinkItem& item = queue.push(test::view("old"));
        assert_int_equal(item.qos, 0);
        assert_int_equal(item.packet_id, 0);
        assert_false(item.dup || item.retain || item.detached || item.refusals != 0);
        assert_true(item.kind == DownlinkItem::Kind::message);
        assert_false(static_cast<bool>(item.topic));
        assert_true(payload_of(item) == "old");
        item.qos = 2;
        item.packet_id = 5;
        item.dup = item.retain = item.detached = true;
        item.refusals = 1;
        item.kind = DownlinkItem::Kind::release;
        queue.pop_front();
    }
}

// Against the definition: std::deque.
void agrees_with_a_deque_on_random_steps(void**) {
    struct Known {
        std::uint16_t id;
        std::string payload;
    };
    Prng random(42);
    DownlinkQueue queue;
    std::uint64_t sum = 1000000;  // of others
    queue.charge(&sum);
    std::deque<Known> model;
    std::uint16_t next_id = 1;
    for (int step = 0; step < 20000; ++step) {
        const std::uint32_t what = random.next32() % 8;
        if (what < 3) {
            const std::string payload(random.next32() % 400, 'p');
            push(queue, next_id, payload);
            model.push_back(Known{next_id, payload});
            ++next_id;
        } else if (model.empty()) {
            continue;
        } else if (what < 5) {
            queue.pop_front();
            model.pop_front();
        } else if (what == 5) {
            const std::size_t index = random.next32() % model.size();
            queue.erase(index);
            model.erase(model.begin() + static_cast<std::ptrdiff_t>(index));
        } else if (what == 6) {
            const std::size_t index = random.next32() % model.size();
            model[index].payload = std::string(random.next32() % 400, 'r');
            queue.replace_payload(queue[index], test::view(model[index].payload));
        } else if (random.next32() % 50 == 0) {
            queue.clear();
            model.clear();
        }
        assert_int_equal(queue.size(), model.size());
        std::size_t octets = 0;
        for (std::size_t i = 0; i < model.size(); ++i) {
            assert_int_equal(queue[i].packet_id, model[i].id);
            octets += model[i].payload.size();
        }
        assert_int_equal(queue.octets(), octets);
        assert_int_equal(sum, 1000000 + octets + model.size() * DownlinkQueue::cost(0));
        if (!model.empty()) {
            assert_true(payload_of(queue.front()) == model.front().payload);
        }
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(items_leave_in_the_order_of_coming),
        cmocka_unit_test(find_looks_only_at_what_the_broker_knows),
        cmocka_unit_test(reused_place_remembers_nothing),
        cmocka_unit_test(agrees_with_a_deque_on_random_steps),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
