// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/deadline_wheel.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "gateway/core/prng.hpp"
#include "support/cmocka.hpp"

using mqttsn::gateway::DeadlineWheel;
using mqttsn::gateway::Instant;
using mqttsn::gateway::kNever;
using mqttsn::gateway::Millis;
using mqttsn::gateway::Prng;

namespace {

constexpr std::int64_t kFirstEver = INT64_MIN;
constexpr std::int64_t kLastEver = INT64_MAX - 1;  // the one after it is kNever

Instant at(std::int64_t ms) {
    return Instant{Millis{ms}};
}

void empty_wheel_has_no_deadline(void**) {
    DeadlineWheel wheel;
    assert_true(wheel.empty());
    assert_int_equal(wheel.top(), DeadlineWheel::kAbsent);
    assert_true(wheel.top_deadline() == kNever);
    assert_true(wheel.get(5) == kNever);
    wheel.remove(5);
    wheel.set(5, kNever);
    assert_true(wheel.empty());
}

void earliest_is_on_top_and_equal_ones_go_by_slot(void**) {
    DeadlineWheel wheel;
    wheel.set(3, at(50));
    wheel.set(9, at(20));
    wheel.set(4, at(20));
    assert_int_equal(wheel.top(), 4);
    wheel.remove(4);
    assert_int_equal(wheel.top(), 9);
    wheel.remove(9);
    assert_int_equal(wheel.top(), 3);
    assert_true(wheel.top_deadline() == at(50));
}

void set_at_latest_only_moves_forward(void**) {
    DeadlineWheel wheel;
    wheel.set_at_latest(1, at(100));
    wheel.set_at_latest(1, at(200));
    assert_true(wheel.get(1) == at(100));
    wheel.set_at_latest(1, at(50));
    assert_true(wheel.get(1) == at(50));
    wheel.set(1, at(300));
    assert_true(wheel.get(1) == at(300));
    wheel.set(1, kNever);
    assert_true(wheel.empty());
}

void a_deadline_earlier_than_all_that_were_known_is_the_next(void**) {
    DeadlineWheel wheel;
    for (std::uint32_t slot = 0; slot < 20; ++slot) {
        wheel.set(slot, at(1000 - 100 * std::int64_t{slot}));  // the last ones before the clock's zero
        assert_int_equal(wheel.top(), slot);
    }
    for (std::uint32_t slot = 20; slot-- > 0;) {
        assert_int_equal(wheel.top(), slot);
        assert_true(wheel.top_deadline() == at(1000 - 100 * std::int64_t{slot}));
        wheel.remove(slot);
    }
    assert_true(wheel.empty());
}

void any_time_has_its_place_from_the_first_millisecond_to_the_last(void**) {
    DeadlineWheel wheel;
    std::set<std::int64_t> times = {kFirstEver, -1, 0, kLastEver};
    for (int bit = 0; bit < 63; ++bit) {  // on both sides of the border of each digit
        const std::int64_t border = std::int64_t{1} << bit;
        times.insert({border - 1, border, border + 1, -border - 1, -border, -border + 1});
    }
    std::uint32_t slot = 0;
    for (const std::int64_t time : times) {
        wheel.set(slot++, at(time));
    }
    for (const std::int64_t time : times) {
        assert_true(wheel.top_deadline() == at(time));
        wheel.remove(wheel.top());
    }
    assert_true(wheel.empty());
}

void a_hundred_thousand_slots_come_in_order_whatever_the_order_they_were_set_in(void**) {
    constexpr std::uint32_t kSlots = 100'000;
    DeadlineWheel wheel;
    const auto time = [](std::uint32_t slot) {
        return at(1 + slot * 48'611ULL % 90'000 / 3);
    };  // 3 or 4 each
    for (std::uint64_t turn = 0; turn < kSlots; ++turn) {
        const auto slot = static_cast<std::uint32_t>(turn * 7'919'041 % kSlots);
        wheel.set(slot, time(slot));
    }
    std::pair<Instant, std::uint32_t> last{at(0), 0};
    for (std::uint32_t i = 0; i < kSlots; ++i) {
        const std::pair<Instant, std::uint32_t> next{wheel.top_deadline(), wheel.top()};
        assert_true(last < next);
        assert_true(next.first == time(next.second));
        wheel.set(next.second, kNever);
        last = next;
    }
    assert_true(wheel.empty());
}

void ten_thousand_in_one_millisecond_go_by_slot_while_they_are_set_again(void**) {
    constexpr std::uint32_t kSlots = 10'000;
    DeadlineWheel wheel;
    wheel.set(kSlots, at(1));  // so that the others wait in the wheel
    for (std::uint32_t slot = kSlots; slot-- > 0;) {
        wheel.set(slot, at(90'000));
    }
    wheel.remove(kSlots);
    for (std::int64_t round = 1; round <= 3; ++round) {
        for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
            assert_int_equal(wheel.top(), slot);
            assert_true(wheel.top_deadline() == at(90'000 * round));
            wheel.set(slot, at(90'000 * (round + 1)));
        }
    }
}

// Against the definition: all deadlines in order of time and slot.
class Model {
  public:
    void set(std::uint32_t slot, Instant when) {
        remove(slot);
        if (when != kNever) {
            by_slot_[slot] = when;
            in_order_.insert({when, slot});
        }
    }
    void set_at_latest(std::uint32_t slot, Instant when) {
        if (when < get(slot)) {
            set(slot, when);
        }
    }
    void remove(std::uint32_t slot) {
        in_order_.erase({get(slot), slot});
        by_slot_.erase(slot);
    }
    Instant get(std::uint32_t slot) const {
        const auto found = by_slot_.find(slot);
        return found == by_slot_.end() ? kNever : found->second;
    }
    std::pair<Instant, std::uint32_t> top() const {
        return in_order_.empty() ? std::pair{kNever, DeadlineWheel::kAbsent} : *in_order_.begin();
    }

  private:
    std::map<std::uint32_t, Instant> by_slot_;
    std::set<std::pair<Instant, std::uint32_t>> in_order_;
};

/// Random steps of a wheel and of its model, as a gateway takes them: time goes on, mostly by little.
class Walk {
  public:
    Walk(std::uint64_t seed, std::uint32_t slots) : random_(seed), slots_(slots) {}

    void step() {
        const std::uint32_t slot = below(slots_);
        switch (below(8)) {
            case 0:
            case 1:
            case 2:
                set(slot, some_time());
                break;
            case 3: {
                const Instant when = some_time();
                wheel_.set_at_latest(slot, when);
                model_.set_at_latest(slot, when);
                break;
            }
            case 4:
                wheel_.remove(slot);
                model_.remove(slot);
                break;
            case 5:
                now_ += far() >> 18;  // some centuries at most: no walk comes to the end of time
                break;
            default:
                fire_what_is_due();
                break;
        }
    }

    bool agree() {
        const auto [when, slot] = model_.top();
        const std::uint32_t any = below(slots_ + 5);
        return wheel_.empty() == (when == kNever) && wheel_.top_deadline() == when && wheel_.top() == slot &&
               wheel_.get(any) == model_.get(any);
    }

  private:
    std::uint32_t below(std::uint32_t end) { return random_.next32() % end; }
    /// Every magnitude is as likely as another: many of a few milliseconds, some of thousands of years.
    std::int64_t far() { return static_cast<std::int64_t>(random_.next() >> (4 + below(60))); }

    Instant some_time() {
        switch (below(8)) {
            case 0:
                return at(now_ - far());
            case 1:
                return at(now_ + far());
            case 2:
                return model_.top().first;  // a tie, or kNever
            case 3:
                return model_.get(below(slots_));
            default:
                return at(now_ + below(200));
        }
    }
    void set(std::uint32_t slot, Instant when) {
        wheel_.set(slot, when);
        model_.set(slot, when);
    }
    /// What Gateway::handle_deadline() does.
    void fire_what_is_due() {
        for (int i = 0; i < 20 && wheel_.top_deadline() <= at(now_) && agree(); ++i) {
            set(wheel_.top(), below(4) == 0 ? kNever : at(now_ + 1 + below(100'000)));
        }
    }

    Prng random_;
    std::uint32_t slots_;
    std::int64_t now_ = 0;
    DeadlineWheel wheel_;
    Model model_;
};

void agrees_with_a_sorted_set_on_random_steps(void**) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        Walk walk(seed, seed % 2 == 0 ? 40 : 400);
        for (int i = 0; i < 4000; ++i) {
            walk.step();
            if (!walk.agree()) {
                print_error("differs at step %d of seed %d\n", i, static_cast<int>(seed));
                assert_true(false);
            }
        }
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(empty_wheel_has_no_deadline),
        cmocka_unit_test(earliest_is_on_top_and_equal_ones_go_by_slot),
        cmocka_unit_test(set_at_latest_only_moves_forward),
        cmocka_unit_test(a_deadline_earlier_than_all_that_were_known_is_the_next),
        cmocka_unit_test(any_time_has_its_place_from_the_first_millisecond_to_the_last),
        cmocka_unit_test(a_hundred_thousand_slots_come_in_order_whatever_the_order_they_were_set_in),
        cmocka_unit_test(ten_thousand_in_one_millisecond_go_by_slot_while_they_are_set_again),
        cmocka_unit_test(agrees_with_a_sorted_set_on_random_steps),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
