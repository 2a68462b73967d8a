// SPDX-License-Identifier: BSD-3-Clause
#include <vector>

#include "fuzz/targets.hpp"
#include "mqttsn/topic.hpp"

using mqttsn::Bytes;
using mqttsn::topic_matches;

void fuzz_topic(const std::uint8_t* data, std::size_t size) {
    std::size_t split = 0;
    while (split < size && data[split] != 0) {
        ++split;
    }
    const std::vector<std::uint8_t> first(data, data + split);
    const std::vector<std::uint8_t> second(data + (split < size ? split + 1 : size), data + size);
    const Bytes filter{first.data(), first.size()};
    const Bytes name{second.data(), second.size()};

    const bool matched = topic_matches(filter, name);
    if (topic_name_valid(name)) {
        FUZZ_CHECK(utf8_valid(name) && topic_filter_valid(name) && !filter_has_wildcard(name));
        FUZZ_CHECK(topic_matches(name, name));
        FUZZ_CHECK(topic_matches(mqttsn::bytes_of("#"), name) == (name[0] != '$'));
    }
    if (topic_filter_valid(filter)) {
        FUZZ_CHECK(utf8_valid(filter));
        FUZZ_CHECK(topic_name_valid(filter) == !filter_has_wildcard(filter));
        // Without a wildcard, matching is equality.
        FUZZ_CHECK(filter_has_wildcard(filter) || matched == equal(filter, name));
    }
}
