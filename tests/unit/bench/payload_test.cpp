// SPDX-License-Identifier: BSD-3-Clause
#include "bench/payload.hpp"

#include <vector>

#include "support/cmocka.hpp"

namespace {

using namespace mqttsn::load;
using mqttsn::Bytes;
using Octets = std::vector<std::uint8_t>;

constexpr std::uint32_t kRun = 0xA1B2C3D4;

Octets written(const Stamp& stamp, std::size_t size) {
    Octets octets(size);
    write_payload(stamp, octets.data(), size);
    return octets;
}

PayloadCheck check(const Octets& octets, std::size_t size) {
    Stamp stamp;
    return read_payload(Bytes{octets.data(), octets.size()}, kRun, size, stamp);
}

void what_was_written_is_read_at_every_size(void**) {
    for (std::size_t size = kPayloadOctetsMin; size <= 300; ++size) {
        const Stamp in{kRun, 7, 0xFFFFFFFF, 123456789012345};
        const Octets octets = written(in, size);
        Stamp out;
        assert_true(read_payload(Bytes{octets.data(), size}, kRun, size, out) == PayloadCheck::intact);
        assert_int_equal(out.run, in.run);
        assert_int_equal(out.stream, in.stream);
        assert_int_equal(out.sequence, in.sequence);
        assert_int_equal(out.sent_ns, in.sent_ns);
    }
}

// Also in the run id: a damaged message is never taken for one of another run.
void every_flipped_bit_is_damage(void**) {
    for (const std::size_t size : {std::size_t{24}, std::size_t{32}, std::size_t{41}}) {
        Octets octets = written({kRun, 3, 99, 1'000'000'007}, size);
        for (std::size_t bit = 0; bit < size * 8; ++bit) {
            const auto flip = static_cast<std::uint8_t>(1U << (bit % 8));
            octets[bit / 8] ^= flip;
            assert_true(check(octets, size) == PayloadCheck::damaged);
            octets[bit / 8] ^= flip;
        }
        assert_true(check(octets, size) == PayloadCheck::intact);
    }
}

void a_payload_cut_or_prolonged_is_damaged(void**) {
    const Octets octets = written({kRun, 0, 1, 2}, 64);
    for (std::size_t size = 0; size < 64; ++size) {
        assert_true(check(Octets(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size)), 64) ==
                    PayloadCheck::damaged);
    }
    Octets longer = octets;
    longer.insert(longer.end(), 2, 0);
    assert_true(check(longer, 64) == PayloadCheck::damaged);
}

void a_whole_payload_of_another_size_is_damaged(void**) {
    assert_true(check(written({kRun, 0, 1, 2}, 40), 32) == PayloadCheck::damaged);
}

void a_whole_payload_of_another_run_is_foreign(void**) {
    assert_true(check(written({kRun + 1, 0, 1, 2}, 32), 32) == PayloadCheck::foreign);
    assert_true(check(written({kRun + 1, 0, 1, 2}, 48), 32) == PayloadCheck::foreign);
}

void the_fill_of_another_message_is_damage(void**) {
    Octets one = written({kRun, 5, 10, 1000}, 64);
    const Octets other = written({kRun, 5, 11, 1000}, 64);
    std::copy(other.begin() + kPayloadOctetsMin, other.end(), one.begin() + kPayloadOctetsMin);
    assert_true(check(one, 64) == PayloadCheck::damaged);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_at_every_size),
        cmocka_unit_test(every_flipped_bit_is_damage),
        cmocka_unit_test(a_payload_cut_or_prolonged_is_damaged),
        cmocka_unit_test(a_whole_payload_of_another_size_is_damaged),
        cmocka_unit_test(a_whole_payload_of_another_run_is_foreign),
        cmocka_unit_test(the_fill_of_another_message_is_damage),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
