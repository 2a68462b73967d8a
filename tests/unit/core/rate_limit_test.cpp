// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/rate_limit.hpp"

#include "support/cmocka.hpp"

using mqttsn::gateway::Instant;
using mqttsn::gateway::Millis;
using mqttsn::gateway::SmallBucket;
using mqttsn::gateway::SourceBuckets;
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

// Against the larger one, which is tested above: the same permits at the same times.
void small_bucket_gives_what_the_large_one_gives(void**) {
    for (const std::uint32_t rate : {1U, 3U, 10U, 999U, 1000000U}) {
        SmallBucket small;
        TokenBucket large(rate);
        std::int64_t ms = 4294967290;  // across the end of its 32 bits
        for (unsigned step = 0; step < 3000; ++step) {
            ms += step % 7 == 0 ? 400 : step % 3;
            assert_int_equal(small.take(rate, at(ms)), large.take(at(ms)));
        }
    }
}

void small_bucket_of_zero_is_no_limit(void**) {
    SmallBucket bucket;
    for (unsigned i = 0; i < 1000; ++i) {
        assert_true(bucket.take(0, at(5)));
    }
}

// FAULT-17: what one source uses up is not missing for another.
void sources_have_buckets_of_their_own(void**) {
    SourceBuckets buckets(3);
    for (unsigned i = 0; i < 10; ++i) {
        assert_int_equal(buckets.take(7, at(1)), i < 3);
    }
    assert_true(buckets.take(8, at(1)));
    assert_true(buckets.take(7, at(1001)));
    SourceBuckets none(0);
    for (unsigned i = 0; i < 10; ++i) {
        assert_true(none.take(7, at(1)));
    }
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
        cmocka_unit_test(small_bucket_gives_what_the_large_one_gives),
        cmocka_unit_test(small_bucket_of_zero_is_no_limit),
        cmocka_unit_test(sources_have_buckets_of_their_own),
        cmocka_unit_test(a_source_gets_one_answer_a_second),
        cmocka_unit_test(first_answer_is_never_refused),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
