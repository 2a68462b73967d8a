// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/deadline_heap.hpp"

#include <map>
#include <utility>

#include "gateway/core/prng.hpp"
#include "support/cmocka.hpp"

using mqttsn::gateway::DeadlineHeap;
using mqttsn::gateway::Instant;
using mqttsn::gateway::kNever;
using mqttsn::gateway::Millis;
using mqttsn::gateway::Prng;

namespace {

Instant at(std::int64_t ms) {
    return Instant{Millis{ms}};
}

void empty_heap_has_no_deadline(void**) {
    DeadlineHeap heap;
    assert_true(heap.empty());
    assert_true(heap.top_deadline() == kNever);
    assert_true(heap.get(5) == kNever);
    heap.remove(5);
    heap.set(5, kNever);
    assert_true(heap.empty());
}

void earliest_is_on_top_and_equal_ones_go_by_slot(void**) {
    DeadlineHeap heap;
    heap.set(3, at(50));
    heap.set(9, at(20));
    heap.set(4, at(20));
    assert_int_equal(heap.top(), 4);
    heap.remove(4);
    assert_int_equal(heap.top(), 9);
    heap.remove(9);
    assert_int_equal(heap.top(), 3);
    assert_true(heap.top_deadline() == at(50));
}

void set_at_latest_only_moves_forward(void**) {
    DeadlineHeap heap;
    heap.set_at_latest(1, at(100));
    heap.set_at_latest(1, at(200));
    assert_true(heap.get(1) == at(100));
    heap.set_at_latest(1, at(50));
    assert_true(heap.get(1) == at(50));
    heap.set(1, at(300));
    assert_true(heap.get(1) == at(300));
    heap.set(1, kNever);
    assert_true(heap.empty());
}

// Against the definition: a map from slot to deadline, searched from end to end.
struct Model {
    std::map<std::uint32_t, Instant> deadlines;

    std::pair<Instant, std::uint32_t> top() const {
        std::pair<Instant, std::uint32_t> best{kNever, 0};
        for (const auto& [slot, when] : deadlines) {
            if (best.first == kNever || when < best.first) {
                best = {when, slot};
            }
        }
        return best;
    }
};

void step(DeadlineHeap& heap, Model& model, Prng& random) {
    const std::uint32_t slot = random.next32() % 40;
    const Instant when = at(random.next32() % 60);
    switch (random.next32() % 5) {
        case 0:
        case 1:
            heap.set(slot, when);
            model.deadlines[slot] = when;
            break;
        case 2:
            heap.set_at_latest(slot, when);
            if (!model.deadlines.contains(slot) || when < model.deadlines[slot]) {
                model.deadlines[slot] = when;
            }
            break;
        case 3:
            heap.remove(slot);
            model.deadlines.erase(slot);
            break;
        default:
            if (!heap.empty()) {  // what handle_deadline() does
                model.deadlines.erase(heap.top());
                heap.remove(heap.top());
            }
            break;
    }
}

void agrees_with_a_naive_model_on_random_steps(void**) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Prng random(seed);
        DeadlineHeap heap;
        Model model;
        for (int i = 0; i < 3000; ++i) {
            step(heap, model, random);
            const auto [when, slot] = model.top();
            const bool same = heap.empty() == model.deadlines.empty() && heap.top_deadline() == when &&
                              (heap.empty() || heap.top() == slot);
            if (!same) {
                print_error("differs at step %d of seed %d\n", i, static_cast<int>(seed));
                assert_true(same);
            }
            const std::uint32_t any = random.next32() % 45;
            const Instant expected = model.deadlines.contains(any) ? model.deadlines[any] : kNever;
            assert_true(heap.get(any) == expected);
        }
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(empty_heap_has_no_deadline),
        cmocka_unit_test(earliest_is_on_top_and_equal_ones_go_by_slot),
        cmocka_unit_test(set_at_latest_only_moves_forward),
        cmocka_unit_test(agrees_with_a_naive_model_on_random_steps),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
