// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/rate_limit.hpp"

#include "support/cmocka.hpp"

using mqttsn::gateway::Instant;
using mqttsn::gateway::Millis;
using mqttsn::gateway::SourceLimit;
using mqttsn::gateway::TokenBucket;

namespace {

Instant at(std::int64_t ms) {
    return Instant{Millis{ms}};
}

unsigned taken(TokenBucket& bucket, std::int64_t ms, unsigned tries) {
    unsigned count = 0;
    for (unsigned i = 0; i < tries; ++i) {
        count += bucket.take(at(ms)) ? 1 : 0;
    }
    return count;
}

void bucket_gives_one_second_s_worth_at_once(void**) {
    TokenBucket bucket(10);
    assert_int_equal(taken(bucket, 5000, 100), 10);
    assert_int_equal(taken(bucket, 5000, 100), 0);
}

void bucket_refills_to_the_millisecond(void**) {
    TokenBucket bucket(10);
    taken(bucket, 0, 100);
    assert_int_equal(taken(bucket, 99, 5), 0);
    assert_int_equal(taken(bucket, 100, 5), 1);
    assert_int_equal(taken(bucket, 350, 5), 2);
    assert_int_equal(taken(bucket, 400, 5), 1);
}

void bucket_saves_no_more_than_one_second_s_worth(void**) {
    TokenBucket bucket(10);
    taken(bucket, 0, 100);
    assert_int_equal(taken(bucket, 3600000, 100), 10);
}

void bucket_of_zero_is_no_limit(void**) {
    TokenBucket bucket(0);
    assert_int_equal(taken(bucket, 0, 100000), 100000);
}

// D12: one answer a second for a source, whatever the others do.
void a_source_gets_one_answer_a_second(void**) {
    SourceLimit limit;
    assert_true(limit.take(1, at(0)));
    assert_false(limit.take(1, at(999)));
    assert_true(limit.take(2, at(999)));
    assert_true(limit.take(1, at(1000)));
    assert_false(limit.take(1, at(1001)));
}

// Time zero and before are times like any other.
void first_answer_is_never_refused(void**) {
    SourceLimit limit;
    assert_true(limit.take(7, Instant::min() + Millis{1}));
    SourceLimit another;
    assert_true(another.take(7, at(0)));
    assert_true(another.take(8, at(0)));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(bucket_gives_one_second_s_worth_at_once),
        cmocka_unit_test(bucket_refills_to_the_millisecond),
        cmocka_unit_test(bucket_saves_no_more_than_one_second_s_worth),
        cmocka_unit_test(bucket_of_zero_is_no_limit),
        cmocka_unit_test(a_source_gets_one_answer_a_second),
        cmocka_unit_test(first_answer_is_never_refused),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
