// SPDX-License-Identifier: BSD-3-Clause
//
// Topic names and filters: validity (MQTT 3.1.1 sections 1.5.3 and 4.7), matching, short names (SN12-81).
// All functions are pure, iterative and linear in the length of what they are given.
#ifndef MQTTSN_TOPIC_HPP
#define MQTTSN_TOPIC_HPP

#include "mqttsn/wire.hpp"

namespace mqttsn {

constexpr size_t kTopicOctetsMax = 65535;
/// More levels than this are refused: brokers close the connection of whoever sends them (mosquitto: 200).
constexpr size_t kTopicLevelsMax = 128;

/// Well-formed UTF-8 without U+0000, surrogates, overlong forms or anything above U+10FFFF
/// (MQTT-1.5.3-1, -2). Control characters and noncharacters pass, because MQTT only advises against them; but
/// mosquitto closes the connection of whoever sends one in a topic or a client id.
bool utf8_valid(Bytes text);

/// A name one can publish to: 1..65535 octets, UTF-8, no '+' or '#', at most kTopicLevelsMax levels.
bool topic_name_valid(Bytes name);
/// A filter one can subscribe to: as a name, with '+' as a whole level and '#' as the whole last level.
bool topic_filter_valid(Bytes filter);
/// Holds '+' or '#' (for a valid filter: matches more than one name).
bool filter_has_wildcard(Bytes filter);
/// MQTT-4.7: a wildcard in the first level never matches a name that starts with '$'; "a/#" matches "a".
/// Both arguments must be valid; with others the answer means nothing, but nothing outside them is read.
bool topic_matches(Bytes filter, Bytes name);

/// A short topic name is two octets carried in the TopicId field (SN12-25, SN12-81).
struct ShortName {
    uint8_t octets[2];
    Bytes bytes() const { return Bytes{octets, 2}; }
};
ShortName short_name_of(uint16_t topic_id);
/// `name` must have two octets.
uint16_t topic_id_of_short_name(Bytes name);

}  // namespace mqttsn

#endif
