// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/small_vector.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gateway/core/prng.hpp"
#include "support/cmocka.hpp"

using mqttsn::gateway::Prng;
using mqttsn::gateway::SmallVector;

namespace {

/// Too long to lie inside a std::string: one that is destroyed twice or never is seen by the sanitizers.
std::string text(std::uint32_t number) {
    return std::string("an element of more than sixteen octets, number ").append(std::to_string(number));
}

/// Counts those that live.
struct Counted {
    static inline int alive = 0;
    std::uint32_t number = 0;

    explicit Counted(std::uint32_t value = 0) : number(value) { ++alive; }
    Counted(Counted&& other) noexcept : number(other.number) { ++alive; }
    Counted& operator=(Counted&& other) noexcept {
        number = other.number;
        return *this;
    }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --alive; }
};

template <std::size_t N>
bool same(const SmallVector<std::string, N>& vector, const std::vector<std::string>& model) {
    return vector.size() == model.size() && vector.empty() == model.empty() &&
           std::equal(vector.begin(), vector.end(), model.begin(), model.end()) &&
           (model.empty() || (vector.front() == model.front() && vector.back() == model.back() &&
                              vector[model.size() / 2] == model[model.size() / 2]));
}

template <std::size_t N>
void erase_some(SmallVector<std::string, N>& vector, std::vector<std::string>& model, Prng& random) {
    if (model.empty()) {
        return;
    }
    const std::size_t first = random.next32() % model.size();
    if (random.next32() % 2 == 0) {
        vector.erase(vector.begin() + first);
        model.erase(model.begin() + static_cast<std::ptrdiff_t>(first));
        return;
    }
    const std::size_t last = first + random.next32() % (model.size() - first + 1);  // may be an empty range
    vector.erase(vector.begin() + first, vector.begin() + last);
    model.erase(model.begin() + static_cast<std::ptrdiff_t>(first),
                model.begin() + static_cast<std::ptrdiff_t>(last));
}

template <std::size_t N>
void step(SmallVector<std::string, N>& vector, std::vector<std::string>& model, Prng& random) {
    const std::uint32_t number = random.next32() % 50;
    switch (random.next32() % 16) {
        case 0:
        case 1:
            erase_some(vector, model, random);
            break;
        case 2:
            assert_int_equal(erase(vector, text(number)), std::erase(model, text(number)));
            break;
        case 3: {
            const auto ends_alike = [number](const std::string& it) {
                return it.back() == text(number).back();
            };
            assert_int_equal(erase_if(vector, ends_alike), std::erase_if(model, ends_alike));
            break;
        }
        case 4: {  // there and back: what it was moved from is empty and as good as new
            SmallVector<std::string, N> other(std::move(vector));
            assert_true(vector.empty());
            vector.push_back(text(number));
            vector = std::move(other);
            break;
        }
        case 5:
            if (random.next32() % 4 == 0) {
                vector.clear();
                model.clear();
            }
            break;
        default:
            vector.push_back(text(number));
            model.push_back(text(number));
            break;
    }
}

template <std::size_t N>
void walk() {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Prng random(seed);
        SmallVector<std::string, N> vector;
        std::vector<std::string> model;
        for (int i = 0; i < 1000; ++i) {
            step(vector, model, random);
            if (!same(vector, model)) {
                print_error("differs at step %d of seed %d, room for %d inside\n", i, static_cast<int>(seed),
                            static_cast<int>(N));
                assert_true(false);
            }
        }
    }
}

void agrees_with_std_vector_on_random_steps(void**) {
    walk<0>();
    walk<1>();
    walk<3>();
    walk<8>();
}

// The inside is small enough to be seen from outside: what has memory of its own does not lie in the object.
template <std::size_t N>
bool lies_inside(const SmallVector<std::uint64_t, N>& vector) {
    const auto* const object = reinterpret_cast<const unsigned char*>(&vector);
    const auto* const place = reinterpret_cast<const unsigned char*>(vector.data());
    return std::less_equal<>()(object, place) && std::less<>()(place, object + sizeof vector);
}

void memory_is_taken_for_one_more_than_fits_and_given_back_by_clear(void**) {
    SmallVector<std::uint64_t, 3> vector;
    for (std::uint64_t i = 0; i < 3; ++i) {
        vector.push_back(i);
        assert_true(lies_inside(vector));
    }
    vector.push_back(3);
    assert_false(lies_inside(vector));
    for (std::uint64_t i = 0; i < 4; ++i) {
        assert_int_equal(vector[i], i);
    }
    vector.clear();
    assert_true(vector.empty());
    assert_true(lies_inside(vector));
}

template <std::size_t N>
void fill_to_the_limit() {
    SmallVector<std::uint16_t, N> vector;
    for (std::uint32_t i = 0; i < 0xFFFF; ++i) {
        vector.push_back(static_cast<std::uint16_t>(i));
    }
    bool refused = false;
    try {
        vector.push_back(7);
    } catch (const std::length_error&) {
        refused = true;
    }
    assert_true(refused);
    assert_int_equal(vector.size(), 0xFFFF);
    for (std::uint32_t i = 0; i < 0xFFFF; ++i) {
        assert_int_equal(vector[i], i);
    }
    vector.erase(vector.begin());
    vector.push_back(7);  // there is room again
    assert_int_equal(vector.size(), 0xFFFF);
    assert_int_equal(vector.front(), 1);
    assert_int_equal(vector.back(), 7);
}

void it_holds_65535_elements_and_refuses_the_next_without_loss(void**) {
    fill_to_the_limit<0>();
    fill_to_the_limit<3>();  // its doubles do not meet 65535
}

void every_element_is_destroyed_once(void**) {
    for (const std::uint32_t count : {0U, 1U, 2U, 3U, 100U}) {
        {
            SmallVector<Counted, 2> vector;
            for (std::uint32_t i = 0; i < count; ++i) {
                vector.emplace_back(Counted(i));
            }
            assert_int_equal(Counted::alive, count);
            SmallVector<Counted, 2> other(std::move(vector));
            assert_int_equal(Counted::alive, count);
            vector.emplace_back();
            vector = std::move(other);  // what it had goes
            assert_int_equal(Counted::alive, count);
            erase_if(vector, [](const Counted& it) { return it.number % 2 == 1; });
            assert_int_equal(Counted::alive, (count + 1) / 2);
        }
        assert_int_equal(Counted::alive, 0);
    }
}

void assignment_to_itself_changes_nothing(void**) {
    for (const std::uint32_t count : {0U, 1U, 5U}) {
        SmallVector<std::string, 1> vector;
        std::vector<std::string> model;
        for (std::uint32_t i = 0; i < count; ++i) {
            vector.push_back(text(i));
            model.push_back(text(i));
        }
        SmallVector<std::string, 1>& itself = vector;
        vector = std::move(itself);
        assert_true(same(vector, model));
    }
}

// The element dies with the memory it lies in when the vector grows.
void an_element_of_the_vector_may_be_appended_to_it(void**) {
    SmallVector<std::string, 1> vector;
    vector.push_back(text(4));
    for (int i = 0; i < 40; ++i) {
        vector.push_back(vector.front());
    }
    for (const std::string& it : vector) {
        assert_true(it == text(4));
    }
}

// A std::string that is moved to itself is empty afterwards.
void erasing_an_empty_range_keeps_what_is_behind_it(void**) {
    SmallVector<std::string, 1> vector;
    for (std::uint32_t i = 0; i < 4; ++i) {
        vector.push_back(text(i));
    }
    vector.erase(vector.begin() + 1, vector.begin() + 1);
    vector.erase(vector.end(), vector.end());
    assert_true(same(vector, {text(0), text(1), text(2), text(3)}));
}

void elements_that_can_only_be_moved_are_held(void**) {
    SmallVector<std::unique_ptr<std::string>, 1> vector;
    for (std::uint32_t i = 0; i < 9; ++i) {
        vector.push_back(std::make_unique<std::string>(text(i)));
    }
    vector.erase(vector.begin());
    assert_true(*vector.front() == text(1));
    assert_true(*vector.back() == text(8));
}

void empty_vectors_may_be_walked_erased_from_and_moved(void**) {
    SmallVector<std::string> vector;
    assert_true(vector.begin() == vector.end());
    assert_int_equal(erase(vector, text(1)), 0);
    vector.erase(vector.begin(), vector.end());
    vector.clear();
    SmallVector<std::string> other(std::move(vector));
    assert_true(other.empty());
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_std_vector_on_random_steps),
        cmocka_unit_test(memory_is_taken_for_one_more_than_fits_and_given_back_by_clear),
        cmocka_unit_test(it_holds_65535_elements_and_refuses_the_next_without_loss),
        cmocka_unit_test(every_element_is_destroyed_once),
        cmocka_unit_test(assignment_to_itself_changes_nothing),
        cmocka_unit_test(an_element_of_the_vector_may_be_appended_to_it),
        cmocka_unit_test(erasing_an_empty_range_keeps_what_is_behind_it),
        cmocka_unit_test(elements_that_can_only_be_moved_are_held),
        cmocka_unit_test(empty_vectors_may_be_walked_erased_from_and_moved),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
