// SPDX-License-Identifier: BSD-3-Clause
//
// Topic names and filters of MQTT 3.1.1 (sections 1.5.3 and 4.7) for the model broker: what is valid, what
// matches. On purpose not the code of common/mqttsn/topic, which it helps to test. Pure functions, any
// thread.
#ifndef TESTS_SIM_MODEL_BROKER_TOPICS_HPP
#define TESTS_SIM_MODEL_BROKER_TOPICS_HPP

#include <string_view>

namespace mqttsn::sim {

/// What is wrong with the name of a PUBLISH: empty, too long, not UTF-8, U+0000, a wildcard. nullptr =
/// nothing.
const char* fault_of_topic_name(std::string_view name);

/// What is wrong with the filter of a SUBSCRIBE: as above, but wildcards may stand where section 4.7.1 lets
/// them. nullptr = nothing.
const char* fault_of_topic_filter(std::string_view filter);

/// Does a valid filter match a valid name? A leading wildcard matches no name that begins with `$`
/// (section 4.7.2).
bool filter_matches(std::string_view filter, std::string_view name);

/// Well-formed UTF-8 by section 1.5.3: no overlong form, no surrogate, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace mqttsn::sim

#endif
